#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# bare.sh [CMAKE_ARGUMENTS]: configures on machines that lack something. What is not there is
# left out and named; it is an error if it was asked for, or if the library needs it.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
common=("$@")
failed=0

complain() {
    echo "$*" >&2
    sed 's/^/    /' "$work/log" >&2
    failed=1
}

# A pkg-config that knows only hwloc and what that needs.
only_hwloc() {
    local name=$1 required folder
    folder=$(pkg-config --variable=pcfiledir "$name")
    cp "$folder/$name.pc" "$work/pc/"
    for required in $(pkg-config --print-requires --print-requires-private "$name" |
        sed 's/[ <>=].*//'); do
        [ -e "$work/pc/$required.pc" ] || only_hwloc "$required"
    done
}
mkdir "$work/pc" "$work/none"
only_hwloc hwloc
bare=(-DCMAKE_DISABLE_FIND_PACKAGE_PNG=ON -DCMAKE_CXX_COMPILER=NOTFOUND)

# configure STATUS FOLDER ARGUMENTS: the log has it on one line for each text, unwrapped.
configure() {
    local expected=$1 build=$work/$2 status=0
    shift 2
    cmake -S "$root" -B "$build" "${common[@]}" "$@" >"$work/raw" 2>&1 || status=1
    tr -s ' \n' ' ' <"$work/raw" | sed 's/ -- /\n-- /g' >"$work/log"
    [ "$status" = "$expected" ] || complain "cmake $* gives $status"
}

says() {
    grep -qF -- "$1" "$work/log" || complain "no such text: $1"
}

# targets FOLDER PATTERN: how many targets there are of that name.
targets() {
    cmake --build "$work/$1" --target help | grep -cE "^(\.\.\. )?$2" || true
}

# has FOLDER PATTERN YES_OR_NO
has() {
    local count
    count=$(targets "$1" "$2")
    { [ "$count" -gt 0 ] && [ "$3" = yes ]; } || { [ "$count" = 0 ] && [ "$3" = no ]; } ||
        complain "$1: $count targets are called $2"
}

cmocka="cmocka is missing (Debian, Ubuntu: apt install libcmocka-dev)"
png="libpng is missing (Debian, Ubuntu: apt install libpng-dev)"

echo "== nothing but the library's needs"
for again in 1 2; do
    PKG_CONFIG_LIBDIR=$work/pc configure 0 bare "${bare[@]}"
    says "-- tests: not built, $cmocka"
    says "-- examples: not built, $png"
done
has bare 'yoke($|:)' yes
has bare 'yoke_command' yes
has bare '(test|example|bench)_' no

echo "== what is asked for"
PKG_CONFIG_LIBDIR=$work/pc configure 1 asked_tests "${bare[@]}" -DYOKE_TESTS=ON
says "tests: YOKE_TESTS is ON, but $cmocka"
PKG_CONFIG_LIBDIR=$work/pc configure 1 asked_examples "${bare[@]}" -DYOKE_EXAMPLES=ON
says "examples: YOKE_EXAMPLES is ON, but $png"

echo "== tests that are not wanted"
configure 0 off -DBUILD_TESTING=OFF "${bare[@]}"
says "-- tests: not built, BUILD_TESTING is OFF"
has off 'test_' no
configure 0 off_too -DYOKE_TESTS=OFF -DYOKE_EXAMPLES=OFF
says "-- tests: not built, YOKE_TESTS is OFF"
has off_too '(test|example)_' no

echo "== tests without libpng and C++"
if pkg-config --exists cmocka; then
    configure 0 tests "${bare[@]}"
    says "-- tests: built"
    says "-- tests: calls/exceptions is not built, a C++ compiler is missing"
    has tests 'test_samples_' yes
    has tests 'example_' no
    configure 0 no_samples "${bare[@]}" -DYOKE_EXAMPLES=OFF -DBUILD_TESTING=OFF -DYOKE_TESTS=ON
    says "-- tests: tests/samples is not built"
    has no_samples 'test_api_' yes
fi

echo "== without what the library needs"
PKG_CONFIG_LIBDIR=$work/none configure 1 no_hwloc -DYOKE_OPENCL_INCLUDE_DIR=
says "hwloc 2 is missing (Debian, Ubuntu: apt install libhwloc-dev)"
says "<CL/cl.h> is missing (Debian, Ubuntu: apt install opencl-c-headers)"
configure 1 no_pkg_config -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON
says "pkg-config is missing (Debian, Ubuntu: apt install pkg-config)"

exit $failed
