/* SPDX-License-Identifier: MIT */
/* Compilers that take the process down. */
#include <stdatomic.h>

#include "fault_setup.h"
#include "pool/pool.h"

enum { ITEMS = 1000 };
static const char source[] =
    "__kernel void fine(__global float *a) { a[get_global_id(0)] += 1.0f; }";

/* Every process that builds dies of it: an error, and the pool works. */
static void test_crash(void **state)
{
    static const char *const devices[] = {"cpu:1", "cpu:3", "opencl:pocl"};
    const yoke_kernel_options options = {.name = "fine", .source = source};

    (void)state;
    for (size_t d = 0; d < sizeof devices / sizeof devices[0]; d++) {
        yoke_pool *pool = ft_pool(devices[d], "build+");
        yoke_kernel *kernel = NULL;
        ft_job *job;

        assert_status_pool(pool, yoke_kernel_create(&kernel, pool, &options),
                           YOKE_EBUILD);
        assert_null(kernel);
        assert_contains(yoke_pool_error(pool), "fine");
        assert_contains(yoke_pool_error(pool), d == 2 ? "on opencl0" : "on cpu");
        assert_contains(yoke_pool_error(pool), "compiler");
        assert_true(ft_recovers(pool, 2));
        atomic_store(&pool->control->fault.countdown, 0);
        job = ft_job_create(pool, FT_INOUT, ITEMS, true, false);
        ft_job_run(job, NULL);
        ft_job_destroy(job);
        ft_close(pool);
    }
}

/* Somebody kills a worker that is building: the next process builds. */
static void test_killed_while_building(void **state)
{
    static const char *const devices[] = {"cpu:1", "cpu:3", "opencl:pocl"};

    (void)state;
    for (size_t d = 0; d < sizeof devices / sizeof devices[0]; d++) {
        yoke_pool *pool = ft_pool(devices[d], "build");
        ft_job *job = ft_job_create(pool, FT_INOUT, ITEMS, true, false);

        ft_job_run(job, NULL);
        assert_true(ft_recovers(pool, 1));
        ft_job_run(job, NULL);
        ft_job_destroy(job);
        ft_close(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_crash),
        yt_unit_test(test_killed_while_building),
    };

    return yt_run_group(tests);
}
