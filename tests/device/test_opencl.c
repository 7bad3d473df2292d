/* SPDX-License-Identifier: MIT */
/* Every case on every OpenCL implementation that is installed, in place and with forced
 * transfers. Each runs in a process of its own: one can load only one driver. */
#include <unistd.h>

#include "test_opencl_cases.h"

enum { PASSED = 0, FAILED = 1, CANNOT_OPEN = 2, NOT_IN_PLACE = 3, SKIPPED = 77 };

static const char pocl[] = "/etc/OpenCL/vendors/pocl.icd";
static const char rusticl[] = "/etc/OpenCL/vendors/rusticl.icd";
static const char oclgrind[] = "/usr/lib/oclgrind/liboclgrind-rt-icd.so";

/* Every case with its arrays lent: the device keeps them, though their content changes
 * with every run. */
typedef struct opencl_run {
    yk_device_config config;
    bool lends;
} opencl_run;

static int run_all(yk_device *device)
{
    yk_device_info info;
    int result = PASSED;

    device->ops->describe(device, &info);
    for (size_t i = 0; i < sizeof opencl_cases / sizeof opencl_cases[0]; i++) {
        if (opencl_cases[i].needs_double && !info.has_double) {
            continue;
        }
        if (!run_case(device, &opencl_cases[i])) {
            result = FAILED;
        }
    }
    return result;
}

static int run_driver(void *arg)
{
    const opencl_run *const run = arg;
    const yk_device_config *const config = &run->config;
    yk_error error;
    yk_device_info info;
    yk_device *device;
    int result;

    if (yk_opencl_ops.open(&device, config, &error) != YOKE_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        return CANNOT_OPEN;
    }
    yk_opencl_ops.describe(device, &info);
    (void)fprintf(stderr, "%s (%s)%s\n", info.name, info.driver,
                  info.shares_memory ? ", in place" : "");
    bench_lends = run->lends;
    result = run_all(device);
    if (result == PASSED && info.shares_memory != (config->discrete == 0)) {
        result = NOT_IN_PLACE;
    }
    yk_opencl_ops.close(device);
    return result;
}

static void check_with(const char *path, opencl_run run)
{
    run.config.kind = YK_DEVICE_OPENCL;

    if (access(path, R_OK) != 0) {
        skip();
    }
    (void)snprintf(run.config.driver, sizeof run.config.driver, "%s", path);
    assert_int_equal(yt_in_child(run_driver, &run, 300), PASSED);
}

static void check_driver(const char *path, bool one_thread, bool discrete)
{
    check_with(
        path, (opencl_run){.config = {.one_thread = one_thread, .discrete = discrete}});
}

static void check_lent(const char *path)
{
    check_with(path, (opencl_run){.config = {.discrete = true}, .lends = true});
}

static void pocl_works_in_place(void **state)
{
    (void)state;
    check_driver(pocl, false, false);
}

static void pocl_works_with_transfers(void **state)
{
    (void)state;
    check_driver(pocl, false, true);
}

static void pocl_on_one_thread_works(void **state)
{
    (void)state;
    check_driver(pocl, true, false);
}

static void rusticl_works_in_place(void **state)
{
    (void)state;
    check_driver(rusticl, false, false);
}

static void rusticl_works_with_transfers(void **state)
{
    (void)state;
    check_driver(rusticl, false, true);
}

static void oclgrind_works_in_place(void **state)
{
    (void)state;
    check_driver(oclgrind, false, false);
}

static void oclgrind_works_with_transfers(void **state)
{
    (void)state;
    check_driver(oclgrind, false, true);
}

static void pocl_works_with_lent_arrays(void **state)
{
    (void)state;
    check_lent(pocl);
}

static void rusticl_works_with_lent_arrays(void **state)
{
    (void)state;
    check_lent(rusticl);
}

static void oclgrind_works_with_lent_arrays(void **state)
{
    (void)state;
    check_lent(oclgrind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(pocl_works_in_place),
        yt_unit_test(pocl_works_with_transfers),
        yt_unit_test(pocl_on_one_thread_works),
        yt_unit_test(rusticl_works_in_place),
        yt_unit_test(rusticl_works_with_transfers),
        yt_unit_test(oclgrind_works_in_place),
        yt_unit_test(oclgrind_works_with_transfers),
        yt_unit_test(pocl_works_with_lent_arrays),
        yt_unit_test(rusticl_works_with_lent_arrays),
        yt_unit_test(oclgrind_works_with_lent_arrays),
    };

    return yt_run_group(tests);
}
