# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by examples/run, tests/run and bench/run: what has to be installed, and
# installing it.
#
#   yoke_require_packages build   to build and run the library and the examples
#   yoke_require_packages quick   for the tests of YOKE_TEST_QUICK as well
#   yoke_require_packages test    for the whole test suite
#   yoke_require_packages bench   for the benchmark, with the peers it measures
#
# On Debian and its like, what is missing is installed with apt (as root, or with sudo).
# Elsewhere nothing is installed: what is missing is named. The shell exits with status 1
# if something necessary is not there in the end.

# group | necessity | Debian's name | what it is | how to tell that it is there
yoke_package_table='
build|required|build-essential|C and C++ compiler, make|yoke_has_commands cc c++ make
build|required|cmake|CMake 3.20 or later|yoke_has_commands cmake
build|required|pkg-config|pkg-config|yoke_has_commands pkg-config
build|required|libhwloc-dev|hwloc 2, with headers|pkg-config --exists hwloc
build|required|libpng-dev|libpng 1.6, with headers|pkg-config --exists libpng
build|optional|libzip-dev|libzip, for .npz files of yoke run|pkg-config --exists libzip
build|required|opencl-c-headers|OpenCL C API headers|yoke_has_header CL/cl.h
build|optional|ocl-icd-libopencl1|OpenCL loader (libOpenCL.so.1)|yoke_has_library libOpenCL.so.1
build|optional|pocl-opencl-icd|PoCL, OpenCL on the CPU|yoke_has_driver pocl
quick|required|libcmocka-dev|cmocka, with headers|pkg-config --exists cmocka
quick|required|binutils|nm and readelf|yoke_has_commands nm readelf
test|required|libcmocka-dev|cmocka, with headers|pkg-config --exists cmocka
test|required|binutils|nm and readelf|yoke_has_commands nm readelf
test|optional|abigail-tools|abidw and abidiff, for build/abi|yoke_has_commands abidw abidiff
test|required|clang|clang, the second compiler|yoke_has_commands clang
test|optional|llvm|names in sanitizer reports|yoke_has_commands llvm-symbolizer
test|required|python3|Python 3|yoke_has_commands python3
test|required|python3-numpy|numpy|yoke_has_numpy
test|optional|mesa-opencl-icd|rusticl, a third OpenCL|yoke_has_driver rusticl
test|optional|oclgrind|Oclgrind, checks kernels for races|yoke_has_commands oclgrind
test|optional|valgrind|valgrind, under which a pool has to work|yoke_has_commands valgrind
test|optional|libopenblas0-pthread|OpenBLAS, as native functions use it|yoke_has_library libopenblas.so.0
bench|required|gcc|gcc, with OpenMP|yoke_has_commands gcc
bench|optional|libstarpu-dev|StarPU 1.3, a peer|pkg-config --exists starpu-1.3
bench|optional|python3|Python 3, a peer|yoke_has_commands python3
bench|optional|python3-numpy|numpy, for Python|yoke_has_numpy
bench|optional|valgrind|valgrind, to count instructions|yoke_has_commands valgrind
'

yoke_has_commands() {
    local name
    for name in "$@"; do
        command -v "$name" >/dev/null || return 1
    done
}

yoke_has_header() {
    echo "#include <$1>" | cc -fsyntax-only -x c - 2>/dev/null
}

yoke_has_library() {
    PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | grep "$1" >/dev/null
}

yoke_has_driver() {
    local file
    for file in /etc/OpenCL/vendors/*"$1"*.icd; do
        [ -e "$file" ] && return 0
    done
    return 1
}

yoke_has_numpy() {
    local python
    for python in /usr/bin/python3 python3; do
        "$python" -c 'import numpy' 2>/dev/null && return 0
    done
    return 1
}

# Rows "necessity|name|purpose" of a group, and of what is needed to build, that are not
# there.
yoke_missing() {
    local group necessity name purpose probe
    while IFS='|' read -r group necessity name purpose probe; do
        [ -n "$group" ] || continue
        [ "$group" = build ] || [ "$group" = "$1" ] || continue
        $probe >/dev/null 2>&1 || echo "$necessity|$name|$purpose"
    done <<<"$yoke_package_table"
}

yoke_as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# apt-get, once other programs have given back its locks: a freshly booted machine often updates
# itself. apt can wait for the lock on packages, but not for the one on its lists.
yoke_apt_get() {
    local errors result=0 until=$((SECONDS + 600))
    errors=$(mktemp)
    while :; do
        result=0
        yoke_as_root env LC_ALL=C DEBIAN_FRONTEND=noninteractive \
            apt-get -q -o DPkg::Lock::Timeout=600 "$@" 2>"$errors" || result=$?
        if [ $result -eq 0 ] || [ $SECONDS -ge $until ] || ! grep -q 'not get lock' "$errors"; then
            break
        fi
        echo "Waiting for another program that uses apt" >&2
        sleep 2
    done
    cat "$errors" >&2
    rm -f "$errors"
    return $result
}

# Installs the packages named; leaves out those that this release does not have.
yoke_apt_install() {
    local name names=()
    if [ "$(id -u)" -ne 0 ] && ! yoke_has_commands sudo; then
        echo "Neither root nor sudo: as root, run  apt-get install $*" >&2
        return 1
    fi
    echo "== Installing with apt: $*"
    yoke_apt_get update || echo "apt-get update failed; trying all the same" >&2
    for name in "$@"; do
        if apt-cache show "$name" >/dev/null 2>&1; then
            names+=("$name")
        else
            echo "$name is not to be had from apt here" >&2
        fi
    done
    [ ${#names[@]} -eq 0 ] ||
        yoke_apt_get install -y --no-install-recommends "${names[@]}"
}

# clang's sanitizers are a package of their own whose name has clang's version in it.
yoke_has_clang_sanitizers() {
    local out=0 file
    file=$(mktemp)
    echo 'int main(void) { return 0; }' |
        clang -fsanitize=address,undefined -x c -o "$file" - 2>/dev/null || out=1
    rm -f "$file"
    return $out
}

yoke_require_packages() {
    local missing names
    missing=$(yoke_missing "$1")
    if yoke_has_commands apt-get dpkg-query; then
        names=$(cut -d'|' -f2 <<<"$missing")
        # shellcheck disable=SC2086
        [ -z "$names" ] || yoke_apt_install $names || true
        if [ "$1" = test ] && yoke_has_commands clang && ! yoke_has_clang_sanitizers; then
            yoke_apt_install "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev" || true
        fi
        missing=$(yoke_missing "$1")
    fi

    if [ -n "$missing" ]; then
        echo "Not installed:" >&2
        while IFS='|' read -r necessity name purpose; do
            echo "  $purpose ($necessity; Debian's package: $name)" >&2
        done <<<"$missing"
    fi
    if grep -q '^required' <<<"$missing"; then
        echo "Please install what is required by hand, then run this again." >&2
        exit 1
    fi
    return 0
}
