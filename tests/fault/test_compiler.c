/* SPDX-License-Identifier: MIT */
/* Compilers that take the process down, or never end. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

/* A worker that is building is killed: the next process builds. */
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

/* Kills from outside are not the compiler's fault, be it three of them in one build. */
static void test_killed_again_while_building(void **state)
{
    static const char *const devices[] = {"cpu:1", "opencl:pocl"};

    (void)state;
    for (size_t d = 0; d < sizeof devices / sizeof devices[0]; d++) {
        yoke_pool *pool = ft_pool(devices[d], "build*3");
        ft_job *job = ft_job_create(pool, FT_INOUT, ITEMS, true, false);

        ft_job_run(job, NULL);
        assert_true(ft_recovers(pool, 3));
        ft_job_destroy(job);
        ft_close(pool);
    }
}

/* ---- compilers that take long ---- */

/* A million and a half statements, of no more macros than the library itself reads. */
static const char endless[] = "#define E0 a[0]++; a[0]++; a[0]++;\n"
                              "#define E1 E0 E0 E0 E0 E0 E0 E0 E0 E0 E0\n"
                              "#define E2 E1 E1 E1 E1 E1 E1 E1 E1 E1 E1\n"
                              "#define E3 E2 E2 E2 E2 E2 E2 E2 E2 E2 E2\n"
                              "#define E4 E3 E3 E3 E3 E3 E3 E3 E3 E3 E3\n"
                              "#define E5 E4 E4 E4 E4 E4 E4 E4 E4 E4 E4\n"
                              "__kernel void fine(__global float *a)\n"
                              "{ a[get_global_id(0)] += 1.0f; E5 E5 E5 E5 E5 }";

static void test_endless(void **state)
{
    static const char *const devices[] = {"cpu:1", "cpu:2", "opencl:pocl"};

    (void)state;
    for (size_t d = 0; d < sizeof devices / sizeof devices[0]; d++) {
        const yoke_kernel_options options = {
            .name = "fine", .source = endless, .build_timeout = 0.5};
        yoke_pool *pool = ft_pool(devices[d], NULL);
        yoke_kernel *kernel = NULL;
        ft_job *job;

        assert_status_pool(pool, yoke_kernel_create(&kernel, pool, &options),
                           YOKE_EBUILD);
        assert_null(kernel);
        assert_contains(yoke_pool_error(pool), "the compiler took more than 0.5 s");
        assert_true(ft_recovers(pool, 1));
        job = ft_job_create(pool, FT_INOUT, ITEMS, true, false);
        ft_job_run(job, NULL);
        ft_job_destroy(job);
        ft_close(pool);
    }
}

/* ---- calls that need an answer of a worker that compiles ---- */

static int put_seven(yoke_task *task)
{
    int *result = yoke_task_output(task, sizeof *result);

    if (result == NULL) {
        return 1;
    }
    *result = 7;
    return 0;
}

static void check_reductions_keep_limits(yoke_pool *pool)
{
    static const float x[] = {1, 2, 3};
    const yoke_reduction sum = {
        .operation = YOKE_REDUCE_SUM, .type = YOKE_TYPE_FLOAT, .x = x, .count = 3};
    yoke_reduced result;

    assert_status_pool(pool,
                       yoke_reduce(pool, sum, &result,
                                   &(yoke_map_options){.stage = true, .no_wait = true}),
                       YOKE_EAGAIN);
    assert_contains(yoke_pool_error(pool), "workers have not built");
    assert_status_pool(pool,
                       yoke_reduce(pool, sum, &result,
                                   &(yoke_map_options){.stage = true, .timeout = 0.1}),
                       YOKE_EDEADLINE);
    assert_contains(yoke_pool_error(pool), "workers have not built");
}

static bool is_compiling(void *pool)
{
    return ft_worker(pool, "cpu0").compiling > 0;
}

/* The limit of a creation ends while a worker compiles: not before, while the source is read. */
static void give_up_while_compiling(yoke_pool *pool)
{
    yoke_kernel_options options = {
        .name = "fine", .source = endless, .timeout = 0.2, .build_timeout = 3};
    yoke_kernel *kernel = NULL;

    do {
        assert_status_pool(pool, yoke_kernel_create(&kernel, pool, &options),
                           YOKE_ETIMEDOUT);
        assert_null(kernel);
        assert_contains(yoke_pool_error(pool), ".timeout");
        options.timeout *= 2;
    } while (!is_compiling(pool));
}

