/* SPDX-License-Identifier: MIT */
/* PoCL's compiler and its cache: other processes that use them, and what they need to work. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault_setup.h"

enum { ITEMS = 256, PROCESSES = 6, KERNELS = 12 };

static char folder[64];
static char command[128];

/* Each test starts with a cache that is empty. */
static int make_cache(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/yoke-cache-XXXXXX");
    return mkdtemp(folder) == NULL || setenv("POCL_CACHE_DIR", folder, 1) != 0;
}

static int remove_cache(void **state)
{
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return (system(command) != 0) + yt_test_teardown(state);
}

/* Builds a kernel of its own for each `number`, runs it and checks what it wrote. */
static yoke_status run_kernel(yoke_pool *pool, unsigned number)
{
    const yoke_map_options options = {.timeout = FT_SECONDS};
    char source[160];
    yoke_kernel *kernel = NULL;
    uint32_t *z = yoke_alloc(pool, ITEMS * sizeof *z);
    yoke_status status;

    (void)snprintf(source, sizeof source,
                   "__kernel void one(__global uint *z)"
                   "{ z[get_global_id(0)] = get_global_id(0) + %u; }",
                   number);
    status = yoke_kernel_create(
        &kernel, pool, &(yoke_kernel_options){.name = "one", .source = source});
    if (status == YOKE_OK) {
        status = yoke_map_with(pool, kernel, yoke_range_1d(ITEMS), &options,
                               YOKE_ARGS(yoke_out(z, sizeof *z)));
    }
    for (uint32_t i = 0; i < ITEMS && status == YOKE_OK; i++) {
        status = z[i] == i + number ? YOKE_OK : YOKE_EKERNEL;
    }
    yoke_kernel_destroy(kernel);
    yoke_free(z);
    return status;
}

/* Whether CPU workers have PoCL here; if so, the cache has what opening it compiles. */
static bool has_pocl(void)
{
    yoke_pool *pool = ft_pool("cpu:1", NULL);
    const yoke_status status = run_kernel(pool, 1);

    ft_close(pool);
    return status == YOKE_OK;
}

/* ---- other processes ---- */

static int build_one(void *arg)
{
    yoke_pool *pool = NULL;
    yoke_status status =
        yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:2"});

    if (status == YOKE_OK) {
        status = run_kernel(pool, *(unsigned *)arg);
        if (status != YOKE_OK) {
            fprintf(stderr, "%s\n", yoke_pool_error(pool));
        }
        (void)yoke_pool_close(pool);
    }
    return status == YOKE_OK ? 0 : 1;
}

/* Programs that start at the same moment, with the same kernel and with kernels of their own. */
static void test_cold_cache(void **state)
{
    int pids[PROCESSES];
    unsigned numbers[PROCESSES];

    (void)state;
    if (!has_pocl()) {
        skip();
    }
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
    for (unsigned i = 0; i < PROCESSES; i++) {
        numbers[i] = 10 + i / 2;
        pids[i] = yt_start_child(build_one, &numbers[i]);
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        assert_int_equal(yt_wait_child(pids[i], FT_SECONDS), 0);
    }
}

/* A first launch that does not end, of which PoCL compiles the kernel: other pools build and run
 * theirs meanwhile. */
static void test_endless_launch(void **state)
{
    const yoke_kernel_options spinning = {
        .name = "spin",
        .source = "__kernel void spin(__global uint *z)"
                  "{ while (*(volatile __global uint *)z != 7) {} }"};
    const yoke_map_options options = {.timeout = 25};
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;
    yoke_pool *first;
    yoke_pool *second;
    uint32_t *z;

    (void)state;
    if (!has_pocl()) {
        skip();
    }
    first = ft_pool("cpu:1", NULL);
    z = yoke_alloc(first, sizeof *z);
    *z = 0;
    assert_ok_pool(first, yoke_kernel_create(&kernel, first, &spinning));
    assert_ok_pool(first,
                   yoke_map_async(&future, first, kernel, yoke_range_1d(1), &options,
                                  YOKE_ARGS(yoke_inout(z, sizeof *z))));
    assert_int_equal(yoke_future_wait(future, 1), YOKE_ETIMEDOUT);
    assert_ok_pool(NULL, yoke_pool_create(&second, &(yoke_pool_options){
                                                       .devices = "cpu:1,opencl:pocl",
                                                       .wait_ready = true}));
    assert_ok_pool(second, run_kernel(second, 20));
    assert_int_equal(yoke_future_wait(future, 0), YOKE_ETIMEDOUT);
    assert_ok(yoke_pool_close(second));
    yoke_future_destroy(future);
    assert_ok(yoke_pool_terminate(first));
}

