#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every public header compiles alone, as C and as C++, without a warning, and its comments
# describe the parameters there are. Uses those of gcc and clang that are installed.
set -eu
include=$(cd "$(dirname "$0")/../include" && pwd)
failed=0
checked=0

check() { # HEADER COMPILER FLAGS...
    local header=$1 compiler=$2
    shift 2
    command -v "$compiler" >/dev/null || return 0
    checked=$((checked + 1))
    if ! echo "#include <yoke/$header>" |
            "$compiler" -fsyntax-only -I "$include" -Werror "$@" -; then
        echo "yoke/$header: $compiler $*" >&2
        failed=1
    fi
}

for path in "$include"/yoke/*.h; do
    header=$(basename "$path")
    if [ "$header" = opencl.h ] && [ ! -e /usr/include/CL/cl.h ]; then
        continue
    fi
    for compiler in gcc clang; do
        check "$header" $compiler -x c -std=c11 -Wall -Wextra -Wshadow -Wconversion \
            -Wstrict-prototypes -pedantic
    done
    check "$header" clang -x c -std=c11 -Wdocumentation
    [ "$header" != clc.h ] || continue # it refuses C++
    for compiler in g++ clang++; do
        check "$header" $compiler -x c++ -std=c++17 -Wall -Wextra -Wshadow -pedantic
    done
done
# A field that is appended to a struct with padding at its end may lie in this padding. Then the size
# of the struct does not show that the field is new, and older programs pass any bytes there.
if command -v gcc >/dev/null && [ "$(uname -m)" = x86_64 ]; then
    padded=$(echo '#include <yoke/yoke.h>' |
        gcc -fsyntax-only -x c -std=c11 -Wpadded -I "$include" - 2>&1 |
        grep 'padding struct size' || true)
    if [ -n "$padded" ]; then
        printf '%s\n' "$padded" "structs of the interface end without padding: add" \
            "unsigned char reserved[N], or change N" >&2
        failed=1
    fi
fi
if [ "$checked" -eq 0 ]; then
    echo "no compiler found" >&2
    exit 77
fi
exit "$failed"
