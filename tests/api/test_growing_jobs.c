/* SPDX-License-Identifier: MIT */
/* A kernel that was used on a few items at first, and then on many. */
#include "api_setup.h"

/* Of long jobs more than enough, also on a machine that is busy with other things. */
enum { FEW = 2, MANY = 1 << 22, ROUNDS = 300, LONG_ROUNDS = 10000 };

static yoke_pool *pool;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    return 0;
}

static int tear_down(void **state)
{
    api_close(pool);
    return yt_test_teardown(state);
}

/* What the worker with fewer items has done of them. */
static uint64_t fewest_items(void)
{
    yoke_worker_stats all[8];
    uint64_t fewest = UINT64_MAX;
    size_t count = 0;

    assert_ok_pool(pool, yoke_pool_stats(pool, all, 8, &count));
    for (size_t i = 0; i < count; i++) {
        if (all[i].name[0] == 'c' && all[i].name[1] == 'p') {
            fewest = all[i].items < fewest ? all[i].items : fewest;
        }
    }
    return fewest;
}

static void map_over(yoke_kernel *kernel, uint32_t *numbers, size_t count)
{
    assert_ok_pool(pool,
                   yoke_map(pool, kernel, yoke_range_1d(count), yoke_out(numbers, 4)));
}

static void grow(void)
{
    yoke_kernel *kernel = api_kernel(pool, "number", api_number);
    uint32_t *numbers = api_numbers(pool, MANY);
    const uint64_t wanted = fewest_items() + (uint64_t)4 * MANY;

    for (int round = 0; round < ROUNDS; round++) {
        map_over(kernel, numbers, FEW);
    }
    for (size_t count = FEW; count < MANY; count += 1 + count / 4) {
        map_over(kernel, numbers, count);
    }
    for (int round = 0; round < LONG_ROUNDS && fewest_items() < wanted; round++) {
        map_over(kernel, numbers, MANY);
    }
    assert_true(fewest_items() >= wanted);
    yoke_kernel_destroy(kernel);
    assert_ok_pool(pool, yoke_free(numbers));
}

/* A worker that had one of a few items, and seemed slow with it (an item takes far less than
 * the first touch of its page), gets a share of long jobs. */
static void test_all_take_part_in_long_jobs(void **state)
{
    (void)state;
    for (int kernel = 0; kernel < 3; kernel++) {
        grow();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_take_part_in_long_jobs, set_up,
                                        tear_down),
    };

    return yt_run_group(tests);
}
