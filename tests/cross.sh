#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds library, command, examples and tests for another processor, with warnings as errors, in
# build/cross/ARCHITECTURE, and runs the tests of the lowest layers if there is an emulator.
#
#   ./tests/cross.sh ARCHITECTURE [TARGET...]     such as: ./tests/cross.sh arm64
#
# The architecture has Debian's name. What is missing of compiler and emulator is installed with
# apt, if this is run as root. The libraries for that processor are unpacked in
# build/cross/ARCHITECTURE/root: nothing else on this machine learns of a second architecture.
# Exit status 77: such a build is not possible here, and a line says why.
set -eu
cd "$(dirname "$0")/.."
. cmake/packages.sh

arch=${1:?which architecture, such as arm64}
shift
case $arch in
    arm64) triple=aarch64-linux-gnu ;;
    ppc64el) triple=powerpc64le-linux-gnu ;;
    riscv64) triple=riscv64-linux-gnu ;;
    *) triple=$arch-linux-gnu ;;
esac
cross=$PWD/build/cross/$arch
# What these tests need is emulated well. Processes of a pool are not, nor are large mappings: an
# arena's takes all memory of the machine.
tests=(base/error base/parse base/settings launch/footprint sched/policy sched/tiling)

cross_skip() {
    echo "No build for $arch: $1" >&2
    exit 77
}

# apt as that machine would have it, with lists and state of its own.
cross_apt() {
    apt-get -q -o APT::Architecture="$arch" -o APT::Architectures="$arch" \
        -o Dir::State="$cross/apt" -o Dir::State::status="$cross/apt/status" \
        -o Dir::Cache="$cross/apt" -o Acquire::Languages=none -o Acquire::Retries=2 \
        -o APT::Sandbox::User="$(id -un)" -o DPkg::Post-Invoke= "$@"
}

# Absolute links would lead to this machine's own libraries.
cross_link_within() {
    local link
    find "$1" -lname '/*' | while IFS= read -r link; do
        ln -snf "$1$(readlink "$link")" "$link"
    done
}

cross_make_root() {
    local deb
    rm -rf "$cross/apt" "$cross/root.part"
    mkdir -p "$cross/apt/lists/partial" "$cross/apt/archives/partial" "$cross/root.part"
    : >"$cross/apt/status"
    cross_apt update && cross_apt install --download-only -y --no-install-recommends \
        libc6-dev libhwloc-dev libpng-dev libcmocka-dev opencl-c-headers || return 1
    for deb in "$cross"/apt/archives/{lib,linux-libc-dev,opencl,zlib}*.deb; do
        case $deb in */libperl*) continue ;; esac
        dpkg-deb -x "$deb" "$cross/root.part"
    done
    mv "$cross/root.part" "$cross/root"
    cross_link_within "$cross/root"
    rm -rf "$cross/apt"
}

yoke_has_commands apt-get dpkg-deb || cross_skip "this machine has no apt"
missing=()
yoke_has_commands "$triple-gcc" "$triple-g++" || missing+=("gcc-$triple" "g++-$triple")
yoke_has_commands "qemu-${triple%%-*}-static" || missing+=(qemu-user-static)
[ ${#missing[@]} -eq 0 ] || yoke_apt_install "${missing[@]}" >&2 || true
yoke_has_commands "$triple-gcc" || cross_skip "$triple-gcc is missing"
mkdir -p "$cross"
[ -d "$cross/root" ] || cross_make_root >"$cross/root.log" 2>&1 ||
    cross_skip "apt has no libraries for it; see $cross/root.log"

echo "== $arch: configuring and building in $cross/build"
log=$cross/build.log
if ! { cmake -S . -B "$cross/build" -DCMAKE_TOOLCHAIN_FILE=cmake/cross.cmake \
    -DYOKE_CROSS_TRIPLE="$triple" -DYOKE_CROSS_ROOT="$cross/root" -DYOKE_TESTS=ON \
    -DYOKE_EXAMPLES=ON -DYOKE_WERROR=ON -DYOKE_LTO=OFF \
    -DCMAKE_C_COMPILER_LAUNCHER="${CMAKE_C_COMPILER_LAUNCHER:-}" &&
    cmake --build "$cross/build" -j "$(nproc)" ${1:+--target "$@"}; } >"$log" 2>&1; then
    grep -E 'error|warning' "$log" >&2 || tail -n 60 "$log"
    echo "$arch: the build failed; all of it is in $log" >&2
    exit 1
fi
if ! yoke_has_commands "qemu-${triple%%-*}-static"; then
    echo "$arch: built; not tested, qemu-${triple%%-*}-static is missing"
    exit 0
fi
echo "== $arch: testing"
failed=0
passed=0
for name in "${tests[@]}"; do
    program=$cross/build/tests/bin/test_${name/\//_}
    [ -x "$program" ] || continue
    # Seconds of processor time: an emulator may hang.
    if ( ulimit -t 60 && exec "qemu-${triple%%-*}-static" -L "$cross/root" "$program" >"$cross/test.log" 2>&1 ); then
        passed=$((passed + 1))
    else
        cat "$cross/test.log"
        echo "$arch: $name failed" >&2
        failed=1
    fi
done
echo "$arch: built with warnings as errors; $passed tests passed"
exit $failed
