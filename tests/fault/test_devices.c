/* SPDX-License-Identifier: MIT */
/* Devices that crash, fail or hang, pretended and real. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_setup.h"

enum { ITEMS = 3000, CL_ITEMS = 256 };

/* Every kind of job is right with this device among the workers. */
static void run_all_kinds(const char *devices, unsigned restarts)
{
    yoke_pool *pool = ft_pool(devices, NULL);

    for (int kind = 0; kind < FT_KINDS; kind++) {
        ft_job *job = ft_job_create(pool, (ft_kind)kind, ITEMS, false, true);

        for (int turn = 0; turn < 5; turn++) {
            ft_job_run(job, NULL);
        }
        ft_job_destroy(job);
    }
    assert_true(ft_recovers(pool, restarts));
    ft_close(pool);
}

static void test_crash(void **state)
{
    (void)state;
    run_all_kinds("cpu:2,fake:1/crash=3", 1);
    run_all_kinds("cpu:1,fake:2/private/crash=2", 1);
}

static void test_fail(void **state)
{
    (void)state;
    run_all_kinds("cpu:2,fake:1/fail=3", 1);
    run_all_kinds("cpu:1,fake:2/private/fail=2", 1);
}

/* A device that never finishes anything is given up, and says why. */
static void test_quarantine(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1,fake:1/fail=1", NULL);
    ft_job *job = ft_job_create(pool, FT_INOUT, ITEMS, false, true);
    yoke_worker_info fake;
    int turns = 0;

    (void)state;
    do {
        ft_job_run(job, NULL);
        fake = ft_worker(pool, "fake");
    } while (fake.state != YOKE_WORKER_FAILED && turns++ < 1000);
    assert_int_equal(fake.state, YOKE_WORKER_FAILED);
    assert_contains(fake.reason, "fails at chunk");
    assert_int_equal(fake.pid, 0);
    ft_job_run(job, NULL);
    ft_job_destroy(job);
    ft_close(pool);
}

/* Nobody is left: an error, not a hang. */
static void test_only_bad_devices(void **state)
{
    static const char *const devices[] = {"fake:1/crash=1", "fake:2/fail=1",
                                          "fake:2/private/crash=1"};

    (void)state;
    for (size_t d = 0; d < sizeof devices / sizeof devices[0]; d++) {
        yoke_pool *pool = ft_pool(devices[d], NULL);
        ft_job *job = ft_job_create(pool, FT_OUT, ITEMS, false, true);
        yoke_future *future = NULL;
        yoke_status status;

        assert_ok_pool(pool, ft_job_submit(job, NULL, &future));
        status = ft_finish(future);
        assert_true(status == YOKE_ECRASHED || status == YOKE_ENODEVICE ||
                    status == YOKE_EDEVICE);
        assert_contains(yoke_pool_error(pool), "fill");
        ft_job_destroy(job);
        ft_close(pool);
    }
}

static void test_hang(void **state)
{
    const yoke_map_options limited = {.timeout = 0.3};
    const yoke_map_options cpus = {.devices = "cpu"};
    yoke_pool *pool = ft_pool("cpu:1,fake:1/hang=1", NULL);
    ft_job *job = ft_job_create(pool, FT_INOUT, ITEMS, false, true);
    yoke_future *future = NULL;
    yoke_status status = YOKE_OK;
    unsigned good = 0;

    (void)state;
    /* The fake one may come too late to take anything. */
    for (int turn = 0; turn < 100 && status == YOKE_OK; turn++) {
        assert_ok_pool(pool, ft_job_submit(job, &limited, &future));
        status = ft_finish(future);
        good += status == YOKE_OK;
    }
    assert_status_pool(pool, status, YOKE_ETIMEDOUT);
    assert_contains(yoke_pool_error(pool), "change");
    assert_true(ft_recovers(pool, 1));
    ft_job_destroy(job);
    job = ft_job_create(pool, FT_INOUT, ITEMS, false, true);
    ft_job_run(job, &cpus);
    ft_job_destroy(job);
    ft_close(pool);
}

/* ---- PoCL --------------------------------------------------------------------------------- */

static const char bad_source[] =
    "__kernel void wild(__global uint *z, uint bad, ulong where)\n"
    "{ uint i = get_global_id(0); z[i] = i + 1;\n"
    "  if (i == bad) *(volatile __global uint *)where = 1; }\n"
    "__kernel void divide(__global uint *z, uint bad, ulong where)\n"
    "{ uint i = get_global_id(0); z[i] = i + 1;\n"
    "  if (i == bad) z[i] = i / (uint)where; }\n"
    "__kernel void spin(__global uint *z, uint bad, ulong where)\n"
    "{ uint i = get_global_id(0); z[i] = i + 1;\n"
    "  while (i == bad && *(volatile __global uint *)&z[i] != where) {} }\n";

