/* SPDX-License-Identifier: MIT */
/* A function over an array of inputs, or with several arguments per item. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

enum { N = 3000 };

static yoke_pool *pool;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2,fake:1x0.5/private");
    return pool == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    api_close(pool);
    return 0;
}

/* ---- functions ---- */

static int square(yoke_task *task)
{
    const uint32_t x = *(const uint32_t *)task->input;
    uint64_t *y = task->output;

    if (task->input_bytes != 4 || task->output_bytes != 8 || *y != 0) {
        return yoke_task_fail(task, 3, "the item is not as it should be");
    }
    *y = (uint64_t)x * x;
    return 0;
}

static int copy(yoke_task *task)
{
    memcpy(task->output, task->input, task->input_bytes);
    return 0;
}

static int add_context(yoke_task *task)
{
    const uint32_t *add = task->context;

    if (task->context_bytes != 3 * sizeof *add || task->input != NULL ||
        task->arg_count != 1 || task->args[0] != task->output) {
        return 1;
    }
    *(uint32_t *)task->output = (uint32_t)task->index + add[0] + add[2];
    return 0;
}

static int refuse_item(yoke_task *task)
{
    return task->index == 777 ? yoke_task_fail(task, 5, "%s is %d", "x", -2) : 0;
}

static int return_code(yoke_task *task)
{
    return task->index == 12 ? -4 : 0;
}

static int combine(yoke_task *task)
{
    const uint32_t *a = task->args[0];
    const uint16_t *b = task->args[1];
    const uint32_t *table = task->args[2];
    const uint32_t scale = *(const uint32_t *)task->args[3];
    uint32_t *sum = task->args[4];
    uint32_t *count = task->args[5];

    if (task->arg_count != 6 || task->input != a || task->input_bytes != 8 ||
        task->output != sum || task->output_bytes != 4 || *sum != 0) {
        return 1;
    }
    *sum = a[0] + a[1] + *b + table[task->index % 4] * scale;
    *count += 1;
    return 0;
}

static int kill_once(yoke_task *task)
{
    _Atomic uint32_t *deaths = task->args[1];

    if (task->index % 500 == 13 && atomic_fetch_add(deaths, 1) < 3) {
        (void)raise(SIGKILL);
    }
    *(uint32_t *)task->args[0] += (uint32_t)task->index;
    return 0;
}

static int die_at(yoke_task *task)
{
    const uint32_t bad = *(const uint32_t *)task->context;

    if (task->index == bad) {
        abort();
    }
    *(uint32_t *)task->output = 1;
    return 0;
}

static int hang(yoke_task *task)
{
    (void)task;
    while (pause() != 0) {
    }
    return 0;
}

/* ---- map ---- */

static void square_all(uint32_t *x, uint64_t *y, size_t count,
                       const yoke_task_options *options)
{
    for (size_t i = 0; i < count; i++) {
        x[i] = (uint32_t)i + 7;
        y[i] = 1;
    }
    assert_ok_pool(pool, yoke_apply_each(
                             pool, square, count, options,
                             YOKE_ARGS(yoke_in(x, sizeof *x), yoke_out(y, sizeof *y))));
    for (size_t i = 0; i < count; i++) {
        assert_true(y[i] == (i + 7) * (i + 7));
    }
}

static void test_plain_memory(void **state)
{
    static uint32_t x[N];
    static uint64_t y[N];

    (void)state;
    square_all(x, y, N, NULL);
    square_all(x, y, 1, NULL);
    square_all(x, y, N, &(yoke_task_options){.chunk = 1});
    square_all(x, y, N, &(yoke_task_options){.chunk = 100, .devices = "fake"});
}

static void test_pool_memory(void **state)
{
    uint32_t *x = yoke_alloc(pool, N * sizeof *x);
    uint64_t *y = yoke_alloc(pool, N * sizeof *y);

    (void)state;
    square_all(x, y, N, NULL);
    square_all(x, y, 17, NULL);
    assert_ok(yoke_free(x));
    assert_ok(yoke_free(y));
}

