/* SPDX-License-Identifier: MIT */
/* A worker that dies at any place of the protocol of items costs only time: each item of a job
 * that goes on past failures has its exact status, and is changed once. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault_setup.h"

enum { ITEMS = 400, MOST_RUNS = 100 };

static const char *const points[] = {
    "item-since",   "item-started", "item-called", "item-done",  "item-failed",
    "item-explained", "item-counted", "after-take",  "after-claim", "after-save",
    "before-run",   "after-run",    "after-commit", "between-marks",
};

enum { POINTS = sizeof points / sizeof points[0] };

static bool is_bad(size_t index)
{
    return index % 40 == 7;
}

static int mix_or_fail(yoke_task *task)
{
    if (is_bad(task->index)) {
        return yoke_task_fail(task, 4, "bad");
    }
    *(uint32_t *)task->output = ft_mix(*(const uint32_t *)task->input, 100);
    return 0;
}

static int change_or_fail(yoke_task *task)
{
    uint32_t *value = task->args[0];

    *value = ft_mix(*value, 100);
    return is_bad(task->index) ? yoke_task_fail(task, 4, "bad") : 0;
}

static void check_statuses(yoke_pool *pool, const yoke_status *status)
{
    assert_contains(yoke_pool_error(pool), "10 of 400 items failed; item 7: ");
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(status[i], is_bad(i) ? YOKE_EKERNEL : YOKE_OK);
    }
}

static void keep_items(yoke_pool *pool, size_t chunk)
{
    uint32_t in[ITEMS];
    uint32_t out[ITEMS];
    yoke_status status[ITEMS];
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status,
                                       .item_timeout = FT_SECONDS,
                                       .chunk = chunk};

    for (uint32_t i = 0; i < ITEMS; i++) {
        in[i] = i;
        out[i] = 5;
    }
    assert_status_pool(pool,
                       yoke_apply_each(pool, mix_or_fail, ITEMS, &options,
                                       YOKE_ARGS(yoke_in(in, 4), yoke_out(out, 4))),
                       YOKE_EPARTIAL);
    check_statuses(pool, status);
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(out[i], is_bad(i) ? 5 : ft_mix(i, 100));
    }
}

static void keep_changes(yoke_pool *pool, size_t chunk)
{
    uint32_t x[ITEMS];
    yoke_status status[ITEMS];
    const yoke_task_options options = {
        .on_failure = YOKE_ON_FAILURE_KEEP, .item_status = status, .chunk = chunk};
    const yoke_arg arg = yoke_inout(x, 4);

    for (uint32_t i = 0; i < ITEMS; i++) {
        x[i] = i;
    }
    assert_status_pool(pool,
                       yoke_apply_each(pool, change_or_fail, ITEMS, &options, &arg, 1),
                       YOKE_EPARTIAL);
    check_statuses(pool, status);
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(x[i], is_bad(i) ? i : ft_mix(i, 100));
    }
}

static void run_through(const char *point, const char *count,
                        void (*scene)(yoke_pool *pool, size_t chunk), size_t chunk)
{
    char fault[64];
    yoke_pool *pool;
    unsigned runs = 0;

    (void)snprintf(fault, sizeof fault, "%s%s", point, count);
    pool = ft_pool("cpu:2", fault);
    while (ft_restarts(pool) == 0 && runs++ < MOST_RUNS) {
        scene(pool, chunk);
    }
    if (!ft_recovers(pool, 1)) {
        fail_msg("%s: no worker died, or there was no replacement", fault);
    }
    scene(pool, chunk);
    ft_close(pool);
}

static void all_points(void (*scene)(yoke_pool *pool, size_t chunk))
{
    for (size_t i = 0; i < POINTS; i++) {
        if (scene == keep_items && strcmp(points[i], "after-save") == 0) {
            continue; /* nothing is saved */
        }
        run_through(points[i], ":1", scene, 1);
        run_through(points[i], ":5", scene, 50);
        run_through(points[i], "*3:2", scene, 10);
    }
}

static void test_outputs(void **state)
{
    (void)state;
    all_points(keep_items);
}

static void test_in_place(void **state)
{
    (void)state;
    all_points(keep_changes);
}

/* ---- time limits ---- */

/* Its items end about when they are overdue: an item that is done has not failed. */
static int nearly_late(yoke_task *task)
{
    const double limit = *(const double *)task->context;
    const double end = ft_now() + (task->index % 4 == 1 ? 1 : 0) * limit;

    while (ft_now() < end) {
    }
    *(uint32_t *)task->output = (uint32_t)task->index;
    return 0;
}

