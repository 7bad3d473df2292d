#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Start methods in programs that are not like the tests: C++ with static objects, with and
# without PIE; Python, which loads the library late; a program whose file is deleted.
set -eu
build=$(pwd)
include=$YOKE_SOURCE/include
work=$(mktemp -d "$build/start_hosts.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
if nm -D "$build/libyoke.so" | grep -q __asan_init; then
    echo "the library needs its sanitizer's run-time in every host"
    exit 77
fi

cat > late.c <<'END'
/* A library that needs its constructor to have run. */
int late_value;
__attribute__((constructor)) static void set(void) { late_value = 5; }
END
cat > program.cpp <<'END'
#include <yoke/yoke.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>
extern "C" int late_value;
static int count;
struct counter { counter() { count++; } };
static counter one, two, three;
static const std::string text(100, 'x');
static int in_main;
static void tell(const yoke_span *span, void *const args[])
{
    uint32_t *out = static_cast<uint32_t *>(args[0]);
    for (size_t i = span->begin; i < span->end; i++)
        out[i] = static_cast<uint32_t>(count * 10000 + int(text.size()) * 10 + late_value);
}
int main(int argc, char **argv)
{
    yoke_pool *pool;
    yoke_kernel *kernel;
    yoke_pool_options options = yoke_pool_options();
    yoke_kernel_options what = yoke_kernel_options();
    in_main++;
    std::printf("main");          /* stays in the buffer: must come out once */
    if (argc > 2 && unlink(argv[0]) != 0) return 1;
    options.devices = "cpu:2";
    if (yoke_pool_create(&pool, &options) != YOKE_OK) {
        std::fprintf(stderr, "%s\n", yoke_pool_error(NULL));
        return 2;
    }
    uint32_t *out = static_cast<uint32_t *>(yoke_alloc(pool, 4000));
    what.native = tell;
    if (yoke_kernel_create(&kernel, pool, &what) != YOKE_OK ||
        yoke_map(pool, kernel, yoke_range_1d(1000), yoke_out(out, 4)) != YOKE_OK) {
        std::fprintf(stderr, "%s\n", yoke_pool_error(pool));
        return 3;
    }
    const uint32_t told = out[999];
    const yoke_start method = yoke_pool_start_method(pool);
    if (yoke_pool_close(pool) != YOKE_OK) return 4;
    std::printf(" %u %d %s\n", unsigned(told), int(method), argv[1]);
    return 0;
}
END
cat > small.c <<'END'
#include <yoke/yoke.h>
static void square(const yoke_span *span, void *const args[])
{
    unsigned *out = args[0];
    for (size_t i = span->begin; i < span->end; i++) out[i] = (unsigned)(i * i);
}
int run(yoke_pool *pool)
{
    yoke_kernel *kernel;
    unsigned *out = yoke_alloc(pool, 4000);
    yoke_status status = yoke_kernel_create(&kernel, pool, &(yoke_kernel_options){.native = square});
    if (status == YOKE_OK)
        status = yoke_map(pool, kernel, yoke_range_1d(1000), yoke_out(out, 4));
    return status != YOKE_OK ? (int)status : (int)out[999];
}
#ifndef ANSWER
#define ANSWER 6
#endif
static int answer(void *argument, size_t bytes)
{
    return ANSWER + (argument != 0) + (int)bytes;
}
int start(yoke_pool *pool) /* the exit code, or a status */
{
    yoke_process *process;
    int code = 0;
    yoke_status status = yoke_process_start(&process, pool, answer, 0, 0, 0);
    if (status == YOKE_OK) status = yoke_process_wait(process, NULL, 60);
    if (status == YOKE_OK) status = yoke_process_wait(process, &code, 0);
    return status != YOKE_OK ? (int)status : code;
}
static int task(yoke_task *self) { *(int *)self->output = ANSWER; return 0; }
int apply(yoke_pool *pool)
{
    int out = 0;
    const yoke_status status = yoke_apply_each(pool, task, 1, NULL, YOKE_ARGS(yoke_out(&out, sizeof out)));
    return status != YOKE_OK ? (int)status : out;
}
int create(yoke_pool *pool)
{
    yoke_kernel *kernel;
    return yoke_kernel_create(&kernel, pool, &(yoke_kernel_options){.native = square});
}
END
cat > host.py <<'END'
import ctypes, os, sys, threading
what = sys.argv[2] if len(sys.argv) > 2 else ""
yoke = ctypes.CDLL(sys.argv[1])
yoke.yoke_pool_error.restype = ctypes.c_char_p
yoke.yoke_pool_create_sized.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p,
                                        ctypes.c_size_t]
for call in (yoke.yoke_pool_close, yoke.yoke_pool_start_method, yoke.yoke_pool_error):
    call.argtypes = [ctypes.c_void_p]
def load():
    small = ctypes.CDLL(os.path.abspath("libsmall.so"))
    for call in small.run, small.create, small.start, small.apply:
        call.argtypes = [ctypes.c_void_p]
    return small
