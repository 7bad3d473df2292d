/* SPDX-License-Identifier: MIT */
/* Two arguments that are the same array, one read and one written: w = 3 * x + w. The devices are
 * covered by the conformance suite, deaths by the fault tests. */
#include <stdlib.h>
#include <unistd.h>

#include "api_setup.h"

enum { N = 1000 };

static const char pocl[] = "/etc/OpenCL/vendors/pocl.icd";

/* out, in x, in w */
static void add_triple(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const uint32_t *x = args[1], *w = args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = 3 * x[i] + w[i];
    }
}

/* ... and reads the part of the next item. */
static void add_next(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const uint32_t *w = args[2];
    const size_t last = span->range.begin[0] + span->range.size[0] - 1;

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = w[i] + (i < last ? w[i + 1] : 0);
    }
}

/* Item i is i. */
static uint32_t *counted(yoke_pool *pool)
{
    uint32_t *numbers = api_numbers(pool, N);

    for (uint32_t i = 0; i < N; i++) {
        numbers[i] = i;
    }
    return numbers;
}

static yoke_status submit_triple(yoke_pool *pool, yoke_kernel *kernel, uint32_t *w,
                                 const uint32_t *x, const yoke_map_options *options)
{
    return yoke_map_async(NULL, pool, kernel, yoke_range_1d(N), options,
                          YOKE_ARGS(yoke_out(w, 4), yoke_in(x, 4), yoke_in(w, 4)));
}

static void check_numbers(const uint32_t *w, uint32_t factor)
{
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(w[i], i * factor);
    }
}

/* Jobs that write the array, by one argument or by two, come in turn. */
static void test_jobs_in_turn(void **state)
{
    yoke_pool *pool = api_open("cpu:2,fake:1x0.5/private");
    yoke_kernel *triple = api_kernel(pool, "add_triple", add_triple);
    yoke_kernel *increment = api_kernel(pool, "increment", api_increment);
    uint32_t *w = counted(pool), *x = counted(pool);

    (void)state;
    for (int round = 0; round < 20; round++) {
        assert_ok_pool(pool, submit_triple(pool, triple, w, x, NULL));
    }
    assert_ok_pool(pool, submit_triple(pool, triple, x, w, NULL));
    assert_ok_pool(pool, yoke_map(pool, increment, yoke_range_1d(N), yoke_inout(w, 4)));
    assert_ok_pool(pool, yoke_pool_wait(pool, YOKE_FOREVER));
    check_numbers(x, 1 + 3 * 61);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(w[i], 61 * i + 1);
    }
    api_close(pool);
}

/* One copy of an array outside the pool, and one copy back. */
static void test_staged(void **state)
{
    static const yoke_map_options stage = {.stage = true};
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *triple = api_kernel(pool, "add_triple", add_triple);
    uint32_t w[N], x[N];

    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        w[i] = x[i] = i;
    }
    assert_ok_pool(pool, submit_triple(pool, triple, w, x, &stage));
    assert_ok_pool(pool, submit_triple(pool, triple, w, x, &stage));
    assert_ok_pool(pool, submit_triple(pool, triple, x, x, &stage));
    assert_ok_pool(pool, yoke_pool_wait(pool, YOKE_FOREVER));
    check_numbers(w, 7);
    check_numbers(x, 4);
    api_close(pool);
}

/* ---- tasks and streams ---- */

static int add_or_fail(yoke_task *task)
{
    const uint32_t *in = task->args[0];
    uint32_t *out = task->args[1];

    if (task->input != in || out != in) {
        return yoke_task_fail(task, 1, "not the same array");
    }
    *out = *in + 5;
    return task->index % 10 == 3 ? yoke_task_fail(task, 2, "a bad item") : 0;
}

static void test_tasks(void **state)
{
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP};
    yoke_pool *pool = api_open("cpu:2");
    uint32_t numbers[100];

    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        numbers[i] = i;
    }
    assert_status_pool(
        pool,
        yoke_apply_each(pool, add_or_fail, 100, &options,
                        YOKE_ARGS(yoke_in(numbers, 4), yoke_inout(numbers, 4))),
        YOKE_EPARTIAL);
    assert_contains(yoke_pool_error(pool), "10 of 100 items failed; item 3: code 2: a bad");
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(numbers[i], i % 10 == 3 ? i : i + 5);
    }
    api_close(pool);
}

static int make_vector(void *item, size_t index, void *context)
{
    uint32_t *x = item;

    (void)context;
    for (uint32_t i = 0; i < N; i++) {
        x[i] = i;
    }
    return index < 20;
}

