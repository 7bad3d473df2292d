/* SPDX-License-Identifier: MIT */
/* Reductions while workers die, at each place of the protocol and at any moment: the
 * same bits. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_setup.h"
#include "support/plain_reduce.h"

enum { N = 300 * YOKE_REDUCE_BLOCK + 4001, MOST_RUNS = 400 };

static const char *const points[] = {
    "start",       "after-enter", "after-take",   "after-loot",    "after-claim",
    "before-run",  "after-run",   "after-commit", "between-marks", "before-leave",
    "after-leave", "after-end",   "build",
};

static float *make_array(yoke_pool *pool)
{
    float *x = yoke_alloc(pool, N * sizeof *x);

    assert_non_null(x);
    plain_fill(YOKE_FLOAT, x, N, 6);
    return x;
}

static void check(yoke_pool *pool, const float *x, const yoke_reduced right[])
{
    static const yoke_operation operations[] = {YOKE_SUM, YOKE_ARGMIN};

    for (int i = 0; i < 2; i++) {
        yoke_future *future = NULL;
        yoke_reduced got = {.index = 0};

        assert_ok_pool(pool, yoke_reduce_async(&future, pool, operations[i], YOKE_FLOAT,
                                               x, N, &got, NULL));
        assert_ok(ft_finish(future));
        assert_true(plain_same(got, right[i]));
    }
}

static void find_right(const float *x, yoke_reduced right[2])
{
    right[0] = plain_reduce(YOKE_SUM, YOKE_FLOAT, x, x, N);
    right[1] = plain_reduce(YOKE_ARGMIN, YOKE_FLOAT, x, x, N);
}

static void run_through_fault(const char *devices, const char *fault)
{
    yoke_pool *pool = ft_pool(devices, fault);
    float *x = make_array(pool);
    yoke_reduced right[2];
    unsigned runs = 0;

    find_right(x, right);
    while (ft_restarts(pool) == 0 && runs++ < MOST_RUNS) {
        check(pool, x, right);
    }
    if (!ft_recovers(pool, 1)) {
        fail_msg("%s, %s: nobody died, or no replacement", devices, fault);
    }
    check(pool, x, right);
    ft_close(pool);
}

static void test_points(void **state)
{
    static const char *const devices[] = {"cpu:3", "fake:2x1/private,cpu:1"};

    (void)state;
    for (size_t d = 0; d < 2; d++) {
        for (size_t p = 0; p < sizeof points / sizeof points[0]; p++) {
            char fault[64];

            (void)snprintf(fault, sizeof fault, "%s:2", points[p]);
            run_through_fault(devices[d], fault);
        }
    }
}

/* One is killed after the other, each while a reduction is under way. */
static void test_kills(void **state)
{
    enum { KILLS = 30 };
    yoke_pool *pool = ft_pool("cpu:3", NULL);
    float *x = make_array(pool);
    yoke_reduced right[2];

    (void)state;
    find_right(x, right);
    check(pool, x, right);
    for (unsigned k = 0; k < KILLS; k++) {
        yoke_future *future = NULL;
        yoke_reduced got = {.index = 0};
        ft_workers workers;

        ft_look(pool, &workers);
        assert_ok_pool(pool, yoke_reduce_async(&future, pool, YOKE_SUM, YOKE_FLOAT, x,
                                               N, &got, NULL));
        assert_int_equal(kill(workers.info[k % workers.count].pid, SIGKILL), 0);
        assert_ok(ft_finish(future));
        assert_true(plain_same(got, right[0]));
        assert_true(ft_recovers(pool, k + 1));
    }
    ft_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_points),
        yt_unit_test(test_kills),
    };

    return yt_run_group(tests);
}
