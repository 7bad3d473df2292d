#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# smoke.sh DRIVER: a short run must give a file of figures in the right shape, finite and
# positive, and a chart. What the figures are is nobody's business here.
set -eu

driver=$1
if [ ! -x "$driver" ]; then
    echo "The benchmark is not built (-DYOKE_BENCH=ON)"
    exit 77
fi

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
STARPU_HOME=$out "$driver" --quick --out "$out" \
    --only empty_warm --only saxpy_100k --only chunk

awk -F '\t' '
    function complain(text) {
        print "results.tsv:" NR ": " text ": " $0
        bad = 1
    }
    function is_figure(text) {
        return text ~ /^[0-9.]+(e[-+]?[0-9]+)?$/ && text + 0 > 0
    }
    NR == 1 {
        columns = NF
        if ($0 !~ "^metric\tyoke\tpeer\tpeer.s value\tunit\tratio\t") {
            complain("not the columns that are promised")
        }
        next
    }
    NF != columns { complain("not as many columns as names") }
    !is_figure($2) { complain("yoke has no figure") }
    $3 == "" || $5 == "" { complain("a name is missing") }
    $4 != "" || $6 != "" {
        if (!is_figure($4) || !is_figure($6)) complain("not a figure")
        else if ($6 - $4 / $2 > 0.001 * $6 || $4 / $2 - $6 > 0.001 * $6) {
            complain("the ratio is not that of the figures")
        }
        compared[$1]++
    }
    END {
        if (!compared["empty_warm"] || !compared["saxpy_100k"] || !compared["chunk"]) {
            complain("a metric has no peer")
        }
        exit bad
    }' "$out/results.tsv"

grep -q '</svg>' "$out/results.svg"
