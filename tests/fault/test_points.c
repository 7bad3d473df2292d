/* SPDX-License-Identifier: MIT */
/* A worker that dies at any place of the protocol costs only time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_setup.h"

enum { ITEMS = 3000, MOST_RUNS = 400 };

static const char *const points[] = {
    "start",        "after-enter", "after-take", "after-steal",   "after-claim",
    "after-save",   "before-run",  "after-run",  "after-commit", "between-marks",
    "before-leave", "after-leave", "after-end",
};

enum { POINTS = sizeof points / sizeof points[0] };

/* Nothing is saved for a job that changes nothing in place. */
static bool is_reached(const char *point, ft_kind kind)
{
    return (kind != FT_OUT && kind != FT_SOME) || strcmp(point, "after-save") != 0;
}

/* Runs the job until the fault has struck, and once more. */
static void run_through_fault(const char *devices, const char *fault, ft_kind kind)
{
    yoke_pool *pool = ft_pool(devices, fault);
    ft_job *job = ft_job_create(pool, kind, ITEMS, false, true);
    unsigned runs = 0;

    while (ft_restarts(pool) == 0 && runs++ < MOST_RUNS) {
        ft_job_run(job, NULL);
    }
    if (ft_restarts(pool) == 0 && !ft_recovers(pool, 1)) {
        fail_msg("%s, %s, %s: no worker died", devices, fault, ft_kind_names[kind]);
    }
    if (!ft_recovers(pool, 1)) {
        fail_msg("%s, %s, %s: no replacement", devices, fault, ft_kind_names[kind]);
    }
    ft_job_run(job, NULL);
    ft_job_destroy(job);
    ft_close(pool);
}

/* Every place meets some kinds of jobs, at once or late: others with other devices or the other
 * start. */
static void run_all(const char *devices)
{
    static const unsigned counts[] = {1, 4};
    static size_t turn;
    const char *start = getenv("YOKE_START");
    const size_t first = turn++ + (start != NULL && strcmp(start, "spawn") == 0);

    for (size_t p = 0; p < POINTS; p++) {
        for (int kind = 0; kind < FT_KINDS; kind++) {
            const unsigned count = counts[(first + p + (size_t)kind) / 3 % 2];
            char fault[64];

            /* Only three processes start. */
            (void)snprintf(fault, sizeof fault, "%s:%u", points[p],
                           p == 0 && count > 3 ? 3 : count);
            if (is_reached(points[p], (ft_kind)kind) &&
                yt_is_turn(first + p * FT_KINDS + (size_t)kind, 3)) {
                run_through_fault(devices, fault, (ft_kind)kind);
            }
        }
    }
}

static void test_cpu(void **state)
{
    (void)state;
    run_all("cpu:3");
}

static void test_fake(void **state)
{
    (void)state;
    run_all("fake:3x1");
}

static void test_private_memory(void **state)
{
    (void)state;
    run_all("fake:2x0.5/private,cpu:1");
}

/* There is no other worker to help. */
static void test_alone(void **state)
{
    static const char *const places[] = {
        "after-enter",   "after-claim",  "after-run",   "after-commit",
        "between-marks", "before-leave", "after-leave", "after-end"};

    (void)state;
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        for (int kind = 0; kind < FT_KINDS; kind++) {
            if (yt_is_turn(p * FT_KINDS + (size_t)kind, 3)) {
                run_through_fault("cpu:1", places[p], (ft_kind)kind);
            }
        }
    }
}

static void add_one(const yoke_span *span, void *const args[])
{
    uint32_t *x = args[0];
    const uint32_t n = *(const uint32_t *)args[1];

    if (span->begin == 0) {
        for (uint32_t i = 0; i < n; i++) {
            x[i] += 1;
        }
    }
}

/* in_whole table of one pointer, n */
static void add_one_behind(const yoke_span *span, void *const args[])
{
    add_one(span, (void *const[]){*(void *const *)args[0], args[1]});
}

typedef enum change_way { CHANGE_ARRAY, CHANGE_STAGED, CHANGE_BEHIND, CHANGE_WAYS } change_way;

/* One worker changes all of an array, a copy of memory outside the pool, or memory behind a
 * pointer; another has to do it again. */