static void test_many_items(void **state)
{
    enum { MANY = 200000 };
    uint32_t *x = malloc(MANY * sizeof *x);
    uint64_t *y = malloc(MANY * sizeof *y);

    (void)state;
    square_all(x, y, MANY, NULL);
    free(x);
    free(y);
}

static void test_context_alone(void **state)
{
    uint32_t out[N];
    uint32_t add[3] = {100, 0, 1000};
    const yoke_task_options options = {.context = add, .context_bytes = sizeof add};
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_apply_each_async(&future, pool, add_context, N, &options,
                                               YOKE_ARGS(yoke_out(out, sizeof *out))));
    add[0] = 0; /* it has been copied */
    assert_ok(yoke_future_wait(future, API_SECONDS));
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(out[i], i + 1100);
    }
    yoke_future_destroy(future);
}

static void test_nothing(void **state)
{
    yoke_future *future = NULL;

    (void)state;
    assert_ok(yoke_apply_each(pool, square, 0, NULL,
                              YOKE_ARGS(yoke_in(NULL, 4), yoke_out(NULL, 8))));
    assert_ok(yoke_apply_each_async(&future, pool, square, 0, NULL,
                                    YOKE_ARGS(yoke_in(NULL, 4), yoke_out(NULL, 8))));
    assert_true(yoke_future_is_done(future));
    assert_true(yoke_future_progress(future) == 1);
    assert_ok(yoke_future_cancel(future));
    assert_ok(yoke_future_wait(future, 0));
    assert_ok(yoke_apply_each(pool, refuse_item, 700,
                              &(yoke_task_options){.after = &future, .after_count = 1},
                              NULL, 0));
    yoke_future_destroy(future);
}

static void test_nobody_waits(void **state)
{
    uint32_t *x = api_numbers(pool, N);
    uint64_t *y = yoke_alloc(pool, N * sizeof *y);
    uint64_t sums[N];

    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        x[i] = i;
    }
    assert_ok(yoke_apply_each_async(NULL, pool, square, N, NULL,
                                    YOKE_ARGS(yoke_in(x, 4), yoke_out(y, 8))));
    /* It reads what the other writes, so comes after it. */
    assert_ok_pool(pool, yoke_apply_each(pool, copy, N, NULL,
                                         YOKE_ARGS(yoke_in(y, 8), yoke_out(sums, 8))));
    for (uint64_t i = 0; i < N; i++) {
        assert_true(sums[i] == i * i);
    }
}

/* Item i of each four waits for the other three. */
static int meet(yoke_task *task)
{
    _Atomic uint32_t *arrived = *(_Atomic uint32_t *const *)task->context;
    const uint32_t before = atomic_fetch_add(arrived, 1);

    while (atomic_load(arrived) < before / 4 * 4 + 4) {
        (void)usleep(100);
    }
    return 0;
}

/* The item that comes last waits for none, so its worker seems to be far faster than the others.
 * They take items all the same while that worker is held up. */
static void test_items_that_meet(void **state)
{
    yoke_pool *four = api_open("cpu:4");
    _Atomic uint32_t *arrived = yoke_alloc(four, sizeof *arrived);
    const yoke_task_options options = {
        .context = &arrived, .context_bytes = sizeof arrived, .chunk = 1};

    (void)state;
    for (int round = 0; round < 20; round++) {
        yoke_future *future;

        assert_ok_pool(
            four, yoke_apply_each_async(&future, four, meet, 4, &options, NULL, 0));
        assert_ok(yoke_future_wait(future, 30));
        yoke_future_destroy(future);
    }
    api_close(four);
}

/* ---- starmap ---- */

static void test_several_arguments(void **state)
{
    uint32_t a[2 * N];
    uint16_t *b = yoke_alloc(pool, N * sizeof *b);
    uint32_t sums[N];
    uint32_t *counts = api_numbers(pool, N);
    const uint32_t table[4] = {1, 2, 3, 4};
    const uint32_t scale = 1000;
    const yoke_arg args[] = {
        yoke_in(a, 8),      yoke_in(b, 2),     yoke_in_whole(table, sizeof table),
        yoke_scalar(scale), yoke_out(sums, 4), yoke_inout(counts, 4)};

    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        a[2 * i] = i;
        a[2 * i + 1] = 5;
        b[i] = (uint16_t)(i % 100);
    }
    assert_ok_pool(pool, yoke_apply_each(pool, combine, N, NULL, args, 6));
    assert_ok_pool(pool, yoke_apply_each(pool, combine, N,
                                         &(yoke_task_options){.chunk = 7}, args, 6));
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(sums[i], i + 5 + i % 100 + table[i % 4] * scale);
        assert_int_equal(counts[i], 2);
    }
}

