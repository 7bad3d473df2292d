#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_symbols.sh LIBRARY: what the shared library exports is yoke_* and nothing else,
# and all that the public headers declare.
set -eu
include=$(cd "$(dirname "$0")/../include" && pwd)
exported=$(nm -D --defined-only "$1" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort -u)
declared=$(cat "$include"/yoke/*.h | grep -A1 '^YOKE_API' |
    grep -o 'yoke_[a-z0-9_]*(' | tr -d '(' | sort -u)

extra=$(grep -v '^yoke_' <<<"$exported" || true)
undeclared=$(comm -23 <(grep '^yoke_' <<<"$exported") <(echo "$declared"))
missing=$(comm -13 <(echo "$exported") <(echo "$declared"))
[ -z "$extra" ] || echo "exported, but not yoke_*:" $extra >&2
[ -z "$undeclared" ] || echo "exported, but in no public header:" $undeclared >&2
[ -z "$missing" ] || echo "declared, but not exported:" $missing >&2
[ -z "$extra$undeclared$missing" ]