/* Functions of the program need no answer: the first use of one does not wait. */
static void test_calls_keep_limits_while_a_worker_compiles(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1", NULL);
    yoke_future *future = NULL;
    void *seven = NULL;

    (void)state;
    give_up_while_compiling(pool);
    check_reductions_keep_limits(pool);
    assert_ok_pool(pool, yoke_apply_async(&future, pool, put_seven, NULL, 0,
                                          &(yoke_task_options){.no_wait = true}));
    assert_true(ft_recovers(pool, 1)); /* the build's own limit */
    assert_ok_pool(pool, yoke_future_wait(future, FT_SECONDS));
    assert_ok_pool(pool, yoke_future_result(future, &seven, NULL));
    assert_int_equal(*(int *)seven, 7);
    assert_ok(yoke_future_destroy(future));
    ft_close(pool);
}

/* ---- what is said of them ---- */

typedef struct asker {
    yoke_pool *pool;
    atomic_bool has_seen;
    atomic_bool is_over;
} asker;

/* Asks, as a program could that shows its progress. */
static void *ask_for_compiling(void *context)
{
    asker *self = context;
    const struct timespec pause = {.tv_nsec = 20000000};

    while (!atomic_load(&self->is_over)) {
        const yoke_worker_info info = ft_worker(self->pool, "cpu0");

        if (info.compiling > 0.5 && info.compiling < FT_SECONDS) {
            atomic_store(&self->has_seen, true);
        }
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

static bool log_has(FILE *log, const char *text)
{
    char line[512];
    bool found = false;

    rewind(log);
    while (fgets(line, sizeof line, log) != NULL) {
        found |= strstr(line, text) != NULL;
    }
    return found;
}

static int build_with_log(void *arg)
{
    /* The worker reads the source before the compiler does, which counts. */
    const yoke_kernel_options options = {
        .name = "fine", .source = endless, .build_timeout = 4};
    FILE *log = tmpfile();
    yoke_kernel *kernel = NULL;
    asker asks = {.pool = NULL};
    pthread_t thread;
    yoke_status status;

    (void)arg;
    if (log == NULL || dup2(fileno(log), STDERR_FILENO) < 0 ||
        setenv("YOKE_LOG", "1", 1) != 0 ||
        yoke_pool_create(&asks.pool, &(yoke_pool_options){.devices = "cpu:1",
                                                          .wait_ready = true}) != 0 ||
        pthread_create(&thread, NULL, ask_for_compiling, &asks) != 0) {
        return 1;
    }
    status = yoke_kernel_create(&kernel, asks.pool, &options);
    atomic_store(&asks.is_over, true);
    (void)pthread_join(thread, NULL);
    if (ft_worker(asks.pool, "cpu0").compiling != 0 ||
        yoke_pool_close(asks.pool) != YOKE_OK) {
        return 2;
    }
    if (status != YOKE_EBUILD) {
        return 77; /* this machine is too fast for it */
    }
    return !atomic_load(&asks.has_seen) ? 3
           : log_has(log, "cpu0: compiling kernel 'fine' takes more than 1 s") ? 0
                                                                                : 4;
}

static void test_reports(void **state)
{
    int code;

    (void)state;
    code = yt_in_child(build_with_log, NULL, FT_SECONDS);
    if (code == 77) {
        skip();
    }
    assert_int_equal(code, 0);
}

static void test_bad_limits(void **state)
{
    static const double bad[] = {-2, 1e10, NAN, INFINITY};
    yoke_pool *pool = ft_pool("cpu:1", NULL);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        yoke_kernel *kernel = NULL;

        assert_status_pool(
            pool,
            yoke_kernel_create(&kernel, pool,
                               &(yoke_kernel_options){.name = "fine",
                                                      .source = source,
                                                      .build_timeout = bad[i]}),
            YOKE_EINVAL);
        assert_contains(yoke_pool_error(pool), "build_timeout");
    }
    ft_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_crash),
        yt_unit_test(test_killed_while_building),
        yt_unit_test(test_killed_again_while_building),
        yt_unit_test(test_calls_keep_limits_while_a_worker_compiles),
        yt_unit_test(test_endless),
        yt_unit_test(test_reports),
        yt_unit_test(test_bad_limits),
    };

    return yt_run_group(tests);
}
