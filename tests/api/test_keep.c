/* SPDX-License-Identifier: MIT */
/* Results that stay on devices: what moves, who gets to see them, what comes back. */
#include <stdlib.h>
#include <unistd.h>

#include "api_setup.h"
#include "support/lent_grid.h"

enum { ROWS = 512, BYTES = ROWS * GRID_ROW, STEPS = 40, MANY_STEPS = 200 };

static const char pocl[] = "/etc/OpenCL/vendors/pocl.icd";

static const yoke_map_options keep = {.recovery = YOKE_RECOVER_NONE};

static void check_grid(lent_grid *g)
{
    grid_reclaim(g);
    assert_true(grid_is_right(g));
}

/* Submits steps that wait for each other, and none of them for this program. */
static void queue_steps(lent_grid *g, int steps, const yoke_map_options *options)
{
    yoke_future *last = NULL;

    for (int i = 0; i < steps; i++) {
        yoke_future_destroy(last);
        last = grid_step(g, options);
    }
    assert_ok_pool(g->pool, yoke_future_wait(last, 60));
    yoke_future_destroy(last);
}

/* ---- one device ---- */

/* All goes there once, and the last two grids come back when they are wanted. */
static void check_alone(const char *devices, const char *name)
{
    yoke_pool *pool = api_open(devices);
    lent_grid g;

    grid_init(&g, pool, ROWS, true);
    grid_steps(&g, STEPS, &keep);
    assert_int_equal(grid_moved(pool, name, false), BYTES);
    assert_int_equal(grid_moved(pool, name, true), 0);
    grid_reclaim(&g);
    assert_true(grid_is_right(&g));
    assert_int_equal(grid_moved(pool, name, true), 2 * BYTES);
    grid_fini(&g);
    api_close(pool);
}

static void test_alone(void **state)
{
    (void)state;
    check_alone("fake:1x1/private", "fake");
}

static void on_discrete_opencl(void (*check)(void))
{
    if (access(pocl, R_OK) != 0) {
        skip();
    }
    (void)setenv("YOKE_FORCE_DISCRETE", "1", 1);
    check();
    (void)unsetenv("YOKE_FORCE_DISCRETE");
}

static void opencl_alone(void)
{
    check_alone("opencl:pocl", "opencl");
}

static void test_alone_on_opencl(void **state)
{
    (void)state;
    on_discrete_opencl(opencl_alone);
}

/* ---- others look ---- */

/* Other workers read, and overwrite, what a device alone has. */
static void test_turns(void **state)
{
    static const yoke_map_options on_fake = {.devices = "fake",
                                             .recovery = YOKE_RECOVER_NONE};
    static const yoke_map_options on_cpu = {.devices = "cpu",
                                            .recovery = YOKE_RECOVER_NONE};
    static const yoke_map_options safe_on_cpu = {.devices = "cpu"};
    yoke_pool *pool = api_open("cpu:1,fake:1x1/private");
    lent_grid g;

    (void)state;
    grid_init(&g, pool, ROWS, true);
    grid_steps(&g, 3, &on_fake); /* the last one: 0 to 1 */
    assert_int_equal(grid_moved(pool, "fake", true), 0);
    grid_steps(&g, 1, &on_cpu); /* 1 to 0 */
    assert_int_equal(grid_moved(pool, "fake", true), BYTES);
    grid_steps(&g, 2, &on_fake);     /* 0 to 1 to 0 */
    grid_steps(&g, 1, &safe_on_cpu); /* 0 to 1, after all came back */
    assert_int_equal(grid_moved(pool, "fake", true), 3 * BYTES);
    queue_steps(&g, 5, &on_fake);
    queue_steps(&g, 5, &on_cpu);
    queue_steps(&g, 4, NULL);
    check_grid(&g);
    grid_fini(&g);
    api_close(pool);
}

/* ---- several workers ---- */

static void check_together(const char *devices)
{
    yoke_pool *pool = api_open(devices);
    lent_grid g;

    grid_init(&g, pool, ROWS, true);
    queue_steps(&g, MANY_STEPS, &keep);
    check_grid(&g);
    grid_lend(&g);
    grid_steps(&g, STEPS, &keep);
    check_grid(&g);
    grid_fini(&g);
    api_close(pool);
}

static void test_together(void **state)
{
    (void)state;
    check_together("cpu:2");
    check_together("fake:2x1/private");
    check_together("cpu:1,fake:1x1/private");
    check_together("cpu:1,fake:2x0.5/private,fake:1x1");
}

static void opencl_together(void)
{
    check_together("opencl:pocl");
    check_together("cpu:1,opencl:pocl");
}

static void test_together_with_opencl(void **state)
{
    (void)state;
    on_discrete_opencl(opencl_together);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_alone),
        yt_unit_test(test_alone_on_opencl),
        yt_unit_test(test_turns),
        yt_unit_test(test_together),
        yt_unit_test(test_together_with_opencl),
    };

    return yt_run_group(tests);
}
