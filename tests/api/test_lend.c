/* SPDX-License-Identifier: MIT */
/* Memory that is lent to the pool: what moves, what comes back, what is refused. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "api_setup.h"
#include "support/lent_grid.h"

enum { ROWS = 512, BYTES = ROWS * GRID_ROW, STEPS = 40 };

static const char pocl[] = "/etc/OpenCL/vendors/pocl.icd";

/* ---- calls ---- */

static void test_wrong_calls_are_refused(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    uint32_t *numbers = api_numbers(pool, 100);
    uint32_t outside[4];

    (void)state;
    assert_refused(NULL, yoke_lend(NULL), YOKE_EINVAL, "not the start");
    assert_refused(NULL, yoke_lend(outside), YOKE_EINVAL, "not the start");
    assert_refused(pool, yoke_lend(numbers + 1), YOKE_EINVAL, "not the start");
    assert_refused(pool, yoke_reclaim(numbers + 1), YOKE_EINVAL, "not the start");
    assert_refused(pool, yoke_reclaim(numbers), YOKE_EINVAL, "is not lent");
    assert_ok_pool(pool, yoke_lend(numbers));
    assert_refused(pool, yoke_lend(numbers), YOKE_EINVAL, "is lent already");
    assert_ok_pool(pool, yoke_reclaim(numbers));
    assert_refused(pool, yoke_reclaim(numbers), YOKE_EINVAL, "is not lent");
    assert_ok_pool(pool, yoke_lend(numbers));
    assert_ok_pool(pool, yoke_free(numbers));
    assert_refused(pool, yoke_reclaim(numbers), YOKE_EINVAL, "not the start");
    api_close(pool);
    assert_status(yoke_lend(numbers), YOKE_ECLOSED);
    assert_status(yoke_reclaim(numbers), YOKE_ECLOSED);
}

/* Tables come and go with the blocks. */
static void test_again_and_again(void **state)
{
    yoke_pool *pool = api_open("fake:1x1/private");
    yoke_kernel *kernel = api_kernel(pool, "number", api_number);

    (void)state;
    for (int i = 0; i < 200; i++) {
        uint32_t *numbers = api_numbers(pool, 1000);

        assert_ok_pool(pool, yoke_lend(numbers));
        assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(1000),
                                      yoke_out(numbers, sizeof *numbers)));
        if (i % 2 == 0) {
            assert_ok_pool(pool, yoke_reclaim(numbers));
            assert_int_equal(numbers[999], 999);
        }
        assert_ok_pool(pool, yoke_free(numbers));
    }
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

/* ---- what moves ---- */

/* One device does it all: everything goes there once, and nothing after that. */
static void check_alone(const char *devices, const char *name)
{
    yoke_pool *pool = api_open(devices);
    lent_grid g;

    grid_init(&g, pool, ROWS, true);
    grid_steps(&g, STEPS, NULL);
    assert_int_equal(grid_moved(pool, name, false), BYTES);
    assert_int_equal(grid_moved(pool, name, true), (uint64_t)STEPS * BYTES);
    grid_reclaim(&g);
    assert_true(grid_is_right(&g));
    grid_fini(&g);
    api_close(pool);
}

static void test_alone(void **state)
{
    (void)state;
    check_alone("fake:1x1/private", "fake");
}

static void test_alone_on_opencl(void **state)
{
    (void)state;
    if (access(pocl, R_OK) != 0) {
        skip();
    }
    (void)setenv("YOKE_FORCE_DISCRETE", "1", 1);
    check_alone("opencl:pocl", "opencl");
    (void)unsetenv("YOKE_FORCE_DISCRETE");
}

/* Without lending each step sends all it reads. */
static void test_not_lent(void **state)
{
    yoke_pool *pool = api_open("fake:1x1/private");
    lent_grid g;

    (void)state;
    grid_init(&g, pool, ROWS, false);
    grid_steps(&g, 3, NULL);
    assert_true(grid_moved(pool, "fake", false) >= 3 * BYTES);
    assert_true(grid_is_right(&g));
    grid_fini(&g);
    api_close(pool);
}

/* What another worker has changed is sent again, and only that. */
static void test_turns(void **state)
{
    static const yoke_map_options on_fake = {.devices = "fake"};
    static const yoke_map_options on_cpu = {.devices = "cpu"};
    yoke_pool *pool = api_open("cpu:1,fake:1x1/private");
    lent_grid g;

    (void)state;
    grid_init(&g, pool, ROWS, true);
    grid_steps(&g, 2, &on_fake); /* 0 to 1, 1 to 0 */
    assert_int_equal(grid_moved(pool, "fake", false), BYTES);
    grid_steps(&g, 1, &on_cpu);  /* 0 to 1 */
    grid_steps(&g, 1, &on_fake); /* 1 to 0 */
    assert_int_equal(grid_moved(pool, "fake", false), 2 * BYTES);
    grid_steps(&g, 1, &on_fake);
    assert_int_equal(grid_moved(pool, "fake", false), 2 * BYTES);
    grid_reclaim(&g);
    assert_true(grid_is_right(&g));
    grid_fini(&g);
    api_close(pool);
}

/* ---- several workers ---- */

static void check_together(const char *devices)
{
    yoke_pool *pool = api_open(devices);
    lent_grid g;
    yoke_future *last = NULL;

    grid_init(&g, pool, ROWS, true);
    for (int i = 0; i < 2 * STEPS; i++) {
        yoke_future_destroy(last);
        last = grid_step(&g, NULL);
    }
    grid_reclaim(&g); /* waits for the jobs, too */
    assert_ok_pool(pool, yoke_future_wait(last, 0));
    yoke_future_destroy(last);
    assert_true(grid_is_right(&g));
    grid_fini(&g);
    api_close(pool);
}

static void test_together(void **state)
{
    (void)state;
    check_together("cpu:2");
    check_together("fake:2x1/private");
    check_together("cpu:1,fake:2x1/private");
    check_together("cpu:1,fake:1x0.3/private,fake:1x1");
}

static void test_together_with_opencl(void **state)
{
    (void)state;
    if (access(pocl, R_OK) != 0) {
        skip();
    }
    check_together("cpu:1,opencl:pocl");
    (void)setenv("YOKE_FORCE_DISCRETE", "1", 1);
    check_together("opencl:pocl");
    check_together("cpu:1,opencl:pocl");
    (void)unsetenv("YOKE_FORCE_DISCRETE");
}

/* ---- back and forth ---- */

/* Between two lendings the program changes what it likes. */
static void test_changes_in_between_count(void **state)
{
    yoke_pool *pool = api_open("cpu:1,fake:1x1/private");
    lent_grid g;

    (void)state;
    grid_init(&g, pool, ROWS, true);
    for (uint32_t round = 0; round < 4; round++) {
        grid_steps(&g, 3, NULL);
        grid_reclaim(&g);
        assert_true(grid_is_right(&g));
        grid_fill(&g, round);
        grid_steps(&g, 1, NULL); /* not lent */
        assert_true(grid_is_right(&g));
        grid_lend(&g);
    }
    grid_fini(&g);
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_wrong_calls_are_refused),
        yt_unit_test(test_again_and_again),
        yt_unit_test(test_alone),
        yt_unit_test(test_alone_on_opencl),
        yt_unit_test(test_not_lent),
        yt_unit_test(test_turns),
        yt_unit_test(test_together),
        yt_unit_test(test_together_with_opencl),
        yt_unit_test(test_changes_in_between_count),
    };

    return yt_run_group(tests);
}
