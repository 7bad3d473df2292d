/* SPDX-License-Identifier: MIT */
/* YOKE_GUARD=1: a write after an allocation, or into one that was freed, is a crash, and the
 * job's text says where. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

#define SECONDS 60.0

static yoke_pool *guarded_pool(const char *devices)
{
    yoke_pool *pool;

    (void)setenv("YOKE_GUARD", "1", 1);
    pool = api_open(devices);
    (void)unsetenv("YOKE_GUARD");
    return pool;
}

/* Where to write, relative to an argument, or absolutely. */
typedef struct target {
    long offset;
    char *pointer; /* NULL: the argument */
} target;

static void write_at(const yoke_span *span, void *const args[])
{
    char *bytes = args[0];
    const target *where = args[1];

    (void)span;
    (where->pointer != NULL ? where->pointer : bytes)[where->offset] = 1;
}

static yoke_status write_one(yoke_pool *pool, char *array, size_t bytes, target where)
{
    yoke_kernel *kernel = api_kernel(pool, "write", write_at);
    const yoke_status status =
        yoke_map(pool, kernel, yoke_range_1d(1), yoke_out_whole(array, bytes),
                 yoke_scalar(where));

    yoke_kernel_destroy(kernel);
    return status;
}

static void check_text(yoke_pool *pool, const char *words, size_t bytes,
                       const char *block)
{
    char place[100];

    (void)snprintf(place, sizeof place, "%s the allocation of %zu bytes at %p", words,
                   bytes, (const void *)block);
    assert_contains(yoke_pool_error(pool), "wrote to address 0x");
    assert_contains(yoke_pool_error(pool), place);
}

static void test_behind(void **state)
{
    static const size_t sizes[] = {16, 48, 4096, 4000, 100 * 64, 3 << 20};
    yoke_pool *pool = guarded_pool("cpu:2");

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const size_t bytes = sizes[i];
        char *array = yoke_alloc(pool, bytes);

        assert_non_null(array);
        assert_ok_pool(pool, write_one(pool, array, bytes, (target){0, NULL}));
        assert_ok_pool(pool,
                       write_one(pool, array, bytes, (target){(long)bytes - 1, NULL}));
        assert_int_equal(array[bytes - 1], 1);
        assert_status(write_one(pool, array, bytes, (target){(long)bytes, NULL}),
                      YOKE_ECRASHED);
        check_text(pool, "1 byte after", bytes, array);
        assert_status(write_one(pool, array, bytes, (target){(long)bytes + 99, NULL}),
                      YOKE_ECRASHED);
        check_text(pool, "100 bytes after", bytes, array);
        assert_ok_pool(pool, yoke_free(array));
    }
    api_check_works(pool);
    api_close(pool);
}

/* What is left between a block and its guard is less than 16 bytes. */
static void test_slack(void **state)
{
    yoke_pool *pool = guarded_pool("cpu:1");
    char *array = yoke_alloc(pool, 1001);

    (void)state;
    assert_int_equal((uintptr_t)array % 16, 0);
    assert_status(write_one(pool, array, 1001, (target){1008, NULL}), YOKE_ECRASHED);
    check_text(pool, "8 bytes after", 1001, array);
    api_close(pool);
}

static void test_before(void **state)
{
    yoke_pool *pool = guarded_pool("cpu:1");
    char *array = yoke_alloc(pool, 8192);

    (void)state;
    assert_status(write_one(pool, array, 8192, (target){-1, NULL}), YOKE_ECRASHED);
    check_text(pool, "1 byte before", 8192, array);
    api_close(pool);
}

/* Blocks that come and go while workers run, and what was freed. */
static void test_freed(void **state)
{
    yoke_pool *pool = guarded_pool("cpu:2");
    char *other = yoke_alloc(pool, 64);

    (void)state;
    for (int i = 0; i < 5; i++) {
        char *array = yoke_alloc(pool, 4096);

        assert_ok_pool(pool, write_one(pool, array, 4096, (target){7, NULL}));
        assert_ok_pool(pool, yoke_free(array));
        assert_status(write_one(pool, other, 64, (target){7, array}), YOKE_ECRASHED);
        check_text(pool, "byte 7 of", 4096, array);
        assert_contains(yoke_pool_error(pool), "which was freed");
        assert_ptr_not_equal(yoke_alloc(pool, 4096), array);
    }
    api_close(pool);
}

static int write_here(void *context)
{
    (void)signal(SIGSEGV, SIG_DFL);
    *(volatile char *)context = 1;
    return 0;
}

/* The application itself, and what it forks. */
static void test_application(void **state)
{
    yoke_pool *pool = guarded_pool("cpu:1");
    char *array = yoke_alloc(pool, 4096);

    (void)state;
    assert_int_equal(yt_in_child(write_here, array + 4095, 30), 0);
    assert_int_equal(yt_in_child(write_here, array + 4096, 30), -SIGSEGV);
    assert_ok_pool(pool, yoke_free(array));
    assert_int_equal(yt_in_child(write_here, array, 30), -SIGSEGV);
    api_close(pool);
}

/* ---- memory that reaches a process that is there already ---- */

typedef struct post {
    _Atomic(char *) pointer;
    _Atomic int arrived;
    yoke_queue *queue;
} post;

