/* SPDX-License-Identifier: MIT */
/* What a pool may use, what it needs at least, and what it tells about its workers. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api_setup.h"

enum { MOST_WORKERS = 64 };

/* ---- what the pool may use ---- */

static size_t count_kind(const yoke_worker_info *workers, size_t count,
                         yoke_worker_kind kind)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        found += workers[i].kind == kind;
    }
    return found;
}

static int first_cpu(void)
{
    cpu_set_t mask;

    if (sched_getaffinity(0, sizeof mask, &mask) != 0) {
        return -1;
    }
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET((size_t)cpu, &mask)) {
            return cpu;
        }
    }
    return -1;
}

static int one_cpu(void *arg)
{
    const int cpu = first_cpu();
    yoke_worker_info workers[MOST_WORKERS];
    yoke_pool *pool;
    cpu_set_t mask;
    size_t count = 0;
    int code;

    (void)arg;
    CPU_ZERO(&mask);
    CPU_SET((size_t)cpu, &mask);
    if (cpu < 0 || sched_setaffinity(0, sizeof mask, &mask) != 0) {
        return 1;
    }
    pool = api_try_open("cpu");
    if (pool == NULL ||
        yoke_pool_workers(pool, workers, MOST_WORKERS, &count) != YOKE_OK) {
        return 2;
    }
    code = api_try_map(pool);
    if (yoke_pool_close(pool) != YOKE_OK || code != 0) {
        return 3;
    }
    return count == 1 && workers[0].kind == YOKE_WORKER_CPU && workers[0].cpu == cpu
               ? 0
               : 4;
}

static void test_affinity_mask(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(one_cpu, NULL, 30), 0);
}

static void test_more_workers_than_cores(void **state)
{
    yoke_pool *pool = api_open("cpu:8");
    yoke_worker_info workers[MOST_WORKERS];
    size_t count = 0;

    (void)state;
    assert_ok_pool(pool, yoke_pool_workers(pool, workers, MOST_WORKERS, &count));
    assert_int_equal(count, 8);
    for (int i = 0; i < 10; i++) {
        api_check_works(pool);
    }
    api_close(pool);
}

typedef struct limit {
    unsigned resource;
    rlim_t value;
} limit;

static int live_under(void *arg)
{
    const limit *under = arg;
    const struct rlimit both = {under->value, under->value};

    return setrlimit(under->resource, &both) != 0 ? 1 : api_try_pool("cpu:2");
}

static void test_resource_limits(void **state)
{
    limit limits[] = {
        {RLIMIT_AS, (rlim_t)4 << 30}, {RLIMIT_AS, (rlim_t)9 << 30},
        {RLIMIT_AS, 750 << 20},       {RLIMIT_AS, 1250 << 20},
        {RLIMIT_AS, 512 << 20},       {RLIMIT_NOFILE, 64},
        {RLIMIT_FSIZE, 256 << 20},    {RLIMIT_CORE, 0},
        {RLIMIT_STACK, 256 << 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const bool possible = !API_SANITIZED || limits[i].resource != RLIMIT_AS;
        const int code = possible ? yt_in_child(live_under, &limits[i], 30) : 0;

        if (code != 0) {
            print_error("limit %zu: ", i);
        }
        assert_int_equal(code, 0);
    }
}

/* Too few descriptors for a pool: a status, no leftovers, as often as it is tried. */
static int too_few_descriptors(void *arg)
{
    const struct rlimit both = {8, 8};
    yoke_pool *pool = NULL;

    (void)arg;
    for (int fd = 3; fd < 8; fd++) {
        (void)close(fd);
    }
    if (setrlimit(RLIMIT_NOFILE, &both) != 0) {
        return 1;
    }
    for (int i = 0; i < 20; i++) {
        const yoke_status status =
            yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2"});

        if (status == YOKE_OK || pool != NULL || yoke_pool_error(NULL)[0] == '\0') {
            return 2;
        }
    }
    return open("/dev/null", O_RDONLY) == 3 ? 0 : 3;
}

/* With few descriptors a pool is there and works, or is not and says what was missing. */
static int few_descriptors(void *arg)
{
    const yoke_pool_options options = {.devices = "cpu:2", .start = *(yoke_start *)arg};
    int works = 0;

    for (int fd = 3; fd < 64; fd++) {
        (void)close(fd);
    }
    for (rlim_t most = 4; most <= 24; most++) {
        const struct rlimit both = {most, 24};
        yoke_pool *pool = NULL;

        if (setrlimit(RLIMIT_NOFILE, &both) != 0) {
            return 1;
        }
        if (yoke_pool_create(&pool, &options) == YOKE_OK) {
            const int code = api_try_map(pool);

            if (code != 0 || yoke_pool_close(pool) != YOKE_OK) {
                return code + 100;
            }
            works++;
        } else if (works > 0 ||
                   (strstr(yoke_pool_error(NULL), "Too many open files") == NULL &&
                    strstr(yoke_pool_error(NULL), "file descriptors") == NULL)) {
            return (int)most;
        }
        if (dup(0) != 3 || close(3) != 0) {
            return 2;
        }
    }
    return works > 0 ? 0 : 3;
}

static int too_little_address_space(void *arg)
{
    const struct rlimit both = {80 << 20, 80 << 20};
    yoke_pool *pool = NULL;

    (void)arg;
    if (setrlimit(RLIMIT_AS, &both) != 0) {
        return 1;
    }
    for (int i = 0; i < 20; i++) {
        if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2"}) ==
                YOKE_OK ||
            pool != NULL || yoke_pool_error(NULL)[0] == '\0') {
            return 2;
        }
    }
    return 0;
}

