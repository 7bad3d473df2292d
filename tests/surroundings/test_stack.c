/* SPDX-License-Identifier: MIT */
/* How much stack native functions have, whatever the stack is on which the pool is created. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <yoke/yoke.h>

#include "support/yoke_test.h"

enum { NOT_ALLOWED = 50, SMALL = 64 << 10, PAGE = 4096 };
enum { LARGE = 6 << 20, HUGE_ARRAY = 100 << 20 };

/* Writes to each page of an array, and returns how many there are. */
static size_t touch(volatile char *array, size_t bytes)
{
    size_t sum = 0;

    for (size_t i = 0; i < bytes; i += PAGE) {
        array[i] = 1;
    }
    for (size_t i = 0; i < bytes; i += PAGE) {
        sum += (size_t)array[i];
    }
    return sum;
}

static __attribute__((noinline)) size_t touch_large(void)
{
    volatile char array[LARGE];

    return touch(array, sizeof array);
}

static __attribute__((noinline)) size_t touch_huge(void)
{
    volatile char array[HUGE_ARRAY];

    return touch(array, sizeof array);
}

static size_t use_stack(size_t bytes)
{
    return bytes > LARGE ? touch_huge() : touch_large();
}

static void large(const yoke_span *span, void *const args[])
{
    const size_t bytes = *(const size_t *)args[1];
    size_t *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = use_stack(bytes);
    }
}

static int recurse(volatile int *depth)
{
    volatile char frame[PAGE];

    frame[0] = (char)*depth;
    return *depth < 0 ? 0 : recurse(depth) + frame[0];
}

static void endless(const yoke_span *span, void *const args[])
{
    volatile int zero = 0;

    (void)span;
    *(size_t *)args[0] = (size_t)recurse(&zero);
}

static int in_process(void *argument, size_t bytes)
{
    (void)bytes;
    return use_stack(*(const size_t *)argument) == 0;
}

typedef struct setting {
    rlim_t limit;     /* 0: as it is */
    size_t thread;    /* bytes of the stack of the thread that creates the pool; 0: main */
    bool handles;     /* SIGCHLD */
    size_t bytes;     /* of the array */
    yoke_start start;
    yoke_status overflow; /* YOKE_OK: no overflow */
    int result;
} setting;

static yoke_status run_one(yoke_pool *pool, yoke_native *function, size_t bytes,
                           size_t *out)
{
    yoke_kernel *kernel;
    yoke_status status =
        yoke_kernel_create(&kernel, pool, &(yoke_kernel_options){.native = function});

    return status != YOKE_OK
               ? status
               : yoke_map(pool, kernel, yoke_range_1d(1), yoke_out(out, sizeof *out),
                          yoke_scalar(bytes));
}

static int use_pool(yoke_pool *pool, const setting *self)
{
    size_t *out = yoke_alloc(pool, sizeof *out);
    yoke_process *process;
    int code = -1;

    if (self->overflow != YOKE_OK) {
        return run_one(pool, endless, 0, out) == self->overflow ? 0 : 20;
    }
    if (run_one(pool, large, self->bytes, out) != YOKE_OK) {
        (void)fprintf(stderr, "%s\n", yoke_pool_error(pool));
        return 21;
    }
    if (*out != self->bytes / PAGE) {
        return 22;
    }
    if (yoke_process_start(&process, pool, in_process, &self->bytes, sizeof self->bytes,
                           NULL) != YOKE_OK ||
        yoke_process_wait(process, &code, YOKE_FOREVER) != YOKE_OK) {
        return 23;
    }
    return code == 0 ? 0 : 24;
}

static void *live(void *setting_)
{
    setting *self = setting_;
    yoke_pool *pool;

    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2",
                                                     .start = self->start}) != YOKE_OK) {
        (void)fprintf(stderr, "%s\n", yoke_pool_error(NULL));
        self->result = 10;
        return NULL;
    }
    self->result = use_pool(pool, self);
    if (yoke_pool_close(pool) != YOKE_OK && self->result == 0) {
        self->result = 11;
    }
    return NULL;
}

static void on_child(int number)
{
    (void)number;
}

static int live_in_thread(setting *self)
{
    pthread_attr_t attributes;
    pthread_t thread;

    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, self->thread) != 0 ||
        pthread_create(&thread, &attributes, live, self) != 0 ||
        pthread_join(thread, NULL) != 0) {
        return 5;
    }
    return self->result;
}

static int live_with(void *setting_)
{
    setting *self = setting_;
    struct rlimit limit;

    if (self->limit != 0) {
        (void)getrlimit(RLIMIT_STACK, &limit);
        limit.rlim_cur = self->limit;
        if (setrlimit(RLIMIT_STACK, &limit) != 0) {
            return NOT_ALLOWED;
        }
    }
    if (self->handles) {
        (void)signal(SIGCHLD, on_child);
    }
    if (self->thread != 0) {
        return live_in_thread(self);
    }
    (void)live(self);
    return self->result;
}

static void check(setting self)
{
    const int code = yt_in_child(live_with, &self, 60);

    if (code == NOT_ALLOWED) {
        print_message("skipped: the limit cannot be set\n");
    } else {
        assert_int_equal(code, 0);
    }
}

static void test_small_thread(void **state)
{
    (void)state;
    check((setting){.thread = SMALL, .bytes = LARGE});
    check((setting){.thread = SMALL, .bytes = LARGE, .handles = true});
}

static void test_small_limit(void **state)
{
    (void)state;
    check((setting){.limit = SMALL, .bytes = LARGE, .start = YOKE_START_FORK});
    check((setting){.limit = SMALL, .bytes = LARGE, .start = YOKE_START_SPAWN});
}

static void test_no_limit(void **state)
{
    (void)state;
    check((setting){.limit = RLIM_INFINITY, .bytes = HUGE_ARRAY});
    check((setting){.limit = RLIM_INFINITY,
                    .bytes = HUGE_ARRAY,
                    .thread = SMALL,
                    .handles = true});
}

/* It is a crash, and not a write to whatever lies below. */
static void test_overflow(void **state)
{
    (void)state;
    check((setting){.thread = SMALL, .overflow = YOKE_ECRASHED});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_small_thread),
        yt_unit_test(test_small_limit),
        yt_unit_test(test_no_limit),
        yt_unit_test(test_overflow),
    };

    return yt_run_group(tests);
}
