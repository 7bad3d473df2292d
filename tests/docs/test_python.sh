#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The examples that have a Python program beside them print what that prints.
set -eu
python=$(command -v /usr/bin/python3 || command -v python3) || exit 77
"$python" -c 'import numpy' 2>/dev/null || exit 77
built=$(dirname "$YOKE")/examples
[ -x "$built/tasks" ] || exit 77
failed=0

# same LINES NAME PYTHON_ARGUMENTS -- ARGUMENTS: the first LINES lines are the same.
same() {
    local lines=$1 name=$2 expected found
    local theirs=()
    shift 2
    while [ "$1" != -- ]; do
        theirs+=("$1")
        shift
    done
    shift
    expected=$("$python" "$YOKE_SOURCE/examples/$name.py" "${theirs[@]}" | head -n "$lines")
    found=$("$built/$name" "$@" | head -n "$lines")
    if [ "$expected" != "$found" ] || [ -z "$found" ]; then
        printf '%s\n  in Python: %s\n  in C:      %s\n' "$name" "$expected" "$found" >&2
        failed=1
    fi
}

same 1 tasks 100000 -- 100000
same 1 stream 20 -- 20
same 1 reduce 1000003 -- 1000003
same 1 process 3 100000 -- --processes 3 --limit 100000
exit $failed
