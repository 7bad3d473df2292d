/* SPDX-License-Identifier: MIT */
#include "calls_setup.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* Whatever takes so long hangs. */
static const double limit = 60;

yoke_pool *calls_open(void)
{
    const yoke_pool_options options = {.devices = "cpu:2"};
    yoke_pool *pool;

    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    return pool;
}

yoke_kernel *calls_kernel(yoke_pool *pool, const char *name, yoke_native *native)
{
    const yoke_kernel_options options = {.name = name, .native = native};
    yoke_kernel *kernel;

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    return kernel;
}

void calls_number(const yoke_span *span, void *const *args)
{
    int *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = (int)i;
    }
}

int calls_one(yoke_task *task)
{
    const int one = 1;

    memcpy(task->output, &one, sizeof one);
    return 0;
}

static void check_maps(yoke_pool *pool)
{
    const yoke_map_options alone = {.timeout = limit};
    const yoke_map_options helped = {.caller_helps = true};
    yoke_kernel *kernel = calls_kernel(pool, "number", calls_number);
    int *out = yoke_alloc(pool, CALLS_ITEMS * sizeof *out);

    for (int turn = 0; turn < 4; turn++) {
        memset(out, 0xff, CALLS_ITEMS * sizeof *out);
        assert_ok_pool(pool, yoke_map_with(pool, kernel, yoke_range_1d(CALLS_ITEMS),
                                           turn % 2 == 0 ? &alone : &helped,
                                           YOKE_ARGS(yoke_out(out, sizeof *out))));
        for (int i = 0; i < CALLS_ITEMS; i++) {
            assert_int_equal(out[i], i);
        }
    }
    assert_ok_pool(pool, yoke_free(out));
    yoke_kernel_destroy(kernel);
}

static void add(void *into, const void *from, void *context)
{
    (void)context;
    *(int *)into += *(const int *)from;
}

static void check_reduction(yoke_pool *pool)
{
    const yoke_reducer reducer = {.bytes = sizeof(int), .combine = add};
    yoke_kernel *kernel = calls_kernel(pool, "number", calls_number);
    int sum = -1;

    assert_ok_pool(pool, yoke_map_reduce(pool, kernel, yoke_range_1d(CALLS_ITEMS),
                                         &reducer, &sum, NULL,
                                         YOKE_ARGS(yoke_out_partial(sizeof(int)))));
    assert_int_equal(sum, CALLS_ITEMS * (CALLS_ITEMS - 1) / 2);
    yoke_kernel_destroy(kernel);
}

static int count_to_ten(void *item, size_t index, void *context)
{
    (void)context;
    *(int *)item = (int)index;
    return index < 10;
}

static void check_stream(yoke_pool *pool)
{
    const yoke_stream_options options = {
        .function = calls_one, .input_bytes = sizeof(int), .output_bytes = sizeof(int)};
    yoke_stream *stream;
    void *result;
    int count = 0;

    assert_ok_pool(pool,
                   yoke_stream_create(&stream, pool, &options, count_to_ten, NULL));
    for (;;) {
        assert_ok_pool(pool, yoke_stream_next(stream, &result, limit));
        if (result == NULL) {
            break;
        }
        count += *(int *)result;
    }
    assert_int_equal(count, 10);
    yoke_stream_destroy(stream);
}

static void count_call(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    *(int *)context += status == YOKE_OK;
}

static void check_callbacks(yoke_pool *pool)
{
    yoke_kernel *kernel = calls_kernel(pool, "number", calls_number);
    int *out = yoke_alloc(pool, CALLS_ITEMS * sizeof *out);
    yoke_future *future;
    int calls = 0;

    assert_ok_pool(pool,
                   yoke_map_async(&future, pool, kernel, yoke_range_1d(CALLS_ITEMS),
                                  NULL, YOKE_ARGS(yoke_out(out, sizeof *out))));
    assert_ok_pool(pool, yoke_future_on_done(future, count_call, &calls));
    assert_ok_pool(pool, yoke_future_wait(future, limit));
    assert_int_equal(calls, 1);
    yoke_future_destroy(future);
    assert_ok_pool(pool, yoke_free(out));
    yoke_kernel_destroy(kernel);
}

void calls_check_usable(yoke_pool *pool)
{
    check_maps(pool);
    check_reduction(pool);
    check_stream(pool);
    check_callbacks(pool);
    assert_ok_pool(pool, yoke_pool_wait(pool, limit));
}

void calls_check_and_close(yoke_pool *pool)
{
    calls_check_usable(pool);
    assert_ok_pool(NULL, yoke_pool_close(pool));
}

static int wait_at_gate(yoke_task *task)
{
    _Atomic int *gate = *(void *const *)task->context;

    while (atomic_load(gate) == 0) {
        (void)usleep(1000);
    }
    return 0;
}

yoke_future *calls_held(yoke_pool *pool, _Atomic int *gate)
{
    const yoke_task_options options = {.context = &gate, .context_bytes = sizeof gate};
    yoke_future *future;

    assert_ok_pool(pool,
                   yoke_apply_async(&future, pool, wait_at_gate, NULL, 0, &options));
    return future;
}

_Atomic int *calls_gate(yoke_pool *pool)
{
    _Atomic int *gate = yoke_alloc(pool, sizeof *gate);

    assert_non_null(gate);
    return gate;
}
