/* SPDX-License-Identifier: MIT */
#include "job_bench.h"

job_bench b;

int job_set_up(void **state)
{
    (void)state;
    b.pool = api_open("cpu:2");
    b.fill = api_kernel(b.pool, "fill", api_fill);
    b.increment = api_kernel(b.pool, "increment", api_increment);
    b.successor = api_kernel(b.pool, "successor", api_successor);
    b.hold = api_kernel(b.pool, "hold", api_hold);
    b.refuse = api_kernel(b.pool, "refuse", api_refuse);
    b.gate = api_gate_create(b.pool);
    b.held = api_numbers(b.pool, N);
    return 0;
}

int job_tear_down(void **state)
{
    const bool failed = yoke_pool_terminate(b.pool) != YOKE_OK;

    return yt_test_teardown(state) != 0 || failed ? -1 : 0;
}

yoke_arg gate_arg(void)
{
    return yoke_in_whole(b.gate, sizeof *b.gate);
}

yoke_future *start_held(size_t items)
{
    yoke_future *future = NULL;

    assert_ok_pool(b.pool,
                   yoke_map_async(&future, b.pool, b.hold, yoke_range_1d(items), NULL,
                                  YOKE_ARGS(yoke_inout(b.held, 4), gate_arg())));
    assert_non_null(future);
    return future;
}

yoke_future *start_increment(uint32_t *numbers, size_t count)
{
    yoke_future *future = NULL;

    assert_ok_pool(b.pool,
                   yoke_map_async(&future, b.pool, b.increment, yoke_range_1d(count),
                                  NULL, YOKE_ARGS(yoke_inout(numbers, 4))));
    return future;
}

void finish(yoke_future *future, yoke_status status)
{
    assert_status_pool(b.pool, yoke_future_wait(future, API_SECONDS), status);
    yoke_future_destroy(future);
}
