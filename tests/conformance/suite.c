/* SPDX-License-Identifier: MIT */
#include "suite_folder.h"
#include "suite_oclgrind.h"
#include "suite_run.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TESTS = 128, MAX_WORKERS = 64, SKIPPED = 77 };

static const suite_target *target;
static yoke_pool *pool;
static int findings = -1;
static bool has_findings;

static const suite_case *const all_cases[] = {
    suite_array_cases, suite_value_cases,   suite_range_cases,   suite_shape_cases,
    suite_run_cases,   suite_group_cases, suite_stencil_cases, suite_program_cases,
    NULL,
};

/* ---- the driver ---- */

static bool has_icd_file(const char *driver)
{
    DIR *const folder = opendir("/etc/OpenCL/vendors");
    const struct dirent *entry;
    bool found = false;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        found = found || strstr(entry->d_name, driver) != NULL;
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return found;
}

static bool is_installed(const suite_target *wanted)
{
    if (wanted->checked) {
        return suite_oclgrind_is_installed();
    }
    return wanted->driver == NULL || has_icd_file(wanted->driver);
}

/* ---- the group ---- */

static int open_pool(void **state)
{
    const yoke_pool_options options = {.devices = target->devices, .wait_ready = true};

    (void)state;
    if ((target->checked ? suite_oclgrind_create(&pool, &options, &findings)
                         : yoke_pool_create(&pool, &options)) != YOKE_OK) {
        print_error("%s: %s\n", target->devices, yoke_pool_error(NULL));
        return 1;
    }
    return 0;
}

static int close_pool(void **state)
{
    char text[8192] = "";
    bool ok = yoke_pool_close(pool) == YOKE_OK;

    (void)state;
    if (findings >= 0 && suite_oclgrind_read(findings, text, sizeof text) > 0) {
        print_error("Oclgrind has findings:\n%s\n", text);
        has_findings = true;
        ok = false;
    }
    return ok ? 0 : 1;
}

/* Not a device that was found and is not used, nor a driver without any. */
static bool is_worker(const yoke_worker_info *info)
{
    return info->state != YOKE_WORKER_UNUSED && strcmp(info->name, "driver") != 0;
}

static bool lacks_double(void)
{
    yoke_worker_info workers[MAX_WORKERS];
    size_t count;

    assert_ok_pool(pool, yoke_pool_workers(pool, workers, MAX_WORKERS, &count));
    for (size_t i = 0; i < count && i < MAX_WORKERS; i++) {
        if (is_worker(&workers[i]) && !workers[i].has_double) {
            print_message("%s has no double precision\n", workers[i].name);
            return true;
        }
    }
    return false;
}

static void create_kernels(suite_run *run)
{
    for (size_t k = 0; k < SUITE_MAX_KERNELS; k++) {
        const suite_kernel *const kernel = &run->tested->kernels[k];
        const yoke_kernel_options options = {
            .name = kernel->name,
            .source = kernel->source,
            .native = target->source_only ? NULL : kernel->native,
            .build_options = suite_folder_options(kernel->build_options),
            .group = {kernel->group[0], kernel->group[1], kernel->group[2]},
        };

        if (kernel->name != NULL) {
            assert_ok_pool(run->pool,
                           yoke_kernel_create(&run->kernels[k], run->pool, &options));
        }
    }
}

static void destroy_kernels(suite_run *run)
{
    for (size_t k = 0; k < SUITE_MAX_KERNELS; k++) {
        yoke_kernel_destroy(run->kernels[k]);
        run->kernels[k] = NULL;
    }
}

/* The speed of a new kernel is not known, so a range is first cut into small pieces. */
static void run_case(void **state)
{
    static const size_t pieces[] = {0, 7, 1};
    suite_run run = {.target = target, .tested = *state, .pool = pool};

    if ((run.tested->needs & SUITE_DOUBLE) != 0 && lacks_double()) {
        skip();
    }
    if (run.tested->kernels[0].native == NULL) {
        suite_needs_source(&run);
    }
    for (size_t i = target->slow ? 1 : 0; i < sizeof pieces / sizeof *pieces; i++) {
        run.pieces = pieces[i];
        create_kernels(&run);
        suite_run_script(&run);
        destroy_kernels(&run);
    }
}

static bool somebody_just_watched(void)
{
    yoke_worker_info workers[MAX_WORKERS];
    bool idle = false;
    size_t count;

    assert_ok_pool(pool, yoke_pool_workers(pool, workers, MAX_WORKERS, &count));
    for (size_t i = 0; i < count && i < MAX_WORKERS; i++) {
        idle |= is_worker(&workers[i]) && !(workers[i].speed > 0);
    }
    return idle;
}

/* No worker died and was replaced, and none was idle throughout. On a machine that is busy with
 * other things a worker may not get a CPU for as long as all cases take: then there is some
 * more to do. */
static void all_workers_took_part(void **state)
{
    yoke_worker_info workers[MAX_WORKERS];
    size_t count;

    for (int round = 0; round < 1000 && somebody_just_watched(); round++) {
        run_case(state);
    }
    assert_ok_pool(pool, yoke_pool_workers(pool, workers, MAX_WORKERS, &count));
    for (size_t i = 0; i < count && i < MAX_WORKERS; i++) {
        if (is_worker(&workers[i])) {
            print_message("%s: %s\n", workers[i].name, workers[i].device);
            assert_int_equal(workers[i].state, YOKE_WORKER_READY);
            assert_int_equal(workers[i].restarts, 0);
            assert_true(workers[i].speed > 0);
            assert_true(!target->copies || !workers[i].shares_memory);
        }
    }
}

/* Checking calls each item a dozen times: of the cases, every third is enough. */
static size_t add_cases(struct CMUnitTest *tests, const suite_case *const *lists)
{
    const size_t of = getenv("YOKE_CHECK") != NULL ? 3 : 1;
    size_t count = 0;
    size_t seen = 0;

    for (; *lists != NULL; lists++) {
        for (const suite_case *c = *lists; c->name != NULL; c++) {
            if (count < MAX_TESTS && yt_is_turn(seen++, of)) {
                tests[count++] = (struct CMUnitTest){c->name, run_case, NULL, NULL,
                                                     (void *)(uintptr_t)c};
            }
        }
    }
    return count;
}

static bool prepare_environment(void)
{
    bool ok = suite_folder_make() && (!target->checked || suite_oclgrind_set_up());

    for (size_t i = 0; i < 4 && target->environment[i][0] != NULL; i++) {
        ok = ok && setenv(target->environment[i][0], target->environment[i][1], 1) == 0;
    }
    return ok;
}

int suite_main_with(const suite_target *wanted, const suite_case *const *lists,
                    const struct CMUnitTest *more, size_t more_count)
{
    static struct CMUnitTest tests[MAX_TESTS + 16];
    size_t count = add_cases(tests, lists);
    int failures;

    target = wanted;
    if (!is_installed(wanted)) {
        print_message("no driver for %s\n", wanted->devices);
        return SKIPPED;
    }
    if (!prepare_environment()) {
        return 1;
    }
    tests[count++] = (struct CMUnitTest){"all workers took part", all_workers_took_part,
                                         NULL, NULL, tests[0].initial_state};
    for (size_t i = 0; i < more_count; i++) {
        tests[count++] = more[i];
    }
    yt_remember();
    failures =
        _cmocka_run_group_tests(wanted->devices, tests, count, open_pool, close_pool);
    suite_folder_remove();
    return yt_finish(failures + (has_findings ? 1 : 0));
}

int suite_main(const suite_target *wanted)
{
    return suite_main_with(wanted, all_cases, NULL, 0);
}