if what != "replace":
    small = load()
if what == "upgrade": # with a second thread
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    threading.Thread(target=threading.Event().wait, daemon=True).start()
sys.stdout.write("python")
pool = ctypes.c_void_p()
status = yoke.yoke_pool_create_sized(ctypes.byref(pool), None, 0)
if status != 0:
    sys.exit(yoke.yoke_pool_error(None).decode())
if what == "replace": # before any other process has loaded it
    small = load()
    os.rename("libnewer.so", "libsmall.so")
    told = {small.start(pool), small.apply(pool)}
    # A task may be submitted just when its last worker finds out. A fork has what we have.
    for _ in range(30 if os.environ["YOKE_START"] == "spawn" else 0):
        assert yoke.yoke_pool_close(pool) == 0
        assert yoke.yoke_pool_create_sized(ctypes.byref(pool), None, 0) == 0
        told.add(small.apply(pool))
    sys.stdout.write(" %s" % sorted(told))
    result = small.create(pool)
else:
    result = small.run(pool)
method = yoke.yoke_pool_start_method(pool)
if what == "delete":
    os.unlink("libsmall.so")
    result = small.create(pool)
    sys.stderr.write(yoke.yoke_pool_error(pool).decode())
assert yoke.yoke_pool_close(pool) == 0
assert os.environ.get("LD_PRELOAD") == os.environ.get("EXPECT_PRELOAD")
print("", result, method)
END

link=(-L"$build" -lyoke -Wl,-rpath,"$build" -Wl,-rpath,"$work")
cc -shared -fPIC late.c -o liblate.so
cc -shared -fPIC -I"$include" small.c -o libsmall.so "${link[@]}"
expect() { # WHAT EXPECTED COMMAND...
    local what=$1 expected=$2 got
    shift 2
    got=$("$@") || { echo "$what: failed with code $?: $got" >&2; exit 1; }
    [ "$got" = "$expected" ] || { echo "$what: \"$got\", not \"$expected\"" >&2; exit 1; }
}

export YOKE_DEVICES=cpu:2
number=0
for compiler in c++ clang++; do
    command -v $compiler > /dev/null || continue
    for flags in "-fPIE -pie" "-fno-PIE -no-pie" "-fPIE -pie -Wl,-z,now,-z,relro"; do
        $compiler $flags -I"$include" program.cpp -o program -L. -llate "${link[@]}"
        number=1
        for method in fork spawn; do
            YOKE_START=$method expect "$compiler $flags, $method" \
                "main 31005 $number x" ./program x
            number=$((number + 1))
        done
    done
done
YOKE_START=spawn expect "deleted program" "main 31005 2 x" ./program x delete

for method in 1:fork 2:spawn; do
    YOKE_START=${method#*:} expect "Python, $method" "python 998001 ${method%:*}" \
        python3 host.py "$build/libyoke.so"
done
LD_PRELOAD=$work/liblate.so EXPECT_PRELOAD=$work/liblate.so YOKE_START=spawn \
    expect "Python with a preload" "python 998001 2" python3 host.py "$build/libyoke.so"

# The library's own path is one that the loader cannot preload: an error.
mkdir "a b"
cp "$build/libyoke.so" "a b/libother.so"
YOKE_START=spawn python3 host.py "a b/libother.so" > out 2> error && exit 1
grep -q "space or a colon" error
grep -q python out # what was in the buffer is printed once
[ "$(grep -o python out | wc -l)" = 1 ]

# The native function's library is gone.
cp libsmall.so kept.so
YOKE_START=spawn expect "deleted library" "python -1 2" \
    python3 host.py "$build/libyoke.so" delete 2> error
grep -q "deleted or replaced" error

# A newer build of it has its place, before any process has loaded it: its functions, which
# may be anywhere, are not called.
for method in 1:fork 2:spawn; do
    cc -shared -fPIC -DANSWER=7 -I"$include" small.c -o libnewer.so "${link[@]}"
    cp kept.so libsmall.so
    create=-1
    [ $method = 2:spawn ] || create=-4
    export YOKE_START=${method#*:}
    expect "replaced library, $method" "python [-15, -3] $create ${method%:*}" \
        python3 host.py "$build/libyoke.so" replace
done

# The library itself has been replaced: an error where the program is to be executed.
cp kept.so libsmall.so
mkdir upgrade
for method in spawn auto; do
    cp "$build/libyoke.so" upgrade/libyoke.so
    cp "$build/libyoke.so" upgrade/libyoke.so.new
    export YOKE_START=$method
    if [ $method = spawn ]; then
        python3 host.py "$work/upgrade/libyoke.so" upgrade > out 2> error && exit 1
        grep -q "no longer the file" error
    else
        expect "upgraded library" "python 998001 1" \
            python3 host.py "$work/upgrade/libyoke.so" upgrade
    fi
done
