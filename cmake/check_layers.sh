#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_layers.sh [FOLDER]: reads the #include lines of the sources (FOLDER, default src) and
# fails on
#   - an include of a layer above; the order is the list in src/CMakeLists.txt
#   - the application's side (pool, patterns, api) including a worker's or the supervisor's headers,
#     except for the one header of each that says how it is entered
#   - OpenCL outside src/driver and src/opencl
#   - headers for processes and memory outside src/sys
#   - a folder of more than 40 files, those of its own folders not counted
set -eu
order=$(sed -n '/^set(yoke_layers/,/)/p' "$(dirname "$0")/../src/CMakeLists.txt" |
    tr -d '()\n' | sed 's/^setyoke_layers//; s/  */ /g')
cd "${1:-$(dirname "$0")/../src}"

for folder in $(find . -mindepth 1 -type d -printf '%P\n' | sort); do
    count=$(find "$folder" -maxdepth 1 -type f | wc -l)
    if [ "$count" -gt 40 ]; then
        echo "src/$folder has $count files; 40 is the maximum"
        exit 1
    fi
done

# Every source and header line with an include, as "FILE:LINE:<x.h>" or "FILE:LINE:"x.h"".
find . -name '*.[ch]' -printf '%P\n' | sort | xargs -r awk '
    /^[ \t]*#[ \t]*include/ {
        name = $0
        sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
        sub(/[>"][^>"]*$/, "&", name)
        match(name, /^[<"][^>"]*[>"]/)
        print FILENAME ":" FNR ":" substr(name, 1, RLENGTH)
    }' | awk -F: -v order="$order" '
    BEGIN {
        count = split(order, names, " ")
        for (i = 1; i <= count; i++) level[names[i]] = i
        count = split("sys/mman.h sys/wait.h sched.h linux/futex.h sys/syscall.h " \
            "sys/prctl.h signal.h poll.h sys/eventfd.h sys/epoll.h sys/signalfd.h sys/pidfd.h " \
            "sys/resource.h spawn.h hwloc.h", names, " ")
        for (i = 1; i <= count; i++) system_header[names[i]] = 1
        count = split("worker/worker_main.h worker/helper.h supervisor/supervisor_main.h",
            names, " ")
        for (i = 1; i <= count; i++) entry[names[i]] = 1
    }
    function complain(text) {
        print "src/" $1 ":" $2 ": " $3 " " text
        bad = 1
    }
    {
        layer = $1
        sub(/\/.*/, "", layer)
        header = substr($3, 2, length($3) - 2)
        slash = index(header, "/")
        target = slash ? substr(header, 1, slash - 1) : ""
        quoted = substr($3, 1, 1) == "\""
    }
    !(layer in level) && layer != "cli" { complain("is in a folder that is no layer") }
    layer == "cli" && (quoted || header ~ /^yoke\//) && target != "cli" && target != "yoke" &&
        header != "base/settings_table.h" {
        complain("is not public: the command uses only the public headers")
    }
    layer != "cli" && quoted && target != "yoke" {
        if (!slash) complain("must be written \"layer/file.h\"")
        else if (!(target in level)) complain("names no layer")
        else if (level[target] > level[layer]) complain("is a layer above " layer)
        else if ((layer == "pool" || layer == "patterns" || layer == "api") &&
                 (target == "worker" || target == "supervisor") && !(header in entry))
            complain("is of another process: the application uses only its entry")
        else if (layer == "supervisor" && target == "worker" && !(header in entry))
            complain("is of another process: the supervisor uses only its entry")
    }
    (header ~ /^CL\// || header ~ /^CL_/) && layer != "driver" && layer != "opencl" {
        complain("belongs under src/driver or src/opencl")
    }
    header in system_header && layer != "sys" && layer != "cli" {
        complain("belongs under src/sys")
    }
    END { exit bad }'
