#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A test's time limit: it ends what hangs, passes on how a test ended, and lasts longer beside
# other programs that want the processors.
set -eu
limited=$(dirname "${YOKE:?the command of the build}")/tests/bin/yoke_run_limited
spinners=()
trap '[ ${#spinners[@]} -eq 0 ] || kill "${spinners[@]}"' EXIT

# ends STATUS SECONDS COMMAND...
ends() {
    local expected=$1 status=0
    YOKE_TEST_LIMIT=$2 "$limited" "${@:3}" >"$log" 2>&1 || status=$?
    [ "$status" = "$expected" ] || {
        echo "${*:3}: status $status, not $expected" >&2
        cat "$log" >&2
        exit 1
    }
}

# What runs or waits for a processor, of the whole machine.
runnable() {
    local fields
    read -r -a fields </proc/loadavg
    echo "${fields[3]%/*}"
}

log=$(mktemp)
echo "== how it ends"
ends 0 60 true
ends 5 60 sh -c 'exit 5'
ends 139 60 sh -c 'kill -SEGV $$'
ends 127 60 /no/such/command

echo "== what hangs ends, with its children"
ends 1 0.1 sh -c 'echo $$; sleep 1000 & echo $!; wait'
grep -q 'not done after 0.1 s' "$log"
while read -r pid; do
    while [ -e "/proc/$pid" ] && ! grep -q '^State:.*Z' "/proc/$pid/status"; do
        sleep 0.01
    done
done < <(grep -E '^[0-9]+$' "$log")

echo "== beside four programs for each processor"
many=$((4 * $(getconf _NPROCESSORS_ONLN)))
for ((i = 0; i < many; i++)); do
    sh -c 'while :; do :; done' &
    spinners+=($!)
done
for ((i = 0; $(runnable) < many; i++)); do
    [ $i -lt 2000 ] || { echo "this machine does not count what is runnable" && exit 77; }
    sleep 0.01
done
ends 0 1 sleep 2
rm -f "$log"
