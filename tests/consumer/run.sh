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
    grep -qw "$name" "$here/consumer.c" "$here/consumer_clc.c" || { echo "not used: $name" >&2; exit 1; }
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
"$work/build/consumer_clc"

echo "== what clc.h refuses is refused in a sentence"
refused() { # TEXT_OF_C WORDS
    printf '#include <yoke/clc.h>\n%s\n' "$1" >"$work/refused.c"
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        if $compiler -std=c11 -fsyntax-only -I "$prefix/include" "$work/refused.c" 2>"$work/said"; then
            echo "$compiler compiles: $1" >&2
            exit 1
        fi
        grep -q "$2" "$work/said" || { cat "$work/said"; exit 1; }
    done
}
refused '__kernel void f(__local float *x) { x[0] = 0; }' 'yoke/clc.h: local memory is not supported'
refused 'void f(void) { barrier(CLK_LOCAL_MEM_FENCE); }' 'yoke/clc.h: barriers are not supported'
refused 'void f(__global int *x) { atomic_add(x, 1); }' 'yoke/clc.h: atomic functions'
refused 'uint f(uint x, int y) { return min(x, y); }' 'must have one type, as in OpenCL'
refused 'float4 f(float x) { return (float4)(sin(x), cos(x), x, x); }' 'error'
refused 'int4 f(int x) { return make_int4(x, x); }' 'make_int4() needs 4 components'
refused '__kernel void f(__global int *x) { x[0] = 0; }
YOKE_CLC_FUNCTION(f, g, __global float *)' 'these are not the types of the kernel'
if c++ -fsyntax-only -x c++ -I "$prefix/include" "$prefix/include/yoke/clc.h" 2>"$work/said"; then
    exit 1
fi
grep -q 'yoke/clc.h is for C, not for C++' "$work/said"

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
