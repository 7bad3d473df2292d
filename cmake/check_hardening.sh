#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_hardening.sh FILE FLAG...: whether a library or a program is hardened, by what readelf and
# objdump say of it. FLAG is STACK_PROTECTOR, FORTIFY, CET, BTI, relro, now or noexecstack: what the
# compiler and the linker that built it know. The C library's start files decide whether a file as a
# whole is marked for CET, so its own functions are what counts.
set -eu
file=$1
shift
headers=$(readelf -W -l "$file")
dynamic=$(readelf -W -d "$file")
symbols=$(readelf -W --dyn-syms "$file")

check() {
    if ! grep -qE "$3" <<<"$2"; then
        echo "$file: no $1: nothing like '$3'" >&2
        exit 1
    fi
}

# Whether many functions begin with a place that may be jumped to.
check_places() {
    local count
    count=$(objdump -d --no-show-raw-insn "$file" | grep -cE "$2") || true
    if [ "$count" -lt 20 ]; then
        echo "$file: no $1: $count places like '$2'" >&2
        exit 1
    fi
}

for flag in "$@"; do
    case $flag in
    STACK_PROTECTOR) check "$flag" "$symbols" ' __stack_chk_(fail|guard)' ;;
    FORTIFY) check "$flag" "$symbols" ' __[a-z]+_chk(@|$)' ;;
    CET) check_places "$flag" '\sendbr(32|64)' ;;
    BTI) check_places "$flag" '\s(bti|paciasp)' ;;
    relro) check "$flag" "$headers" '^ *GNU_RELRO' ;;
    now) check "$flag" "$dynamic" 'BIND_NOW|Flags:.* NOW' ;;
    noexecstack) check "$flag" "$headers" '^ *GNU_STACK .* RW ' ;;
    *)
        echo "$flag: unknown" >&2
        exit 1
        ;;
    esac
done
echo "$file has: $*"
