/* SPDX-License-Identifier: MIT */
/* Workers that die with results that they alone had: jobs that need these say so, those
 * that do not are right, and the pool works on. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "fault_setup.h"
#include "support/lent_grid.h"
#include "support/lent_line.h"

enum { ROWS = 64, BYTES = ROWS * GRID_ROW, MOST_STEPS = 400 };

/* For PoCL. */
enum { TOO_LARGE_GROUP = 8192 };

static const yoke_map_options keep = {.recovery = YOKE_RECOVER_NONE};
static const yoke_map_options on_fake = {.devices = "fake",
                                         .recovery = YOKE_RECOVER_NONE};
static const yoke_map_options on_cpu = {.devices = "cpu",
                                        .recovery = YOKE_RECOVER_NONE};

static const char pocl[] = "/etc/OpenCL/vendors/pocl.icd";

static void kill_worker(yoke_pool *pool, const char *name)
{
    const unsigned restarts = ft_restarts(pool);

    assert_int_equal(kill(ft_worker(pool, name).pid, SIGKILL), 0);
    assert_true(ft_recovers(pool, restarts + 1));
}

/* A step that has to fail for what is lost; it is not counted. */
static void step_is_lost(lent_grid *g, const yoke_map_options *options,
                         const char *text)
{
    yoke_future *future = grid_step(g, options);

    assert_status(yoke_future_wait(future, FT_SECONDS), YOKE_ELOST);
    if (strstr(yoke_future_error(future), text) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", text, yoke_future_error(future));
    }
    yoke_future_destroy(future);
}

/* Both grids are the program's again, whatever is in them. */
static bool reclaim_both(lent_grid *g)
{
    const yoke_status first = yoke_reclaim(g->grids[0]);
    const yoke_status second = yoke_reclaim(g->grids[1]);

    assert_true(first == YOKE_OK || first == YOKE_ELOST);
    assert_true(second == YOKE_OK || second == YOKE_ELOST);
    return (g->steps % 2 == 0 ? first : second) == YOKE_OK;
}

static void start_again(lent_grid *g)
{
    grid_fill(g, 5);
    grid_lend(g);
}

static void works_on(lent_grid *g)
{
    start_again(g);
    grid_steps(g, 4, &keep);
    grid_reclaim(g);
    assert_true(grid_is_right(g));
}

/* ---- between jobs ---- */

static void check_lost(const char *devices, const char *name)
{
    yoke_pool *pool = ft_pool(devices, NULL);
    char text[64];
    lent_grid g;

    (void)snprintf(text, sizeof text,
                   "bytes [0, %d) of argument 2 were lost with worker", BYTES);
    grid_init(&g, pool, ROWS, true);
    grid_steps(&g, 3, &on_fake);
    kill_worker(pool, name);
    step_is_lost(&g, NULL, text);
    step_is_lost(&g, &keep, "were lost");
    (void)reclaim_both(&g);
    works_on(&g);
    grid_fini(&g);
    ft_close(pool);
}

static void test_lost(void **state)
{
    (void)state;
    check_lost("fake:1x1/private", "fake");
}

static void test_reclaim_of_what_is_lost(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1,fake:1x1/private", NULL);
    lent_grid g;

    (void)state;
    grid_init(&g, pool, ROWS, true);
    grid_steps(&g, 1, &on_fake);
    kill_worker(pool, "fake");
    assert_ok_pool(pool, yoke_reclaim(g.grids[0]));
    assert_status(yoke_reclaim(g.grids[1]), YOKE_ELOST);
    assert_non_null(strstr(yoke_pool_error(pool), "bytes [0, 262144)"));
    assert_non_null(strstr(yoke_pool_error(pool), "worker fake0"));
    works_on(&g);
    grid_fini(&g);
    ft_close(pool);
}

