/* SPDX-License-Identifier: MIT */
/* Processes of OpenCL devices that execute the program, since that has a driver loaded: they die
 * as they take over, and wherever those die that are forked. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_setup.h"

enum { ITEMS = 3000 };

static const char icd[] = "/etc/OpenCL/vendors/pocl.icd";
static const char devices[] = "fake:1,opencl:pocl";

/* A driver in this program, which need not be used for that. */
static bool load_driver(void)
{
    char library[256] = "";
    FILE *file = fopen(icd, "re");

    if (file == NULL) {
        return false;
    }
    if (fgets(library, sizeof library, file) != NULL) {
        library[strcspn(library, "\r\n")] = '\0';
    }
    (void)fclose(file);
    (void)setenv("OCL_ICD_VENDORS", icd, 1);
    return dlopen(library, RTLD_NOW) != NULL;
}

static void run_all_kinds(yoke_pool *pool)
{
    for (int kind = 0; kind < FT_KINDS; kind++) {
        ft_job *job = ft_job_create(pool, (ft_kind)kind, ITEMS, true, true);

        for (int i = 0; i < 3; i++) {
            ft_job_run(job, &(yoke_map_options){.grain = 64});
        }
        ft_job_destroy(job);
    }
}

static void test_no_fault(void **state)
{
    yoke_pool *pool = ft_pool(devices, NULL);

    (void)state;
    assert_int_equal(yoke_pool_start_method(pool), YOKE_START_FORK);
    run_all_kinds(pool);
    assert_int_equal(ft_restarts(pool), 0);
    ft_close(pool);
}

/* Without its probe a driver has no devices; this says why. */
static void test_probe_dies(void **state)
{
    const yoke_pool_options options = {.devices = devices};
    yoke_pool *pool;

    (void)state;
    (void)setenv("YOKE_FAULT", "device-taken:1", 1);
    assert_status_pool(NULL, yoke_pool_create(&pool, &options), YOKE_ENODEVICE);
    assert_contains(yoke_pool_error(NULL), "crashes when asked");
    (void)unsetenv("YOKE_FAULT");
    assert_true(yt_nothing_alive());
}

static void check_worker(const char *fault, unsigned restarts)
{
    yoke_pool *pool = ft_pool(devices, fault);

    run_all_kinds(pool);
    assert_true(ft_recovers(pool, restarts));
    run_all_kinds(pool);
    ft_close(pool);
}

static void test_worker_dies(void **state)
{
    (void)state;
    check_worker("device-taken:2", 1);
    check_worker("start:1:1", 1);
    check_worker("build:1:1", 1);
    check_worker("after-save:1:1", 1);
    check_worker("after-run:2:1", 1);
    check_worker("after-commit:3:1", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_no_fault),
        yt_unit_test(test_probe_dies),
        yt_unit_test(test_worker_dies),
    };

    if (getenv("YOKE_START") != NULL || !load_driver()) {
        return 77; /* a spawned pool has only what constructors have loaded */
    }
    return yt_run_group(tests);
}
