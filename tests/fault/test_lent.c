/* SPDX-License-Identifier: MIT */
/* A worker that dies at any place takes nothing of lent arrays along: results are written
 * back with each chunk. */
#include <signal.h>
#include <stdio.h>

#include "fault_setup.h"
#include "support/lent_grid.h"

enum { ROWS = 64, MOST_STEPS = 400 };

static const char *const points[] = {
    "after-enter",  "after-take",    "after-claim",  "before-run",  "after-run",
    "after-commit", "between-marks", "before-leave", "after-leave", "after-end",
};

static void run_through_fault(const char *devices, const char *fault)
{
    yoke_pool *pool = ft_pool(devices, fault);
    lent_grid g;

    grid_init(&g, pool, ROWS, true);
    while (ft_restarts(pool) == 0 && g.steps < MOST_STEPS) {
        grid_steps(&g, 1, NULL);
    }
    if (!ft_recovers(pool, 1)) {
        fail_msg("%s, %s: no replacement", devices, fault);
    }
    grid_steps(&g, 2, NULL);
    grid_reclaim(&g);
    if (!grid_is_right(&g)) {
        fail_msg("%s, %s: wrong after %d steps", devices, fault, g.steps);
    }
    grid_fini(&g);
    ft_close(pool);
}

static void test_points(void **state)
{
    char fault[64];

    (void)state;
    for (size_t p = 0; p < sizeof points / sizeof points[0]; p++) {
        for (unsigned count = 1; count < 8; count += 3) {
            (void)snprintf(fault, sizeof fault, "%s:%u", points[p], count);
            run_through_fault("fake:2x1/private,cpu:1", fault);
            run_through_fault("fake:1x1/private", fault);
        }
    }
}

/* Between two jobs: its successor has nothing, and gets everything again. */
static void test_killed_between_jobs(void **state)
{
    yoke_pool *pool = ft_pool("fake:1x1/private", NULL);
    lent_grid g;

    (void)state;
    grid_init(&g, pool, ROWS, true);
    grid_steps(&g, 3, NULL);
    assert_int_equal(grid_moved(pool, "fake", false), ROWS * GRID_ROW);
    assert_int_equal(kill(ft_worker(pool, "fake").pid, SIGKILL), 0);
    assert_true(ft_recovers(pool, 1));
    grid_steps(&g, 3, NULL);
    assert_int_equal(grid_moved(pool, "fake", false), 2 * ROWS * GRID_ROW);
    grid_reclaim(&g);
    assert_true(grid_is_right(&g));
    grid_fini(&g);
    ft_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_points),
        yt_unit_test(test_killed_between_jobs),
    };

    return yt_run_group(tests);
}