static int too_small_files(void *arg)
{
    const struct rlimit both = {1 << 20, 1 << 20};
    yoke_pool *pool = NULL;

    (void)arg;
    if (setrlimit(RLIMIT_FSIZE, &both) != 0) {
        return 1;
    }
    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2"}) == YOKE_OK) {
        return 2;
    }
    return strstr(yoke_pool_error(NULL), "ulimit -f") != NULL ? 0 : 3;
}

static void test_too_little_for_a_pool(void **state)
{
    yoke_start methods[] = {YOKE_START_FORK, YOKE_START_SPAWN};

    (void)state;
    assert_int_equal(yt_in_child(too_few_descriptors, NULL, 30), 0);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        assert_int_equal(yt_in_child(few_descriptors, &methods[i], 30), 0);
    }
    assert_int_equal(yt_in_child(too_small_files, NULL, 30), 0);
    if (!API_SANITIZED) {
        assert_int_equal(yt_in_child(too_little_address_space, NULL, 30), 0);
    }
}

/* ---- what the pool tells ---- */

static void test_workers(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_worker_info workers[MOST_WORKERS];
    yoke_worker_info one;
    size_t count = 0;

    (void)state;
    api_check_works(pool);
    assert_ok_pool(pool, yoke_pool_workers(pool, workers, MOST_WORKERS, &count));
    assert_int_equal(count, 2);
    assert_string_equal(workers[0].name, "cpu0");
    assert_string_equal(workers[1].name, "cpu1");
    assert_int_not_equal(workers[0].pid, workers[1].pid);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(workers[i].kind, YOKE_WORKER_CPU);
        assert_int_equal(workers[i].state, YOKE_WORKER_READY);
        assert_int_equal(workers[i].restarts, 0);
        assert_int_equal(kill(workers[i].pid, 0), 0);
        assert_int_equal(workers[i].opencl_index, -1);
        assert_true(workers[i].shares_memory);
        assert_true(workers[i].has_double);
        assert_string_equal(workers[i].driver, "native");
        assert_true(workers[i].device[0] != '\0');
        assert_true(workers[i].speed >= 0);
    }
    assert_true(workers[0].speed > 0 || workers[1].speed > 0);
    memset(&one, 0x55, sizeof one);
    assert_ok_pool(pool, yoke_pool_workers(pool, &one, 1, &count));
    assert_int_equal(count, 2);
    assert_string_equal(one.name, "cpu0");
    api_close(pool);
}

