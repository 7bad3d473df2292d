#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# embed.sh METHOD [CMAKE_ARGUMENTS]: builds, runs and installs a project that has the
# library's sources inside, by add_subdirectory or by FetchContent.
set -eu
method=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export YOKE_DEVICES=cpu

echo "== configure"
cmake -S "$here/embedded" -B "$work/build" -DMETHOD="$method" \
    -DYOKE_SOURCE="$(cd "$here/../.." && pwd)" -DCMAKE_INSTALL_LIBDIR=lib "$@"

echo "== no tests have come along"
ctest --test-dir "$work/build" -N | grep 'Total Tests: 0'

echo "== build"
cmake --build "$work/build" -j "$(nproc)" >"$work/build.log" 2>&1 ||
    { tail -n 40 "$work/build.log"; exit 1; }
"$work/build/consumer"

echo "== install"
cmake --install "$work/build" --prefix "$work/prefix" >"$work/install.log" ||
    { cat "$work/install.log"; exit 1; }
rm -r "$work/build"
"$work/prefix/bin/consumer"
