#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# describe.sh INCLUDE FILE: describes the binary interface that the headers in INCLUDE/yoke declare,
# for abidiff. The type of each function is the type of a variable of the same name with abi_ in
# front, so the description has what the headers have, and nothing of the library's insides or of
# how it was built.
set -eu
include=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

functions=$(cat "$include"/yoke/*.h | grep -A1 '^YOKE_API' |
    grep -o 'yoke_[a-z0-9_]*(' | tr -d '(' | LC_ALL=C sort -u)
types=$(sed -n 's/^} \(yoke_[a-z0-9_]*\);$/\1/p' "$include"/yoke/*.h | LC_ALL=C sort -u)
[ -n "$functions" ] && [ -n "$types" ]
{
    echo '#include <yoke/yoke.h>'
    for name in $functions; do
        echo "__typeof__(&$name) abi_$name;"
    done
    for name in $types; do
        [ "$name" = yoke_opencl ] || echo "$name *abi_type_$name;"
    done
} >"$work/interface.c"
case $include in /*) ;; *) include=$PWD/$include ;; esac
(cd "$work" && gcc -std=c11 -g -gdwarf-4 -O0 -fPIC -shared -nostdlib -I "$include" \
    -Wl,-soname,libyoke.so -o interface.so interface.c)
abidw --no-show-locs --no-comp-dir-path --no-corpus-path --no-architecture \
    --out-file "$2" "$work/interface.so"
