#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `yoke bench` from outside. YOKE is the command to test.
set -u
YOKE=${YOKE:?the command to test}
failures=0

fail() {
    echo "$*" >&2
    failures=$((failures + 1))
}

# expect STATUS WORDS ARGUMENTS...: how it ends, and what it says.
expect() {
    local wanted=$1 words=$2 said status=0
    shift 2
    said=$("$YOKE" bench "$@" 2>&1) || status=$?
    [ "$status" = "$wanted" ] || fail "bench $*: ended with $status, not $wanted: $said"
    grep -qF -- "$words" <<<"$said" || fail "bench $*: does not say '$words': $said"
}

expect 0 'usage: yoke bench --break-even' --help
expect 2 'say what to measure'
expect 2 'unexpected argument' --break-even now
expect 2 "See 'yoke bench --help'" --break-evens
expect 1 'nonsense' --break-even --devices nonsense

# Numbers depend on the machine: that there are some, and that they make sense.
table=$("$YOKE" bench --break-even --devices cpu --tsv) || fail "it fails"
awk -F '\t' '
    NR == 1 { if ($0 != "WORK\tWHEN\tITEMS\tLOOP\tPOOL") exit 1; next }
    NF != 5 { exit 1 }
    $2 != (NR % 2 == 0 ? "at once" : "rested") { exit 1 }
    $3 > 0 && !($5 > 0 && $5 < $4) { exit 1 }
    END { if (NR != 11) exit 1 }' <<<"$table" || fail "not a table: $table"

status=0
said=$("$YOKE" bench --break-even --devices cpu --tsv 2>&1 > /dev/full) || status=$?
[ "$status" = 1 ] || fail "> /dev/full: ended with $status, not 1"
grep -q 'standard output: No space left' <<<"$said" || fail "> /dev/full: says '$said'"

[ $failures = 0 ] && echo "all right"
exit $((failures > 0))
