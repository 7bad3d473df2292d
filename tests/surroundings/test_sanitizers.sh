#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Programs that are built with sanitizers and use the library as it is installed: forked and
# spawned, with and without other threads.
set -eu
build=$(pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "$build/sanitizers.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
if nm -D "$build/libyoke.so" | grep -q __asan_init; then
    echo "the library has a sanitizer itself"
    exit 77
fi

built=0
compile() { # COMPILER FLAGS...; false: it has no such sanitizer
    local compiler=$1
    shift
    rm -f program
    command -v "$compiler" > /dev/null || return 1
    "$compiler" -std=gnu11 -g -I"$YOKE_SOURCE/include" "$@" "$here/programs/pools.c" \
        -o program -L"$build" -lyoke -Wl,-rpath,"$build" -lpthread 2> log || return 1
    built=$((built + 1))
}

expect() { # EXPECTED METHOD THREADS
    local got
    got=$(./program "$2" "$3" 2>&1) || true
    [[ $got == *"$1"* ]] ||
        { echo "$name, $2, threads $3: \"$got\", not \"$1\"" >&2; exit 1; }
}

for name in "gcc -fsanitize=address,undefined" "gcc -fsanitize=leak" \
        "clang -fsanitize=address -shared-libsan"; do
    compile $name || { echo "left out: $name"; continue; }
    if [[ $name == *shared-libsan ]]; then
        folder=$(dirname "$(clang -print-file-name="libclang_rt.asan-$(uname -m).so")")
        export LD_LIBRARY_PATH=$folder
    fi
    expect fine fork 1
    expect fine spawn 0
done
unset LD_LIBRARY_PATH

for name in "gcc -fsanitize=thread" "clang -fsanitize=thread"; do
    compile $name || { echo "left out: $name"; continue; }
    expect fine fork 1
    expect fine fork 2 # SIGCHLD is handled, so the supervisor is forked in another way
    expect "with them a pool is forked" spawn 0
done

[ $built -gt 0 ] || { echo "no compiler has a sanitizer"; exit 77; }
