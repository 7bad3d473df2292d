#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The public headers declare what tests/abi/libyoke.abi describes, and perhaps more: functions,
# enumerators, and fields at the end of structs may have been added. Exits with 77 if libabigail
# is not installed.
set -eu
cd "$(dirname "$0")/.."
for tool in abidw abidiff gcc; do
    command -v $tool >/dev/null || { echo "$tool is not installed" >&2; exit 77; }
done
now=$(mktemp)
trap 'rm -f "$now"' EXIT
tests/abi/describe.sh include "$now"
if ! abidiff --no-added-syms --suppressions tests/abi/grows.suppr tests/abi/libyoke.abi "$now"; then
    cat >&2 <<END
The public interface has changed in a way that breaks programs compiled with earlier headers.
docs/CONTRIBUTING.md ("The interface grows") says what may be added. If the change uses reserved
bytes, or nothing was released with the earlier interface, describe it anew:
tests/abi/describe.sh include tests/abi/libyoke.abi
END
    exit 1
fi
