/* SPDX-License-Identifier: MIT */
/* Pools come and go, whatever the application is doing, and leave nothing behind. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

/* ---- again and again ---- */

static long resident_pages(void)
{
    long size = 0;
    long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file == NULL || fscanf(file, "%ld %ld", &size, &resident) != 2) {
        resident = -1;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return resident;
}

/* The test slow/api/lifecycle asks for 2000. */
static int how_many(void)
{
    const char *text = getenv("YOKE_TEST_POOLS");

    return text != NULL ? atoi(text) : 200;
}

/* What there was after this many must do for all that follow. */
enum { SETTLED = 50 };

static void use_and_end(yoke_pool *pool, int i)
{
    if (i % 5 == 0) {
        api_check_works(pool);
    }
    if (i % 3 == 0) {
        assert_ok(yoke_pool_terminate(pool));
    } else {
        api_close(pool);
    }
}

static void check_resident(long before)
{
    assert_true(yt_nothing_alive());
    assert_true(before > 0);
    /* AddressSanitizer keeps what is freed for a while; it has its own search for leaks. */
    if (!API_SANITIZED) {
        assert_between(resident_pages(), 1, before + 128);
    }
}

static void test_many_times(void **state)
{
    const int times = how_many();
    long before = 0;

    (void)state;
    for (int i = 0; i < times; i++) {
        use_and_end(api_open(i % 2 == 0 ? "cpu:1" : "cpu:2"), i);
        if (i == SETTLED) {
            before = resident_pages();
        }
    }
    check_resident(before);
}

static void test_both_methods_in_turns(void **state)
{
    const int times = 100 + how_many() / 20;
    long before = 0;

    (void)state;
    for (int i = 0; i < times; i++) {
        const yoke_pool_options options = {.devices = "cpu:1",
                                           .start = i % 2 == 0 ? YOKE_START_FORK
                                                               : YOKE_START_SPAWN};
        yoke_pool *pool;

        assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
        assert_int_equal(yoke_pool_start_method(pool), options.start);
        use_and_end(pool, i);
        if (i == SETTLED) {
            before = resident_pages();
        }
    }
    check_resident(before);
}

static void test_several_pools(void **state)
{
    yoke_pool *pools[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        pools[i] = api_open("cpu:1");
    }
    for (int i = 0; i < 3; i++) {
        api_check_works(pools[i]);
    }
    api_close(pools[1]);
    api_check_works(pools[0]);
    api_check_works(pools[2]);
    api_close(pools[0]);
    api_check_works(pools[2]);
    assert_ok(yoke_pool_terminate(pools[2]));
}

/* Both have jobs under way, and neither waits for the other. */
static void test_two_pools_at_once(void **state)
{
    enum { ITEMS = 1000 };
    yoke_pool *pools[2];
    yoke_kernel *kernels[2];
    api_gate *gates[2];
    uint32_t *numbers[2];
    yoke_future *futures[2] = {NULL, NULL};

    (void)state;
    for (int i = 0; i < 2; i++) {
        pools[i] = api_open("cpu:2");
        kernels[i] = api_kernel(pools[i], "hold", api_hold);
        gates[i] = api_gate_create(pools[i]);
        numbers[i] = api_numbers(pools[i], ITEMS);
        assert_ok_pool(
            pools[i], yoke_map_async(
                          &futures[i], pools[i], kernels[i], yoke_range_1d(ITEMS), NULL,
                          YOKE_ARGS(yoke_inout(numbers[i], sizeof *numbers[i]),
                                    yoke_in_whole(gates[i], sizeof *gates[i]))));
        api_gate_await(gates[i], 1);
    }
    /* What belongs to one is nothing to the other. */
    assert_status(yoke_map(pools[1], kernels[0], yoke_range_1d(ITEMS),
                           yoke_inout(numbers[1], sizeof *numbers[1]),
                           yoke_in_whole(gates[1], sizeof *gates[1])),
                  YOKE_EINVAL);
    api_gate_open(gates[1]);
    assert_ok(yoke_future_wait(futures[1], API_SECONDS));
    assert_false(yoke_future_is_done(futures[0]));
    assert_true(api_all(numbers[1], ITEMS, 1));
    yoke_future_destroy(futures[1]);
    api_close(pools[1]);
    api_gate_open(gates[0]);
    assert_ok(yoke_future_wait(futures[0], API_SECONDS));
    assert_true(api_all(numbers[0], ITEMS, 1));
    yoke_future_destroy(futures[0]);
    api_close(pools[0]);
}

/* ---- applications with threads ---- */

static atomic_bool stop_threads;

/* Holds locks of the C library as often as it can. */
static void *allocate_and_print(void *arg)
{
    FILE *file = arg;

    while (!atomic_load(&stop_threads)) {
        char *text = strdup("a few words");

        (void)fprintf(file, "%s", text);
        free(text);
        (void)sched_yield();
    }
    return NULL;
}

static void test_application_with_threads(void **state)
{
    pthread_t threads[3];
    FILE *file;

    (void)state;
    if (API_SANITIZED) {
        skip();
    }
    file = fopen("/dev/null", "we");
    assert_non_null(file);
    atomic_store(&stop_threads, false);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, allocate_and_print, file),
                         0);
    }
    for (int i = 0; i < 20; i++) {
        yoke_pool *pool = api_open("cpu:2");

        api_check_works(pool);
        api_close(pool);
    }
    atomic_store(&stop_threads, true);
    for (int i = 0; i < 3; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)fclose(file);
}

static void *create_here(void *arg)
{
    yoke_pool **pool = arg;

    *pool = api_try_open("cpu:2");
    return NULL;
}

/* The thread that created the pool ends; its processes do not. */
static void test_creating_thread_ends(void **state)
{
    yoke_pool *pool = NULL;
    pthread_t thread;

    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(pthread_create(&thread, NULL, create_here, &pool), 0);
        (void)pthread_join(thread, NULL);
        assert_non_null(pool);
        api_check_works(pool);
        api_check_works(pool);
        api_close(pool);
    }
}

static void *open_use_close(void *arg)
{
    int *code = arg;

    for (int i = 0; i < 5 && *code == 0; i++) {
        *code = api_try_pool("cpu:1");
    }
    return NULL;
}

static void test_created_in_several_threads_at_once(void **state)
{
    pthread_t threads[4];
    int codes[4] = {0};

    (void)state;
    if (API_SANITIZED) {
        skip();
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, open_use_close, &codes[i]),
                         0);
    }
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(codes[i], 0);
    }
}

/* ---- a foreign pool in a child ---- */

/* A forked process with a pool of its own, the inherited one being of no use to it. */
static int open_another(void *arg)
{
    (void)arg;
    return api_try_pool("cpu:2");
}

static void test_pool_in_forked_process(void **state)
{
    yoke_pool *pool = api_open("cpu:2");

    (void)state;
    assert_int_equal(yt_in_child(open_another, NULL, 30), 0);
    api_check_works(pool);
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_many_times),
        yt_unit_test(test_both_methods_in_turns),
        yt_unit_test(test_several_pools),
        yt_unit_test(test_two_pools_at_once),
        yt_unit_test(test_application_with_threads),
        yt_unit_test(test_creating_thread_ends),
        yt_unit_test(test_created_in_several_threads_at_once),
        yt_unit_test(test_pool_in_forked_process),
    };

    return yt_run_group(tests);
}