/* ---- Ctrl-C ---- */

static atomic_bool is_over;

static void note_signal(int signal)
{
    (void)signal;
}

static void *send_signals(void *arg)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    const struct timespec pause = {.tv_nsec = 3000000};

    (void)arg;
    for (unsigned i = 0; !atomic_load(&is_over); i++) {
        (void)kill(0, signals[i % 3]);
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

/* The program handles these signals, and its group gets them all the time. */
static int build_under_signals(void *devices)
{
    const struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    yoke_pool *pool = NULL;
    pthread_t sender;
    int failures = 0;

    if (setpgid(0, 0) != 0 || sigaction(SIGINT, &action, NULL) != 0 ||
        sigaction(SIGTERM, &action, NULL) != 0 ||
        sigaction(SIGHUP, &action, NULL) != 0 ||
        yoke_pool_create(&pool, &(yoke_pool_options){.devices = devices,
                                                     .wait_ready = true}) != YOKE_OK ||
        pthread_create(&sender, NULL, send_signals, NULL) != 0) {
        return 100;
    }
    for (unsigned i = 0; i < KERNELS; i++) {
        if (run_kernel(pool, 1000 + i) != YOKE_OK) {
            fprintf(stderr, "%s\n", yoke_pool_error(pool));
            failures++;
        }
    }
    atomic_store(&is_over, true);
    (void)pthread_join(sender, NULL);
    return yoke_pool_close(pool) == YOKE_OK ? failures : 101;
}

static void test_signals(void **state)
{
    static char *const devices[] = {"cpu:1", "opencl:pocl"};

    (void)state;
    if (!has_pocl()) {
        skip();
    }
    for (size_t d = 0; d < sizeof devices / sizeof devices[0]; d++) {
        assert_int_equal(yt_in_child(build_under_signals, devices[d], FT_SECONDS), 0);
    }
}

/* ---- what PoCL needs ---- */

/* Without a linker PoCL ends its process at the first launch. The kernel is given up after a few
 * processes, with what the compiler said. */
static void test_no_linker(void **state)
{
    static const char *const devices[] = {"cpu:1", "cpu:6", "opencl:pocl"};
    char *const path = strdup(getenv("PATH"));

    (void)state;
    if (!has_pocl()) {
        skip();
    }
    for (size_t d = 0; d < sizeof devices / sizeof devices[0]; d++) {
        yoke_pool *pool = ft_pool(devices[d], NULL);
        yoke_status status;

        assert_ok_pool(pool, run_kernel(pool, 100)); /* it is open now */
        ft_close(pool);
        (void)setenv("PATH", folder, 1);
        pool = ft_pool(devices[d], NULL);
        (void)setenv("PATH", path, 1);
        status = run_kernel(pool, 200 + (unsigned)d);
        if (status != YOKE_OK) { /* some versions bring a linker of their own */
            assert_int_equal(status, YOKE_EBUILD);
            assert_contains(yoke_pool_error(pool), "kernel 'one' does not build on");
            assert_contains(yoke_pool_error(pool), "the compiler took the worker down");
            assert_contains(yoke_pool_error(pool), "\"ld\" doesn't exist");
            assert_in_range(ft_restarts(pool), 1, 6);
        }
        ft_close(pool);
    }
    free(path);
}

static void test_no_cache_folder(void **state)
{
    yoke_pool *pool;

    (void)state;
    if (!has_pocl()) {
        skip();
    }
    (void)setenv("POCL_CACHE_DIR", "/proc/none", 1);
    pool = ft_pool("cpu:1", NULL);
    assert_status_pool(pool, run_kernel(pool, 30), YOKE_ENODEVICE);
    assert_contains(yoke_pool_error(pool), "'/proc/none'");
    assert_contains(yoke_pool_error(pool), "set POCL_CACHE_DIR");
    ft_close(pool);
    assert_status_pool(
        NULL, yoke_pool_create(&pool, &(yoke_pool_options){.devices = "opencl:pocl"}),
        YOKE_ENODEVICE);
    assert_contains(yoke_pool_error(NULL), "'/proc/none'");
}

#define cold(test) cmocka_unit_test_setup_teardown(test, make_cache, remove_cache)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cold(test_cold_cache), cold(test_endless_launch), cold(test_signals),
        cold(test_no_linker),  cold(test_no_cache_folder),
    };

    return yt_run_group(tests);
}