static bool has_pocl(void)
{
    const yoke_pool_options options = {.devices = "cpu:1", .discover = true,
                                       .wait_ready = true};
    yoke_pool *pool = NULL;
    ft_workers workers;
    bool found = false;

    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    ft_look(pool, &workers);
    for (size_t i = 0; i < workers.count; i++) {
        found |= strstr(workers.info[i].driver, "Portable") != NULL;
    }
    ft_close(pool);
    return found;
}

static yoke_status run_bad(yoke_pool *pool, const char *name, uint32_t bad,
                           const yoke_map_options *options, uint32_t *z)
{
    const yoke_kernel_options kernel_options = {.name = name, .source = bad_source};
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;
    yoke_status status;

    memset(z, 0, CL_ITEMS * sizeof *z);
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &kernel_options));
    assert_ok_pool(pool, yoke_map_async(&future, pool, kernel, yoke_range_1d(CL_ITEMS),
                                        options, yoke_out(z, sizeof *z), yoke_scalar(bad),
                                        yoke_scalar((uint64_t)0)));
    status = ft_finish(future);
    yoke_kernel_destroy(kernel);
    return status;
}

static void crash_pocl(const char *devices, const char *name)
{
    yoke_pool *pool = ft_pool(devices, NULL);
    const yoke_map_options options = {.grain = 64};
    uint32_t *z = yoke_alloc(pool, CL_ITEMS * sizeof *z);
    ft_job *job;

    assert_status_pool(pool, run_bad(pool, name, 70, &options, z), YOKE_ECRASHED);
    assert_contains(yoke_pool_error(pool), name);
    assert_contains(yoke_pool_error(pool), "items [64, 128)");
    assert_contains(yoke_pool_error(pool), "signal");
    for (uint32_t i = 0; i < CL_ITEMS; i++) {
        if (i < 64 || i >= 128) {
            assert_int_equal(z[i], i + 1);
        }
    }
    job = ft_job_create(pool, FT_INOUT, CL_ITEMS, true, false);
    ft_job_run(job, NULL);
    ft_job_destroy(job);
    ft_close(pool);
}

static void test_pocl_crash(void **state)
{
    (void)state;
    if (!has_pocl()) {
        skip();
    }
    crash_pocl("cpu:2", "wild");
    crash_pocl("opencl:pocl", "wild");
    crash_pocl("cpu:1,opencl:pocl", "wild");
}

static void test_pocl_hang(void **state)
{
    const yoke_map_options options = {.grain = 64, .timeout = 2.5};
    yoke_pool *pool;
    uint32_t *z;

    (void)state;
    if (!has_pocl()) {
        skip();
    }
    pool = ft_pool("opencl:pocl", NULL);
    z = yoke_alloc(pool, CL_ITEMS * sizeof *z);
    assert_status_pool(pool, run_bad(pool, "spin", 70, &options, z), YOKE_ETIMEDOUT);
    assert_true(ft_recovers(pool, 1));
    assert_ok_pool(pool, run_bad(pool, "spin", CL_ITEMS, NULL, z));
    assert_int_equal(z[70], 71);
    ft_close(pool);
}

/* A driver's processes die at any place, too. */
static void test_pocl_points(void **state)
{
    static const char *const points[] = {"start", "build", "after-claim", "after-run",
                                         "between-marks"};

    (void)state;
    if (!has_pocl()) {
        skip();
    }
    for (size_t p = 0; p < sizeof points / sizeof points[0]; p++) {
        for (int kind = p < 2 ? FT_INOUT : FT_OUT; kind < (p < 2 ? FT_UPDATE : FT_KINDS);
             kind++) {
            yoke_pool *pool = ft_pool("opencl:pocl", points[p]);
            ft_job *job = ft_job_create(pool, (ft_kind)kind, ITEMS, true, false);

            ft_job_run(job, NULL);
            assert_true(ft_recovers(pool, 1));
            ft_job_run(job, NULL);
            ft_job_destroy(job);
            ft_close(pool);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_crash),
        yt_unit_test(test_fail),
        yt_unit_test(test_quarantine),
        yt_unit_test(test_only_bad_devices),
        yt_unit_test(test_hang),
        yt_unit_test(test_pocl_crash),
        yt_unit_test(test_pocl_hang),
        yt_unit_test(test_pocl_points),
    };

    return yt_run_group(tests);
}