static void test_races(void **state)
{
    enum { COUNT = 60 };
    const double limit = 0.02;
    yoke_pool *pool = ft_pool("cpu:2", NULL);
    uint32_t out[COUNT];
    yoke_status status[COUNT];
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status,
                                       .item_timeout = limit,
                                       .context = &limit,
                                       .context_bytes = sizeof limit};
    yoke_status ended;
    bool any = false;

    (void)state;
    memset(out, 0xff, sizeof out);
    ended = yoke_apply_each(pool, nearly_late, COUNT, &options,
                            YOKE_ARGS(yoke_out(out, 4)));
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_true(status[i] == YOKE_OK || status[i] == YOKE_EDEADLINE);
        assert_int_equal(out[i], status[i] == YOKE_OK ? i : UINT32_MAX);
        any |= status[i] != YOKE_OK;
    }
    assert_status_pool(pool, ended, any ? YOKE_EPARTIAL : YOKE_OK);
    ft_close(pool);
}

/* A limit goes down with the process that was in the item: the next attempt has one of its own.
 * Item 3 dies first and hangs then, item 5 dies and is done then, item 7 stops its process. */
static int die_or_hang(yoke_task *task)
{
    _Atomic uint32_t *attempts = task->args[1];
    const uint32_t before = atomic_fetch_add(&attempts[task->index], 1);

    if (before == 0 && (task->index == 3 || task->index == 5)) {
        (void)kill(getpid(), SIGKILL);
    }
    if (task->index == 7) {
        (void)kill(getpid(), SIGSTOP);
    }
    while (task->index == 3) {
        (void)pause();
    }
    *(uint32_t *)task->args[0] = 1;
    return 0;
}

static void test_lost_limit(void **state)
{
    static const uint32_t expected[] = {1, 1, 1, 2, 1, 2, 1, 1, 1, 1};
    enum { COUNT = sizeof expected / sizeof expected[0] };
    yoke_pool *pool = ft_pool("cpu:2", NULL);
    uint32_t *attempts = yoke_alloc(pool, sizeof expected);
    uint32_t out[COUNT] = {0};
    yoke_status status[COUNT];
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status,
                                       .item_timeout = 1};

    (void)state;
    assert_status_pool(pool,
                       yoke_apply_each(pool, die_or_hang, COUNT, &options,
                                       YOKE_ARGS(yoke_out(out, 4),
                                                 yoke_in_whole(attempts, sizeof expected))),
                       YOKE_EPARTIAL);
    assert_contains(yoke_pool_error(pool), "2 of 10 items failed");
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(status[i], i == 3 || i == 7 ? YOKE_EDEADLINE : YOKE_OK);
        assert_int_equal(out[i], i != 3 && i != 7);
        assert_int_equal(attempts[i], expected[i]);
    }
    assert_ok(yoke_free(attempts));
    ft_close(pool);
}

/* An item of which each attempt is killed from outside is tried eight times, as any tile. */
static int always_killed(yoke_task *task)
{
    _Atomic uint32_t *kills = task->args[1];

    if (task->index == 3) {
        (void)atomic_fetch_add(kills, 1);
        (void)kill(getpid(), SIGKILL);
    }
    *(uint32_t *)task->args[0] = 1;
    return 0;
}

static void test_killed_often(void **state)
{
    yoke_pool *pool = ft_pool("cpu:2", NULL);
    uint32_t *kills = yoke_alloc(pool, 4);
    uint32_t out[20] = {0};
    yoke_status status[20];
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status};

    (void)state;
    assert_status_pool(
        pool,
        yoke_apply_each(pool, always_killed, 20, &options,
                        YOKE_ARGS(yoke_out(out, 4), yoke_in_whole(kills, 4))),
        YOKE_EPARTIAL);
    assert_int_equal(*kills, 8);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(status[i], i == 3 ? YOKE_ECRASHED : YOKE_OK);
        assert_int_equal(out[i], i != 3);
    }
    assert_ok(yoke_free(kills));
    ft_close(pool);
}

/* The supervisor's death: what was done by then has no place. */
static int kill_supervisor(yoke_task *task)
{
    if (task->index == 1) {
        (void)kill(getppid(), SIGKILL);
        (void)pause();
    }
    *(uint32_t *)task->output = 1;
    return 0;
}

static void test_broken(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1", NULL);
    uint32_t out[2] = {7, 7};
    yoke_status status[2] = {YOKE_OK, YOKE_OK};
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status};

    (void)state;
    assert_status(yoke_apply_each(pool, kill_supervisor, 2, &options,
                                  YOKE_ARGS(yoke_out(out, 4))),
                  YOKE_EBROKEN);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(status[i], YOKE_EBROKEN);
        assert_int_equal(out[i], 7);
    }
    (void)yoke_pool_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_outputs),      yt_unit_test(test_in_place),
        yt_unit_test(test_races),        yt_unit_test(test_killed_often),
        yt_unit_test(test_lost_limit),   yt_unit_test(test_broken),
    };

    return yt_run_group(tests);
}