static void change_once(const char *fault, change_way way)
{
    const bool stage = way == CHANGE_STAGED;
    static uint32_t outside[ITEMS];
    const yoke_kernel_options kernel_options = {
        .name = "add_one", .native = way == CHANGE_BEHIND ? add_one_behind : add_one};
    const yoke_map_options options = {.stage = stage};
    const uint32_t n = ITEMS;
    yoke_pool *pool = ft_pool("cpu:2", fault);
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;
    uint32_t *x = stage ? outside : yoke_alloc(pool, sizeof outside);
    uint32_t **table = yoke_alloc(pool, sizeof *table);
    const yoke_arg array = way == CHANGE_BEHIND ? yoke_in_whole(table, sizeof *table)
                                                : yoke_inout_whole(x, sizeof outside);
    const yoke_arg args[] = {array, yoke_scalar(n),
                             yoke_uses(x, sizeof outside, YOKE_ACCESS_READ_WRITE)};

    assert_non_null(table);
    *table = x;
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &kernel_options));
    for (uint32_t i = 0; i < ITEMS; i++) {
        x[i] = i;
    }
    assert_ok_pool(
        pool,
        yoke_map_async(&future, pool, kernel, yoke_range_1d(100), &options, args,
                       way == CHANGE_BEHIND ? 3 : 2));
    assert_ok_pool(pool, ft_finish(future));
    for (uint32_t i = 0; i < ITEMS; i++) {
        assert_int_equal(x[i], i + 1);
    }
    assert_true(ft_recovers(pool, 1));
    yoke_kernel_destroy(kernel);
    ft_close(pool);
}

static void test_whole(void **state)
{
    static const char *const places[] = {"after-enter", "after-claim",  "after-save",
                                         "after-run",   "after-commit", "before-leave"};

    (void)state;
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        for (int way = 0; way < CHANGE_WAYS; way++) {
            change_once(places[p], (change_way)way);
        }
    }
}

/* Whatever happens to every process that comes by: an end, and its reason. A new process would begin
 * with few items. */
static void test_for_ever(void **state)
{
    const yoke_map_options options = {.chunk = ITEMS / 8};

    (void)state;
    for (size_t p = 1; p < POINTS; p++) {
        for (int kind = 0; kind < FT_KINDS; kind++) {
            char fault[64];
            yoke_pool *pool;
            ft_job *job;
            yoke_future *future = NULL;
            yoke_status status;

            if (!yt_is_turn(p * FT_KINDS + (size_t)kind, 3)) {
                continue;
            }
            (void)snprintf(fault, sizeof fault, "%s+", points[p]);
            pool = ft_pool("cpu:2,fake:1", fault);
            job = ft_job_create(pool, (ft_kind)kind, ITEMS, false, true);
            assert_ok_pool(pool, ft_job_submit(job, &options, &future));
            status = ft_finish(future);
            if (status == YOKE_OK) {
                assert_int_equal(ft_job_wrong(job), -1);
            } else if (status != YOKE_ECRASHED && status != YOKE_ENODEVICE) {
                fail_msg("%s: %s", fault, yoke_strerror(status));
            } else {
                assert_contains(yoke_pool_error(pool), "kernel '");
            }
            ft_job_destroy(job);
            ft_close(pool);
        }
    }
}

static void test_no_start(void **state)
{
    const yoke_pool_options options = {.devices = "cpu:2,fake:1"};
    yoke_pool *pool = NULL;

    (void)state;
    (void)setenv("YOKE_FAULT", "start+", 1);
    assert_status(yoke_pool_create(&pool, &options), YOKE_ENODEVICE);
    (void)unsetenv("YOKE_FAULT");
    assert_null(pool);
    assert_contains(yoke_pool_error(NULL), "killed by signal 9");
}

static void test_unknown(void **state)
{
    yoke_pool *pool;

    (void)state;
    (void)setenv("YOKE_FAULT", "nowhere", 1);
    assert_status(yoke_pool_create(&pool, NULL), YOKE_EINVAL);
    (void)unsetenv("YOKE_FAULT");
    assert_contains(yoke_pool_error(NULL), "nowhere");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_cpu),
        yt_unit_test(test_fake),
        yt_unit_test(test_private_memory),
        yt_unit_test(test_alone),
        yt_unit_test(test_whole),
        yt_unit_test(test_for_ever),
        yt_unit_test(test_no_start),
        yt_unit_test(test_unknown),
    };

    return yt_run_group(tests);
}