/* Each item of the stream is added to the same array; results are the items as they came. */
static void test_stream(void **state)
{
    yoke_pool *pool = api_open("cpu:2,fake:1x0.5/private");
    uint32_t *w = counted(pool);
    const yoke_arg args[] = {yoke_out(w, 4), yoke_inout(NULL, 4), yoke_in(w, 4)};
    const yoke_stream_options options = {.kernel = api_kernel(pool, "add_triple", add_triple),
                                         .range = yoke_range_1d(N),
                                         .args = args,
                                         .arg_count = 3};
    yoke_stream *stream;
    void *result;

    (void)state;
    assert_ok_pool(pool, yoke_stream_create(&stream, pool, &options, make_vector, NULL));
    for (size_t i = 0; i < 20; i++) {
        assert_ok_pool(pool, yoke_stream_next(stream, &result, YOKE_FOREVER));
        check_numbers(result, 1);
    }
    assert_ok_pool(pool, yoke_stream_next(stream, &result, YOKE_FOREVER));
    assert_null(result);
    assert_ok_pool(pool, yoke_stream_destroy(stream));
    check_numbers(w, 61);
    api_close(pool);
}

/* ---- checks ---- */

static void test_checking_mode(void **state)
{
    const yoke_pool_options options = {.devices = "cpu:2", .check = true};
    yoke_pool *pool;
    uint32_t *w, *x;

    (void)state;
    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    w = counted(pool);
    x = counted(pool);
    assert_ok_pool(pool, submit_triple(pool, api_kernel(pool, "add_triple", add_triple), w,
                                       x, NULL));
    assert_ok_pool(pool, yoke_pool_wait(pool, YOKE_FOREVER));
    check_numbers(w, 4);
    assert_ok_pool(pool,
                   submit_triple(pool, api_kernel(pool, "add_next", add_next), w, x, NULL));
    assert_status_pool(pool, yoke_pool_wait(pool, YOKE_FOREVER), YOKE_ECHECK);
    assert_contains(yoke_pool_error(pool), "argument 1: item ");
    assert_contains(yoke_pool_error(pool), "outside the bytes declared as read");
    api_close(pool);
}

/* ---- what a source promises ---- */

/* The compiler may rely on `restrict` and __constant: no device computes with both. */
static void check_promise(yoke_pool *pool, const char *source, yoke_native *native,
                          const char *words)
{
    const yoke_kernel_options options = {.name = "f", .source = source, .native = native};
    uint32_t *w = api_numbers(pool, 100);
    yoke_future *future = NULL;
    yoke_kernel *kernel;

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    assert_refused(pool,
                   yoke_map_async(&future, pool, kernel, yoke_range_1d(100), NULL,
                                  YOKE_ARGS(yoke_in(w, 4), yoke_out(w, 4))),
                   YOKE_EINVAL, words);
    assert_null(future);
    yoke_kernel_destroy(kernel);
    assert_ok(yoke_free(w));
}

static void successor_native(const yoke_span *span, void *const args[])
{
    api_successor(span, (void *const[]){args[1], args[0]});
}

/* At submission, whatever the devices are and whichever form they run. */
static void test_promises(void **state)
{
    static const char *const devices[] = {"cpu:1", "opencl:pocl"};

    (void)state;
    if (access(pocl, R_OK) != 0) {
        skip();
    }
    for (size_t i = 0; i < 2; i++) {
        yoke_pool *pool = api_open(devices[i]);

        check_promise(pool,
                      "__kernel void f(__global const uint *a, __global uint *restrict b)"
                      "{ size_t i = get_global_id(0); b[i] = a[i] + 1; }",
                      NULL,
                      "parameter 2 ('b', uint*) is declared restrict, so argument 1 cannot "
                      "be the same array");
        check_promise(pool,
                      "__kernel void f(__constant uint *a, __global uint *b)"
                      "{ size_t i = get_global_id(0); b[i] = a[i] + 1; }",
                      NULL,
                      "parameter 1 ('a', uint*) is declared __constant, so argument 2");
        check_promise(pool,
                      "__kernel void f(__global const uint *restrict a, __global uint *b)"
                      "{ size_t i = get_global_id(0); b[i] = a[i] + 1; }",
                      successor_native, "declared restrict, so argument 2");
        api_close(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_jobs_in_turn), yt_unit_test(test_staged),
        yt_unit_test(test_tasks),        yt_unit_test(test_stream),
        yt_unit_test(test_checking_mode), yt_unit_test(test_promises),
    };

    return yt_run_group(tests);
}