/* ---- failures ---- */

static void test_codes(void **state)
{
    (void)state;
    assert_refused(pool, yoke_apply_each(pool, refuse_item, N, NULL, NULL, 0),
                   YOKE_EKERNEL, "item 777: code 5: x is -2");
    assert_refused(pool, yoke_apply_each(pool, return_code, N, NULL, NULL, 0),
                   YOKE_EKERNEL, "item 12: code -4");
    assert_int_equal(yoke_task_fail(NULL, 0, "nobody"), 1);
    api_check_works(pool);
}

/* What is changed in place by a task that dies is computed once all the same. */
static void test_death(void **state)
{
    uint32_t *x = api_numbers(pool, N);
    void *memory = yoke_alloc(pool, 4);
    const _Atomic uint32_t *deaths = memory;
    const yoke_arg args[] = {yoke_inout(x, 4), yoke_in_whole(memory, 4)};
    const yoke_task_options options = {.devices = "cpu"};

    (void)state;
    assert_ok_pool(pool, yoke_apply_each(pool, kill_once, N, &options, args, 2));
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(x[i], i);
    }
    assert_true(*deaths >= 3);
}

static void test_poison(void **state)
{
    const uint32_t bad = 1234;
    const yoke_task_options options = {
        .context = &bad, .context_bytes = sizeof bad, .devices = "cpu"};
    uint32_t *done = api_numbers(pool, N);

    (void)state;
    assert_refused(
        pool, yoke_apply_each(pool, die_at, N, &options, YOKE_ARGS(yoke_out(done, 4))),
        YOKE_ECRASHED, "items [1234, 1235): one or more of them crashed every worker");
    for (uint32_t i = 0; i < N; i++) {
        assert_true(i == bad || done[i] == 1);
    }
}

static void test_timeout(void **state)
{
    (void)state;
    assert_refused(
        pool,
        yoke_apply_each(pool, hang, 3, &(yoke_task_options){.timeout = 0.05}, NULL, 0),
        YOKE_EDEADLINE, "task '");
    api_check_works(pool);
}