/* ... by one job, whose chunks share blocks. */
static void check_overwritten(const yoke_map_options *options)
{
    yoke_pool *pool = ft_pool("cpu:2,fake:1x1/private", NULL);
    lent_line l;

    line_init(&l, pool);
    ft_finish(line_spread_once(&l, &on_fake)); /* 0 to 1 */
    kill_worker(pool, "fake");
    l.at = 0;
    assert_status(ft_finish(line_spread_once(&l, options)), YOKE_OK); /* again */
    assert_status(ft_finish(line_spread_once(&l, &keep)), YOKE_OK);
    assert_ok_pool(pool, yoke_reclaim(l.lines[0]));
    assert_ok_pool(pool, yoke_reclaim(l.lines[1]));
    assert_true(line_is_right(&l));
    line_fini(&l);
    ft_close(pool);
}

static void test_overwritten_is_good_again(void **state)
{
    (void)state;
    check_overwritten(NULL);
    check_overwritten(&on_cpu);
    check_overwritten(&keep);
}

/* What a job with recovery has computed is never lost. */
static void test_recoverable(void **state)
{
    yoke_pool *pool = ft_pool("fake:1x1/private", NULL);
    lent_grid g;

    (void)state;
    grid_init(&g, pool, ROWS, true);
    grid_steps(&g, 2, &keep);
    grid_steps(&g, 1, NULL);
    kill_worker(pool, "fake");
    grid_steps(&g, 2, NULL);
    grid_reclaim(&g);
    assert_true(grid_is_right(&g));
    grid_fini(&g);
    ft_close(pool);
}

/* ---- at every place ---- */

static const char *const points[] = {
    "after-enter",   "after-take",   "before-run",    "after-run",
    "after-commit",  "before-leave", "after-leave",   "after-end",
    "before-keep",   "before-give",  "after-give",    "after-part",
    "between-gives", "after-written", "before-flush", "after-flush",
};

/* One step, with all that may become of it. False: something was lost. */
static bool step_or_lose(lent_grid *g, const yoke_map_options *options)
{
    const yoke_status status = ft_finish(grid_step(g, options));

    if (status != YOKE_OK && status != YOKE_ELOST) {
        fail_msg("a step ended with status %d", (int)status);
    }
    return status == YOKE_OK;
}

/* Steps on changing devices, with the grids back in between. Whatever says that it is right
 * has to be. */
static void round_of_steps(lent_grid *g, bool has_cpu, const char *fault)
{
    const yoke_map_options *const kinds[] = {&on_fake, &keep, has_cpu ? &on_cpu : &keep,
                                             NULL};
    bool complete = true;

    start_again(g);
    for (int i = 0; i < 7 && complete; i++) {
        complete = step_or_lose(g, kinds[i % 4]);
    }
    if (reclaim_both(g) && complete && !grid_is_right(g)) {
        fail_msg("%s: wrong after %d steps", fault, g->steps);
    }
}

static void run_through_fault(const char *devices, const char *fault)
{
    yoke_pool *pool = ft_pool(devices, fault);
    const bool has_cpu = strstr(devices, "cpu") != NULL;
    int rounds = 0;
    lent_grid g;

    grid_init(&g, pool, ROWS, false);
    while (ft_restarts(pool) == 0 && rounds++ < MOST_STEPS / 7) {
        round_of_steps(&g, has_cpu, fault);
    }
    if (!ft_recovers(pool, 1)) {
        fail_msg("%s, %s: no replacement", devices, fault);
    }
    round_of_steps(&g, has_cpu, fault);
    works_on(&g);
    grid_fini(&g);
    ft_close(pool);
}

static void test_points(void **state)
{
    char fault[64];

    (void)state;
    for (size_t p = 0; p < sizeof points / sizeof points[0]; p++) {
        const bool once = strcmp(points[p], "before-keep") == 0;

        for (unsigned count = 1; count < (once ? 2 : 8); count += 3) {
            (void)snprintf(fault, sizeof fault, "%s:%u", points[p], count);
            run_through_fault("fake:2x1/private,cpu:1", fault);
            run_through_fault("fake:1x1/private", fault);
        }
    }
}

/* A worker that asks for a complete write-back because a device declines a job may die at that
 * point. */
