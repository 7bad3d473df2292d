/* SPDX-License-Identifier: MIT */
/* Kernels that crash or hang inside PoCL, and PoCL's processes that die. */
#include <string.h>

#include "fault_setup.h"

enum { ITEMS = 3000, CL_ITEMS = 256 };

static const char bad_source[] =
    "__kernel void wild(__global uint *z, uint bad, ulong where)\n"
    "{ uint i = get_global_id(0); z[i] = i + 1;\n"
    "  if (i == bad) *(volatile __global uint *)where = 1; }\n"
    "__kernel void far(__global uint *z, uint bad, ulong where)\n"
    "{ uint i = get_global_id(0); z[i] = i + 1;\n"
    "  if (i == bad) z[i + (1UL << 44) + where] = 1; }\n"
    "__kernel void spin(__global uint *z, uint bad, ulong where)\n"
    "{ uint i = get_global_id(0); z[i] = i + 1;\n"
    "  while (i == bad && *(volatile __global uint *)&z[i] != where) {} }\n";

static bool has_pocl(void)
{
    const yoke_pool_options options = {
        .devices = "cpu:1", .discover = true, .wait_ready = true};
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
    assert_ok_pool(
        pool, yoke_map_async(&future, pool, kernel, yoke_range_1d(CL_ITEMS), options,
                             YOKE_ARGS(yoke_out(z, sizeof *z), yoke_scalar(bad),
                                       yoke_scalar((uint64_t)0))));
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
    assert_contains(yoke_pool_error(pool), "in the kernel's code, compiled by PoCL");
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

static void test_crash(void **state)
{
    (void)state;
    if (!has_pocl()) {
        skip();
    }
    crash_pocl("cpu:2", "wild");
    crash_pocl("opencl:pocl", "wild");
    crash_pocl("cpu:1,opencl:pocl", "far");
}

static void test_hang(void **state)
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
    assert_status_pool(pool, run_bad(pool, "spin", 70, &options, z), YOKE_EDEADLINE);
    assert_contains(yoke_pool_error(pool), "have been running on opencl");
    assert_true(ft_recovers(pool, 1));
    assert_ok_pool(pool, run_bad(pool, "spin", CL_ITEMS, NULL, z));
    assert_int_equal(z[70], 71);
    ft_close(pool);
}

/* A driver's processes die at any place, too. */
static void test_points(void **state)
{
    static const char *const points[] = {"start", "build", "after-claim", "after-run",
                                         "between-marks"};

    (void)state;
    if (!has_pocl()) {
        skip();
    }
    for (size_t p = 0; p < sizeof points / sizeof points[0]; p++) {
        for (int kind = p < 2 ? FT_INOUT : FT_OUT;
             kind < (p < 2 ? FT_UPDATE : FT_KINDS); kind++) {
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
        yt_unit_test(test_hang),
        yt_unit_test(test_points),
    };

    return yt_run_group(tests);
}