static void test_bad_arguments(void **state)
{
    static const unsigned char large[5000];
    uint32_t x[4] = {0};
    yoke_future *future = (yoke_future *)x;
    yoke_arg args[64];

    (void)state;
    for (int i = 0; i < 64; i++) {
        args[i] = yoke_scalar(i);
    }
    assert_refused(pool, yoke_apply_each(pool, NULL, 4, NULL, YOKE_ARGS(yoke_in(x, 4))),
                   YOKE_EINVAL, "function is NULL");
    assert_refused(pool, yoke_apply_each(pool, NULL, 0, NULL, YOKE_ARGS(yoke_in(x, 4))),
                   YOKE_EINVAL, "function is NULL");
    assert_refused(pool,
                   yoke_apply_each(pool, square, 4, NULL,
                                   YOKE_ARGS(yoke_in(NULL, 4), yoke_out(x, 4))),
                   YOKE_EINVAL, "the input is NULL");
    assert_refused(pool,
                   yoke_apply_each(pool, square, 4, NULL, YOKE_ARGS(yoke_in(x, 0))),
                   YOKE_EINVAL, "its size is 0 bytes");
    assert_refused(pool,
                   yoke_apply_each(pool, square, 4, NULL,
                                   YOKE_ARGS(yoke_in(x, 4), yoke_out(x, 4))),
                   YOKE_EINVAL, "yoke_inout() declares an array that a task reads");
    assert_refused(pool,
                   yoke_apply_each_async(&future, pool, square, SIZE_MAX / 2, NULL,
                                         YOKE_ARGS(yoke_in(x, 4))),
                   YOKE_EINVAL, "");
    assert_null(future);
    assert_refused(pool,
                   yoke_apply_each(pool, square, 4, &(yoke_task_options){.timeout = -2},
                                   YOKE_ARGS(yoke_in(x, 4))),
                   YOKE_EINVAL, "timeout");
    assert_refused(pool,
                   yoke_apply_each(pool, square, 4,
                                   &(yoke_task_options){.devices = "gpus"},
                                   YOKE_ARGS(yoke_in(x, 4))),
                   YOKE_EINVAL, "devices");
    assert_refused(pool,
                   yoke_apply_each(pool, square, 4,
                                   &(yoke_task_options){.context_bytes = 4},
                                   YOKE_ARGS(yoke_in(x, 4))),
                   YOKE_EINVAL, "`context` is NULL");
    assert_refused(pool,
                   yoke_apply_each(pool, square, 4,
                                   &(yoke_task_options){.context = large,
                                                        .context_bytes = sizeof large},
                                   YOKE_ARGS(yoke_in(x, 4))),
                   YOKE_EINVAL, "at most 4096");
    assert_refused(pool, yoke_apply_each(pool, square, 4, NULL, args, 64), YOKE_EINVAL,
                   "the maximum is 63");
    assert_refused(pool, yoke_apply_each(pool, square, 4, NULL, NULL, 2), YOKE_EINVAL,
                   "`args` is NULL");
    assert_refused(NULL,
                   yoke_apply_each(NULL, square, 4, NULL, YOKE_ARGS(yoke_in(x, 4))),
                   YOKE_EINVAL, "pool is NULL");
}

/* The pool keeps functions that it has called as long as no others need their slots. */
static void test_many_functions(void **state)
{
    static yoke_kernel *kernels[256];
    static uint64_t y[N];
    static uint32_t x[N];
    yoke_pool *first = pool;
    size_t count = 0;

    (void)state;
    pool = api_open("cpu:1");
    square_all(x, y, N, NULL);
    assert_refused(pool, yoke_apply_each(pool, return_code, N, NULL, NULL, 0),
                   YOKE_EKERNEL, "item 12");
    for (; count < 255; count++) {
        kernels[count] = api_kernel(pool, "fill", api_fill);
    }
    /* One place is left, which they take from each other. */
    for (int i = 0; i < 3; i++) {
        square_all(x, y, N, NULL);
        assert_status(yoke_apply_each(pool, return_code, N, NULL, NULL, 0),
                      YOKE_EKERNEL);
    }
    kernels[count++] = api_kernel(pool, "fill", api_fill);
    assert_refused(pool, yoke_apply_each(pool, return_code, N, NULL, NULL, 0),
                   YOKE_EBUSY, "256 kernels");
    yoke_kernel_destroy(kernels[--count]);
    square_all(x, y, N, NULL);
    while (count > 0) {
        yoke_kernel_destroy(kernels[--count]);
    }
    api_close(pool);
    pool = first;
}

static int in_another_process(void *arg)
{
    uint32_t x = 0;

    return yoke_apply_each(arg, return_code, 1, NULL, YOKE_ARGS(yoke_in(&x, 4))) ==
                   YOKE_EINVAL
               ? 0
               : 1;
}

static void test_other_process(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(in_another_process, pool, 30), 0);
}

static void test_closed_pool(void **state)
{
    yoke_pool *other = api_open("cpu:1");
    uint32_t x = 0;

    (void)state;
    assert_ok(yoke_pool_close(other));
    assert_status(
        yoke_apply_each(other, return_code, 1, NULL, YOKE_ARGS(yoke_in(&x, 4))),
        YOKE_ECLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_memory),
        cmocka_unit_test(test_pool_memory),
        cmocka_unit_test(test_many_items),
        cmocka_unit_test(test_context_alone),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_nobody_waits),
        cmocka_unit_test(test_items_that_meet),
        cmocka_unit_test(test_several_arguments),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_death),
        cmocka_unit_test(test_poison),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_many_functions),
        cmocka_unit_test(test_other_process),
        cmocka_unit_test(test_closed_pool),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
