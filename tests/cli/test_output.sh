#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Output that cannot be written: a full device, a reader that is gone, a stream that is closed.
# It is a failure that is said, and results are complete all the same. YOKE is the command to
# test.
set -u
YOKE=${YOKE:?the command to test}
[ -c /dev/full ] || exit 77

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
export YOKE_DEVICES=cpu
failures=0

cat > k.cl <<'CL'
__kernel void silent(__global int *x) { x[get_global_id(0)] = get_global_id(0); }
__kernel void prints(__global int *x)
{
    int i = get_global_id(0);
    x[i] = i;
    printf("item %d of a kernel that prints\n", i);
}
CL

fail()
{
    failures=$((failures + 1))
    echo "FAILED: $*"
}

# said STATUS WANTED WORDS WHAT: how a command ended, and what it said on standard error.
said()
{
    [ "$1" = "$2" ] || fail "$4: ended with $1, not $2: $(cat err)"
    if [ -n "$3" ]; then
        grep -qF -- "$3" err || fail "$4: does not say '$3': $(cat err)"
    elif [ -s err ]; then
        fail "$4: says something: $(cat err)"
    fi
}

# unwritable COMMAND...: it prints, and what it prints cannot be written.
unwritable()
{
    "$YOKE" "$@" > /dev/full 2> err
    said $? 1 'standard output: No space left on device' "$* > /dev/full"
    "$YOKE" "$@" 2> err >&-
    said $? 1 'standard output: Bad file descriptor' "$* >&-"
    : > err
    "$YOKE" "$@" > out 2>&-
    said $? 0 '' "$* 2>&-" < /dev/null
    [ -s out ] || fail "$* 2>&- prints nothing"
    "$YOKE" "$@" > out 2> err <&-
    said $? 0 '' "$* <&-"
    exec 3> >(exit 0)
    wait $! # the reader is gone
    "$YOKE" "$@" 2> err >&3 3>&-
    said $? 1 'standard output: Broken pipe' "$* without a reader"
    exec 3>&-
}

echo "-- commands"
unwritable --help
unwritable --version
unwritable run --help
unwritable devices --help
unwritable bench --help
unwritable devices --devices cpu
"$YOKE" frobnicate > /dev/full 2> err
said $? 2 'no command' 'frobnicate > /dev/full'

echo "-- a pool that reports a failure at its end"
YOKE_TRACE=/dev/full "$YOKE" devices --devices cpu > out 2> err
said $? 1 '/dev/full' 'devices with YOKE_TRACE=/dev/full'

if ! "$YOKE" run -q k.cl silent --range 5000 out:right.npy:int32:5000 2> err; then
    if ! "$YOKE" devices --tsv | grep -q '^opencl'; then
        echo "no OpenCL driver: the rest is skipped"
        [ $failures = 0 ] && exit 77 || exit 1
    fi
    cat err
    exit 1
fi

# complete WHAT: the result is there, is right, and nothing was printed into it.
complete()
{
    cmp -s x.npy right.npy || fail "$*: the result is not there or not right"
    rm -f x.npy
    [ -z "$(find . -name '.yoke-*')" ] || fail "$*: a temporary file is left"
}

for start in fork spawn; do
    export YOKE_START=$start
    for kernel in silent prints; do
        echo "-- run, $start, $kernel"
        run="run k.cl $kernel --range 5000 out:x.npy:int32:5000"
        # shellcheck disable=SC2086
        {
            "$YOKE" $run 2> err
            echo $? > status
        } | head -1 > out
        if [ $kernel = prints ]; then # a summary that fits is read before the reader ends
            said "$(cat status)" 1 'standard output: Broken pipe' "$start $kernel | head -1"
            [ "$(wc -l < out)" = 1 ] || fail "$start $kernel | head -1: no line came"
        fi
        complete "$start $kernel | head -1"
        # shellcheck disable=SC2086
        "$YOKE" $run > /dev/full 2> err
        said $? 1 'standard output: No space left on device' "$start $kernel > /dev/full"
        complete "$start $kernel > /dev/full"
        # shellcheck disable=SC2086
        "$YOKE" $run 2> err >&-
        said $? 1 'standard output: Bad file descriptor' "$start $kernel >&-"
        complete "$start $kernel >&-"
        # shellcheck disable=SC2086
        "$YOKE" $run > out 2>&- <&-
        complete "$start $kernel with standard output alone"
        grep -q 'wrote' out || fail "$start $kernel with standard output alone: no summary"
    done
    "$YOKE" run -q k.cl silent --range 5000 out:x.npy:int32:5000 > /dev/full 2> err
    said $? 0 '' "$start: --quiet > /dev/full"
    complete "$start: --quiet > /dev/full"
done

if [ $failures != 0 ]; then
    echo "$failures failed"
    exit 1
fi
echo "all right"
