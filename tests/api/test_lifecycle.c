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

static void test_many_times(void **state)
{
    long before = 0;

    (void)state;
    for (int i = 0; i < 200; i++) {
        yoke_pool *pool = api_open(i % 2 == 0 ? "cpu:1" : "cpu:2");

        if (i % 5 == 0) {
            api_check_works(pool);
        }
        if (i % 3 == 0) {
            assert_ok(yoke_pool_terminate(pool));
        } else {
            api_close(pool);
        }
        if (i == 50) {
            before = resident_pages();
        }
    }
    assert_true(yt_nothing_alive());
    assert_true(before > 0);
    assert_true(resident_pages() < before + 2048);
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
        yt_unit_test(test_several_pools),
        yt_unit_test(test_application_with_threads),
        yt_unit_test(test_creating_thread_ends),
        yt_unit_test(test_created_in_several_threads_at_once),
        yt_unit_test(test_pool_in_forked_process),
    };

    return yt_run_group(tests);
}