/* Devices that are found and not asked for are listed, with the reason. */
static void test_discover(void **state)
{
    const yoke_pool_options options = {
        .devices = "cpu:1", .discover = true, .wait_ready = true};
    yoke_pool *pool = NULL;
    yoke_worker_info workers[MOST_WORKERS];
    size_t count = 0;

    (void)state;
    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    assert_ok_pool(pool, yoke_pool_workers(pool, workers, MOST_WORKERS, &count));
    assert_true(count >= 1);
    assert_int_equal(count_kind(workers, count, YOKE_WORKER_CPU), 1);
    for (size_t i = 0; i < count; i++) {
        assert_int_not_equal(workers[i].state, YOKE_WORKER_STARTING);
        assert_true(workers[i].name[0] != '\0');
        if (workers[i].kind == YOKE_WORKER_OPENCL) {
            assert_true(workers[i].state == YOKE_WORKER_UNUSED ||
                        workers[i].state == YOKE_WORKER_FAILED);
            assert_true(workers[i].reason[0] != '\0');
            assert_int_equal(workers[i].pid, 0);
        }
    }
    api_check_works(pool);
    api_close(pool);
}

/* Without waiting the cores work at once, while drivers are still being looked at. */
static void test_close_during_discovery(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        yoke_pool *pool = NULL;

        assert_ok_pool(
            NULL, yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2,gpu",
                                                               .discover = true}));
        if (i % 2 == 0) {
            api_check_works(pool);
            api_close(pool);
        } else {
            assert_ok(yoke_pool_terminate(pool));
        }
    }
}

/* ---- devices that are too small ---- */

static const char oclgrind[] = "/usr/lib/oclgrind/liboclgrind-rt-icd.so";

static void sum_ends(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const uint32_t *large = args[1];
    const uint32_t last = *(const uint32_t *)args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = large[0] + large[last];
    }
}

static yoke_status map_ends(yoke_pool *pool, yoke_kernel *kernel, const char *devices,
                            uint32_t *out, uint32_t *large, size_t bytes)
{
    return yoke_map_with(pool, kernel, yoke_range_1d(64),
                         &(yoke_map_options){.devices = devices},
                         YOKE_ARGS(yoke_out(out, 4), yoke_in_whole(large, bytes),
                                   yoke_scalar((uint32_t)(bytes / 4 - 1))));
}

/* Oclgrind takes 128 MiB in one buffer: it stands aside, and others do the job. */
static void test_too_small_a_device(void **state)
{
    const size_t bytes = (size_t)192 << 20;
    yoke_kernel_options options = {
        .name = "sum_ends",
        .native = sum_ends,
        .source = "__kernel void sum_ends(__global uint *out, __global uint *large,\n"
                  "                       uint last)\n"
                  "{ out[get_global_id(0)] = large[0] + large[last]; }\n"};
    yoke_kernel *kernel = NULL;
    yoke_pool *pool;
    uint32_t *out;
    uint32_t *large;

    (void)state;
    if (access(oclgrind, R_OK) != 0) {
        skip();
    }
    (void)setenv("OCL_ICD_VENDORS", oclgrind, 1);
    pool = api_open("cpu:1,opencl");
    (void)unsetenv("OCL_ICD_VENDORS");
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    out = api_numbers(pool, 64);
    large = api_numbers(pool, bytes / 4);
    large[0] = 3;
    large[bytes / 4 - 1] = 4;
    assert_refused(pool, map_ends(pool, kernel, "opencl", out, large, bytes),
                   YOKE_ENODEVICE, "the device takes at most");
    assert_ok_pool(pool, map_ends(pool, kernel, NULL, out, large, bytes));
    assert_true(api_all(out, 64, 7));
    assert_ok_pool(pool, map_ends(pool, kernel, "opencl", out, large, 4096));
    assert_true(api_all(out, 64, 3));
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_affinity_mask),
        yt_unit_test(test_more_workers_than_cores),
        yt_unit_test(test_resource_limits),
        yt_unit_test(test_too_little_for_a_pool),
        yt_unit_test(test_workers),
        yt_unit_test(test_discover),
        yt_unit_test(test_close_during_discovery),
        yt_unit_test(test_too_small_a_device),
    };

    return yt_run_group(tests);
}
