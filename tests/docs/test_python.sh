#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The examples that have a Python program beside them print what that prints.
set -eu
python=$(command -v /usr/bin/python3 || command -v python3) || exit 77
"$python" -c 'import numpy' 2>/dev/null || exit 77
built=$(dirname "$YOKE")/examples
[ -x "$built/tasks" ] || exit 77
failed=0

# same PATTERN NAME PYTHON_ARGUMENTS -- ARGUMENTS: the lines with the pattern are the same.
same() {
    local pattern=$1 name=$2 expected found
    local theirs=()
    shift 2
    while [ "$1" != -- ]; do
        theirs+=("$1")
        shift
    done
    shift
    expected=$("$python" "$YOKE_SOURCE/examples/$name.py" "${theirs[@]}" | grep "$pattern")
    found=$("$built/$name" "$@" | grep -v ^summary | grep "$pattern")
    if [ "$expected" != "$found" ] || [ -z "$found" ]; then
        printf '%s\n  in Python: %s\n  in C:      %s\n' "$name" "$expected" "$found" >&2
        failed=1
    fi
}

same primes tasks 100000 -- 100000
same vowels stream 20 -- 20
same set batch 30 3 -- 30 3
same deviation reduce 1000003 -- 1000003
same primes process 3 100000 -- --processes 3 --limit 100000
same primes consumers 2 2 100000 -- --producers 2 --consumers 2 --limit 100000
exit $failed
