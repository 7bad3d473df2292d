/* SPDX-License-Identifier: MIT */
/* A worker that dies at any place of the protocol costs only time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_setup.h"

enum { ITEMS = 3000, MOST_RUNS = 400 };

static const char *const points[] = {
    "start",      "after-enter", "after-take",   "after-loot",    "after-claim",
    "after-save", "before-run",  "after-run",    "after-commit",  "between-marks",
    "before-leave", "after-leave", "after-end",
};

enum { POINTS = sizeof points / sizeof points[0] };

/* Nothing is saved for a job that changes nothing in place. */
static bool is_reached(const char *point, ft_kind kind)
{
    return kind != FT_OUT || strcmp(point, "after-save") != 0;
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
        fail_msg("%s, %s, %s: nobody died", devices, fault, ft_kind_names[kind]);
    }
    if (!ft_recovers(pool, 1)) {
        fail_msg("%s, %s, %s: no replacement", devices, fault, ft_kind_names[kind]);
    }
    ft_job_run(job, NULL);
    ft_job_destroy(job);
    ft_close(pool);
}

static void run_all(const char *devices)
{
    static const unsigned counts[] = {1, 4};

    for (size_t p = 0; p < POINTS; p++) {
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            for (int kind = 0; kind < FT_KINDS; kind++) {
                char fault[64];

                /* Only three processes start. */
                (void)snprintf(fault, sizeof fault, "%s:%u", points[p],
                               p == 0 && counts[c] > 3 ? 3 : counts[c]);
                if (is_reached(points[p], (ft_kind)kind)) {
                    run_through_fault(devices, fault, (ft_kind)kind);
                }
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

/* There is nobody to help out. */
static void test_alone(void **state)
{
    static const char *const places[] = {"after-enter", "after-claim",   "after-run",
                                         "after-commit", "between-marks", "before-leave",
                                         "after-leave",  "after-end"};

    (void)state;
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        for (int kind = 0; kind < FT_KINDS; kind++) {
            run_through_fault("cpu:1", places[p], (ft_kind)kind);
        }
    }
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
        yt_unit_test(test_cpu),   yt_unit_test(test_fake), yt_unit_test(test_private_memory),
        yt_unit_test(test_alone), yt_unit_test(test_unknown),
    };

    return yt_run_group(tests);
}
