#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh BUILD_DIR: installs the library to a temporary prefix and builds and runs the
# consumer against it, by find_package and by pkg-config, in C and in C++.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
export YOKE_DEVICES=cpu

command -v c++ >/dev/null || { echo "no C++ compiler"; exit 77; }

echo "== every inline function and macro of the headers is used"
headers=("$here"/../../include/yoke/*.h)
names=$(sed -nE \
    -e 's/^static inline [a-z_]+ \**(yoke_[a-z0-9_]+)\(.*/\1/p' \
    -e 's/^#define (yoke_[a-z0-9_]+|YOKE_[A-Z0-9_]+).*/\1/p' \
    -e 's/^YOKE_API .*[ *](yoke_[a-z0-9_]+)\(.*/\1/p' "${headers[@]}" |
    grep -vE '_sized$|_H$|^YOKE_(API|ARG_LIST|ARG_COUNT|STATUS_ENTRY)$' | sort -u)
for name in $names; do
    grep -qw "$name" "$here/consumer.c" || { echo "not used: $name" >&2; exit 1; }
done

echo "== install"
cmake --install "$build" --prefix "$prefix" >"$work/install.log" ||
    { cat "$work/install.log"; exit 1; }

echo "== what is there beside the library"
for file in share/doc/yoke/{LICENSE,README.md,docs/guide.md} include/yoke/yoke.h; do
    [ -s "$prefix/$file" ] || { echo "not installed: $file" >&2; exit 1; }
done

echo "== find_package"
cmake -S "$here" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" >"$work/configure.log" ||
    { cat "$work/configure.log"; exit 1; }
cmake --build "$work/build"
"$work/build/consumer_c"
"$work/build/consumer_cxx"

echo "== pkg-config"
pc=$(dirname "$(find "$prefix" -name yoke.pc)")
libdir=$(dirname "$pc")
export PKG_CONFIG_PATH=$pc
warnings="-Wall -Wextra -pedantic -Werror"
cc -std=c11 $warnings "$here/consumer.c" $(pkg-config --cflags --libs yoke) \
    -o "$work/pc_c"
c++ -std=c++17 $warnings "$here/consumer.cpp" $(pkg-config --cflags --libs yoke) \
    -o "$work/pc_cxx"
LD_LIBRARY_PATH=$libdir "$work/pc_c"
LD_LIBRARY_PATH=$libdir "$work/pc_cxx"
pkg-config --exists --print-errors "hwloc $(pkg-config --print-requires-private yoke)"

echo "== what a program loads"
readelf -d "$work/pc_c" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort >"$work/needed"
grep -vE '^(libyoke|libc)\.so' "$work/needed" && { echo "a surprise" >&2; exit 1; }
loaded=$(LD_LIBRARY_PATH=$libdir ldd "$work/pc_c")
if grep -E 'libOpenCL|libpocl|libLLVM|not found' <<<"$loaded"; then
    exit 1
fi

if [ -x "$prefix/bin/yoke" ]; then
    echo "== the installed command"
    "$prefix/bin/yoke" --version
fi