static int follow(void *argument, size_t bytes)
{
    post *own = argument;
    char *p;

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    while ((p = atomic_load(&own->pointer)) == NULL) {
        (void)usleep(200);
    }
    p[10] = 1;
    return 0;
}

/* The system is given the address: it has to be open already. */
static int read_there(void *argument, size_t bytes)
{
    post *own = argument;
    char *p;
    int zeros;

    (void)bytes;
    atomic_fetch_add(&own->arrived, 1);
    if (yoke_queue_get(own->queue, &p, NULL, SECONDS) != YOKE_OK) {
        return 1;
    }
    zeros = open("/dev/zero", O_RDONLY);
    return read(zeros, p, 4096) == 4096 ? 0 : 2;
}

static bool has_come(void *context)
{
    return atomic_load(&((post *)context)->arrived) > 0;
}

static int exit_code(yoke_process *process)
{
    int code = 99;

    assert_ok(yoke_process_wait(process, NULL, SECONDS));
    assert_ok(yoke_process_wait(process, &code, 0));
    yoke_process_destroy(process);
    return code;
}

static void test_late_blocks(void **state)
{
    static yoke_process_function *const functions[] = {follow, read_there};
    yoke_pool *pool = guarded_pool("cpu:1");

    (void)state;
    for (int i = 0; i < 2; i++) {
        post *own = yoke_alloc(pool, sizeof *own);
        yoke_process *process = NULL;
        char *late;

        assert_ok_pool(pool, yoke_queue_create(&own->queue, pool,
                                               &(yoke_queue_options){.item_bytes = 8}));
        assert_ok_pool(pool,
                       yoke_process_start(&process, pool, functions[i], own, 0, NULL));
        assert_true(yt_wait_until(has_come, own, SECONDS));
        late = yoke_alloc(pool, 4096);
        assert_ok_pool(pool, yoke_queue_put(own->queue, &late, sizeof late, 0));
        atomic_store(&own->pointer, late);
        assert_int_equal(exit_code(process), 0);
    }
    api_close(pool);
}

/* ---- all else goes on ---- */

static int double_it(yoke_task *task)
{
    const uint32_t *in = task->input;
    uint32_t *out = yoke_task_output(task, 100000 * sizeof *out);

    for (uint32_t i = 0; out != NULL && i < 100000; i++) {
        out[i] = 2 * *in + i;
    }
    return out == NULL;
}

static int die_once(yoke_task *task)
{
    uint32_t *numbers = task->args[0];
    _Atomic int *died = task->args[1];

    numbers[0]++;
    if (task->index == 500 && atomic_exchange(died, 1) == 0) {
        (void)raise(SIGKILL);
    }
    return 0;
}

static void test_rest(void **state)
{
    enum { N = 1000 };
    yoke_pool *pool = guarded_pool("cpu:2,fake:1x1/private");
    uint32_t *numbers = api_numbers(pool, N);
    _Atomic int *died = yoke_alloc(pool, sizeof *died);
    uint32_t plain[N] = {0};
    const yoke_map_options stage = {.stage = true};
    yoke_kernel *increment = api_kernel(pool, "increment", api_increment);
    const yoke_task_options shared = {.devices = "cpu"};
    const yoke_arg args[] = {yoke_inout(numbers, 4), yoke_in_whole(died, sizeof *died)};
    void *result = NULL;
    size_t bytes = 0;
    uint32_t seven = 7;

    (void)state;
    memset(numbers, 0, N * sizeof *numbers);
    assert_ok_pool(pool, yoke_apply_each(pool, die_once, N, &shared, args, 2));
    assert_true(api_all(numbers, N, 1));
    assert_ok_pool(pool, yoke_map_with(pool, increment, yoke_range_1d(N), &stage,
                                       YOKE_ARGS(yoke_inout(plain, 4))));
    assert_true(api_all(plain, N, 1));
    assert_ok_pool(
        pool, yoke_apply(pool, double_it, &seven, sizeof seven, &result, &bytes, NULL));
    assert_int_equal(bytes, 400000);
    assert_int_equal(((uint32_t *)result)[99999], 14 + 99999);
    assert_ok_pool(pool, yoke_free(result));
    assert_ok_pool(pool, yoke_lend(numbers));
    assert_ok_pool(pool,
                   yoke_map(pool, increment, yoke_range_1d(N), yoke_inout(numbers, 4)));
    assert_ok_pool(pool, yoke_reclaim(numbers));
    assert_true(api_all(numbers, N, 2));
    yoke_kernel_destroy(increment);
    api_close(pool);
}

/* Not a flag. */
static void test_bad_value(void **state)
{
    yoke_pool *pool = NULL;

    (void)state;
    (void)setenv("YOKE_GUARD", "perhaps", 1);
    assert_status(yoke_pool_create(&pool, NULL), YOKE_EINVAL);
    assert_contains(yoke_pool_error(NULL), "YOKE_GUARD");
    (void)unsetenv("YOKE_GUARD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_behind),      yt_unit_test(test_slack),
        yt_unit_test(test_before),      yt_unit_test(test_freed),
        yt_unit_test(test_application), yt_unit_test(test_late_blocks),
        yt_unit_test(test_rest),        yt_unit_test(test_bad_value),
    };

    return yt_run_group(tests);
}
