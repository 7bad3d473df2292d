#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_layers.sh [FOLDER]: reads the #include lines of the sources (FOLDER, default src)
# and fails on an upward include, on OpenCL outside src/device/opencl, and on headers for
# processes and memory outside src/sys.
set -eu
cd "${1:-$(dirname "$0")/../src}"

# Every source and header line with an include, as "FILE:LINE:<x.h>" or "FILE:LINE:"x.h"".
find . -name '*.[ch]' -printf '%P\n' | sort | xargs -r awk '
    /^[ \t]*#[ \t]*include/ {
        name = $0
        sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
        sub(/[>"][^>"]*$/, "&", name)
        match(name, /^[<"][^>"]*[>"]/)
        print FILENAME ":" FNR ":" substr(name, 1, RLENGTH)
    }' | awk -F: '
    BEGIN {
        count = split("base sys shared kernel device sched reduce pool api", names, " ")
        for (i = 1; i <= count; i++) level[names[i]] = i
        count = split("sys/mman.h sys/wait.h sched.h linux/futex.h sys/syscall.h " \
            "sys/prctl.h signal.h poll.h sys/eventfd.h sys/epoll.h sys/signalfd.h sys/pidfd.h " \
            "sys/resource.h spawn.h hwloc.h", names, " ")
        for (i = 1; i <= count; i++) system_header[names[i]] = 1
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
    layer == "cli" && (quoted || header ~ /^yoke\//) && target != "cli" && target != "yoke" {
        complain("is not public: the command uses only the public headers")
    }
    layer != "cli" && quoted && target != "yoke" {
        if (!slash) complain("must be written \"layer/file.h\"")
        else if (!(target in level)) complain("names no layer")
        else if (level[target] > level[layer]) complain("is a layer above " layer)
    }
    (header ~ /^CL\// || header ~ /^CL_/) && $1 !~ /^device\/opencl\// {
        complain("belongs under src/device/opencl")
    }
    header in system_header && layer != "sys" && layer != "cli" {
        complain("belongs under src/sys")
    }
    END { exit bad }'