static void test_death_of_whoever_asks(void **state)
{
    yoke_pool *pool;
    lent_line l;

    (void)state;
    if (access(pocl, R_OK) != 0) {
        skip();
    }
    (void)setenv("YOKE_FORCE_DISCRETE", "1", 1);
    pool = ft_pool("cpu:1,opencl:pocl", "after-ask");
    (void)unsetenv("YOKE_FORCE_DISCRETE");
    line_init(&l, pool);
    yoke_kernel_destroy(l.change);
    assert_ok_pool(pool, yoke_kernel_create(
                             &l.change, pool,
                             &(yoke_kernel_options){.name = "change",
                                                    .source = line_source,
                                                    .native = line_change,
                                                    .group = {TOO_LARGE_GROUP, 1, 1}}));
    for (int i = 0; i < 50 && ft_restarts(pool) == 0; i++) {
        yoke_future_destroy(
            line_spread_once(&l, &(yoke_map_options){.devices = "opencl",
                                                     .recovery = YOKE_RECOVER_NONE}));
        assert_status(ft_finish(line_change_once(
                          &l, &(yoke_map_options){.recovery = YOKE_RECOVER_NONE,
                                                  .round_up = true})),
                      YOKE_OK);
    }
    assert_true(ft_recovers(pool, 1));
    assert_ok_pool(pool, yoke_reclaim(l.lines[0]));
    assert_ok_pool(pool, yoke_reclaim(l.lines[1]));
    assert_true(line_is_right(&l));
    line_fini(&l);
    ft_close(pool);
}

/* ---- any time ---- */

/* Deaths in a queue of steps: what needs something lost fails, and all after it. */
static void check_kills(const char *devices, const char *name)
{
    yoke_pool *pool = ft_pool(devices, NULL);
    lent_grid g;

    grid_init(&g, pool, ROWS, false);
    for (int round = 0; round < 20; round++) {
        const unsigned restarts = ft_restarts(pool);
        yoke_status status = YOKE_OK;
        yoke_future *last = NULL;

        start_again(&g);
        for (int i = 0; i < 60; i++) {
            yoke_future_destroy(last);
            last = grid_step(&g, &keep);
            if (i == 3 * round) {
                (void)kill(ft_worker(pool, name).pid, SIGKILL);
            }
        }
        status = ft_finish(last);
        assert_true(status == YOKE_OK || status == YOKE_ELOST ||
                    status == YOKE_EDEPENDENCY);
        /* What the last one follows from is a failure of one that was given back. */
        assert_status(yoke_pool_wait(pool, FT_SECONDS),
                      status == YOKE_EDEPENDENCY ? YOKE_ELOST : YOKE_OK);
        if (!ft_recovers(pool, restarts + 1)) {
            fail_msg("%s, round %d: %s is %s, %u restarts, %u before", devices, round, name,
                     ft_worker(pool, name).state == YOKE_WORKER_STARTING ? "starting" : "not",
                     ft_restarts(pool), restarts);
        }
        if (reclaim_both(&g) && status == YOKE_OK) {
            assert_true(grid_is_right(&g));
        }
    }
    works_on(&g);
    grid_fini(&g);
    ft_close(pool);
}

static void test_kills(void **state)
{
    (void)state;
    check_kills("fake:1x1/private", "fake");
    check_kills("fake:2x1/private", "fake1");
    check_kills("cpu:1,fake:1x1/private", "fake");
    check_kills("cpu:1,fake:1x1/private", "cpu");
}

static void test_kills_on_opencl(void **state)
{
    (void)state;
    if (access(pocl, R_OK) != 0) {
        skip();
    }
    (void)setenv("YOKE_FORCE_DISCRETE", "1", 1);
    check_kills("opencl:pocl,fake:1x1/private", "fake");
    (void)unsetenv("YOKE_FORCE_DISCRETE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_lost),
        yt_unit_test(test_reclaim_of_what_is_lost),
        yt_unit_test(test_overwritten_is_good_again),
        yt_unit_test(test_recoverable),
        yt_unit_test(test_points),
        yt_unit_test(test_death_of_whoever_asks),
        yt_unit_test(test_kills),
        yt_unit_test(test_kills_on_opencl),
    };

    return yt_run_group(tests);
}
