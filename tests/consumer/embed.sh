#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# embed.sh [CMAKE_ARGUMENTS]: builds, runs and installs a project that has the library's sources
# inside, by add_subdirectory and by FetchContent. Both use one build folder: the library is compiled
# once, and not optimized.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export YOKE_DEVICES=cpu

# build LOG: the program of the project, and what it needs.
build() {
    cmake --build "$work/build" -j "$(nproc)" --target consumer >"$1" 2>&1 ||
        { tail -n 40 "$1"; exit 1; }
}

for method in subdirectory fetch; do
    echo "== $method: configure"
    cmake -S "$here/embedded" -B "$work/build" -DMETHOD=$method -DCMAKE_C_FLAGS=-O0 \
        -DYOKE_SOURCE="$(cd "$here/../.." && pwd)" "$@"

    echo "== $method: no tests have come along, and no build type"
    ctest --test-dir "$work/build" -N | grep 'Total Tests: 0'
    grep -qx 'CMAKE_BUILD_TYPE:STRING=' "$work/build/CMakeCache.txt"

    echo "== $method: build"
    build "$work/$method.log"
    "$work/build/bin/consumer"
done
[ -e "$work/build/lib/libyoke.so" ] ||
    { echo "the library is not where the project has its libraries" >&2; exit 1; }
if grep 'Building C object yoke/' "$work/fetch.log"; then
    echo "compiled twice" >&2
    exit 1
fi

echo "== install what the program needs"
for component in Unspecified yoke_runtime; do
    cmake --install "$work/build" --prefix "$work/prefix" --component $component \
        >"$work/install.log" || { cat "$work/install.log"; exit 1; }
done
mv "$work/build" "$work/gone"
"$work/prefix/bin/consumer"
find "$work/prefix" -mindepth 1 ! -type d -printf '%P\n' | sort >"$work/installed"
if grep -vE '^(bin/consumer|lib/libyoke\.so\.[0-9.]+)$' "$work/installed"; then
    echo "more than the program and what it loads" >&2
    exit 1
fi

echo "== a project that wants nothing of it installed, and has a sanitizer"
cmake -S "$here/embedded" -B "$work/none" -DMETHOD=subdirectory -DYOKE_INSTALL=OFF -DSANITIZE=undefined \
    -DYOKE_SOURCE="$(cd "$here/../.." && pwd)" "$@" >"$work/none.log" ||
    { cat "$work/none.log"; exit 1; }
if grep -rl 'COMPONENT_[^"]*yoke_\|COMPONENT.*"yoke_' "$work/none" --include=cmake_install.cmake; then
    echo "YOKE_INSTALL=OFF installs" >&2
    exit 1
fi
