/* SPDX-License-Identifier: MIT */
/* The threads of libraries in native functions, and workers of several CPUs. */
#include <dlfcn.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

typedef int get_threads(void);
typedef void set_threads(int count);

static void *openmp(const char *function)
{
    void *library = dlopen("libgomp.so.1", RTLD_NOW);

    return library != NULL ? dlsym(library, function) : NULL;
}

/* out int32[2 i]: threads that OpenMP would start, CPUs to which this process is bound. */
static void see_limits(const yoke_span *span, void *const args[])
{
    int32_t *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        void *address = openmp("omp_get_max_threads");
        get_threads *get;
        cpu_set_t mask;

        memcpy(&get, &address, sizeof get);
        out[2 * i] = get();
        out[2 * i + 1] =
            sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : -1;
    }
}

/* Whether all items see `threads`, and `cpus` unless that is 0. */
static int expect(const char *devices, int threads, int cpus)
{
    const yoke_kernel_options options = {.name = "limits", .native = see_limits};
    yoke_pool *pool = api_try_open(devices);
    yoke_kernel *kernel;
    int32_t *out;
    int code = 0;

    if (pool == NULL || yoke_kernel_create(&kernel, pool, &options) != YOKE_OK) {
        return 20;
    }
    out = yoke_alloc(pool, (size_t)64 * 2 * sizeof *out);
    if (yoke_map(pool, kernel, yoke_range_1d(64), yoke_out(out, 8)) != YOKE_OK) {
        return 21;
    }
    for (int i = 0; i < 64 && code == 0; i++) {
        if (out[2 * i] != threads || (cpus != 0 && out[2 * i + 1] != cpus)) {
            (void)fprintf(stderr, "%s: %d threads, %d CPUs\n", devices, out[2 * i],
                          out[2 * i + 1]);
            code = 22;
        }
    }
    return yoke_pool_close(pool) == YOKE_OK ? code : 23;
}

static int expect_workers(int cpus)
{
    yoke_worker_info workers[8];
    yoke_pool *pool = api_try_open("cpu");
    size_t count = 0;
    int code = pool == NULL || yoke_pool_workers(pool, workers, 8, &count) != YOKE_OK ||
               count != (size_t)cpus;

    return yoke_pool_close(pool) == YOKE_OK ? code : 30;
}

static int loaded_by_kernel(void *arg)
{
    (void)arg;
    return expect("cpu", 1, 1);
}

static int loaded_by_program(void *arg)
{
    (void)arg;
    return openmp("omp_get_max_threads") == NULL ? 77 : expect("cpu", 1, 1);
}

static int said_by_variable(void *arg)
{
    (void)arg;
    return setenv("OMP_NUM_THREADS", "3", 1) != 0 ? 1
           : openmp("omp_get_max_threads") == NULL ? 77
                                                   : expect("cpu", 3, 0);
}

static int said_by_call(void *arg)
{
    void *address = openmp("omp_set_num_threads");
    set_threads *set;

    (void)arg;
    if (address == NULL) {
        return 77;
    }
    memcpy(&set, &address, sizeof set);
    (void)unsetenv("YOKE_START"); /* what a call has set, only a fork inherits */
    set(77);
    return expect("cpu", 77, 0);
}

/* One worker for all CPUs, two for half of them each; what does not come out even is not bound. */
static int wide_workers(void *arg)
{
    char devices[32];
    cpu_set_t mask;
    int cpus;
    int code;

    (void)arg;
    if (openmp("omp_get_max_threads") == NULL ||
        sched_getaffinity(0, sizeof mask, &mask) != 0) {
        return 77;
    }
    cpus = CPU_COUNT(&mask);
    (void)snprintf(devices, sizeof devices, "cpu:1x%d", cpus);
    code = expect(devices, cpus, cpus);
    (void)snprintf(devices, sizeof devices, "cpu:2x%d", cpus / 2);
    if (code == 0 && cpus % 2 == 0) {
        code = expect(devices, cpus / 2, cpus / 2);
    }
    return code != 0 ? code : expect("cpu:3x7", 7, 0);
}

/* libgomp binds the thread that loads it; the pool's processes may use what the process may. */
static int bound_by_openmp(void *arg)
{
    cpu_set_t mask;
    int before;

    (void)arg;
    if (sched_getaffinity(0, sizeof mask, &mask) != 0 ||
        setenv("OMP_PROC_BIND", "true", 1) != 0) {
        return 1;
    }
    before = CPU_COUNT(&mask);
    if (before < 2 || openmp("omp_get_max_threads") == NULL ||
        sched_getaffinity(0, sizeof mask, &mask) != 0 || CPU_COUNT(&mask) != 1) {
        return 77;
    }
    return expect_workers(before) != 0 || sched_getaffinity(0, sizeof mask, &mask) != 0 ||
           CPU_COUNT(&mask) != 1;
}

static void check_threads(int (*test)(void *))
{
    const int code = yt_in_child(test, NULL, 60);

    if (code == 77) {
        skip();
    }
    assert_int_equal(code, 0);
}

#define THREADS_TEST(function)                                                         \
    static void test_##function(void **state)                                          \
    {                                                                                  \
        (void)state;                                                                   \
        check_threads(function);                                                       \
    }
THREADS_TEST(loaded_by_kernel)
THREADS_TEST(loaded_by_program)
THREADS_TEST(said_by_variable)
THREADS_TEST(said_by_call)
THREADS_TEST(wide_workers)
THREADS_TEST(bound_by_openmp)

static void test_bad_sizes(void **state)
{
    static const char *const bad[] = {"cpu:2x", "cpu:x2", "cpu:0x2", "cpu:2x0",
                                      "cpu:2x257", "cpu:2x2x2"};
    yoke_pool *pool;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(
            yoke_pool_create(&pool, &(yoke_pool_options){.devices = bad[i]}),
            YOKE_EINVAL);
        assert_non_null(strstr(yoke_pool_error(NULL), bad[i]));
    }
}

static int has_openmp(void *arg)
{
    (void)arg;
    return openmp("omp_get_max_threads") == NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_loaded_by_kernel), yt_unit_test(test_loaded_by_program),
        yt_unit_test(test_said_by_variable), yt_unit_test(test_said_by_call),
        yt_unit_test(test_wide_workers),     yt_unit_test(test_bound_by_openmp),
        yt_unit_test(test_bad_sizes),
    };

    /* Loaded here it would have read its variables already. */
    if (yt_in_child(has_openmp, NULL, 60) != 0) {
        (void)puts("skipped: libgomp is not installed");
        return 77;
    }
    (void)unsetenv("OMP_NUM_THREADS");
    return yt_run_group(tests);
}
