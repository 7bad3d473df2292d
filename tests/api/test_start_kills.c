/* SPDX-License-Identifier: MIT */
/* The processes that make a pool's supervisor are killed: the program goes on, with an error that
 * says so, and no lock stays held. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

static pid_t program;

typedef enum moment {
    NEVER,
    BEFORE, /* in fork(), while locks are held */
    ONCE,   /* the same, the first process only: one that shares the program's memory */
    AFTER,  /* in the new process */
} moment;

static _Atomic moment kills;

static void before_fork(void)
{
    moment once = ONCE;

    if (getpid() != program &&
        (atomic_load(&kills) == BEFORE ||
         atomic_compare_exchange_strong(&kills, &once, NEVER))) {
        (void)kill(getpid(), SIGKILL);
    }
}

static void in_child(void)
{
    if (atomic_load(&kills) == AFTER) {
        (void)raise(SIGKILL);
    }
}

/* Handlers that are registered first are called last. */
__attribute__((constructor)) static void register_handlers(void)
{
    (void)pthread_atfork(before_fork, NULL, in_child);
}

static void *sleep_long(void *unused)
{
    (void)unused;
    for (;;) {
        (void)pause();
    }
    return NULL;
}

/* 0: a pool works after the creation that was disturbed. */
static int create_disturbed(void *arg)
{
    const yoke_pool_options options = {.devices = "cpu:1", .start = YOKE_START_FORK};
    pthread_t thread;
    yoke_pool *pool;
    yoke_status status;

    program = getpid();
    if (pthread_create(&thread, NULL, sleep_long, NULL) != 0) {
        return 1;
    }
    atomic_store(&kills, *(moment *)arg);
    status = yoke_pool_create(&pool, &options);
    atomic_store(&kills, NEVER);
    if (status == YOKE_OK) {
        (void)yoke_pool_close(pool);
    } else if (strstr(yoke_pool_error(NULL), "was killed") == NULL &&
               strstr(yoke_pool_error(NULL), "has died") == NULL) {
        return 2; /* the supervisor itself dies in its first fork() */
    }
    free(malloc(100000));
    return yoke_pool_create(&pool, &options) != YOKE_OK ? 3
           : yoke_pool_close(pool) != YOKE_OK           ? 4
                                                        : 0;
}

static void test_killed_while_locks_are_held(void **state)
{
    moment when = BEFORE;

    (void)state;
    assert_int_equal(yt_in_child(create_disturbed, &when, 20), 0);
}

static void test_killed_after_fork(void **state)
{
    moment when = AFTER;

    (void)state;
    assert_int_equal(yt_in_child(create_disturbed, &when, 20), 0);
}

/* ---- programs in which a process that shares their memory forks ---- */

static void on_child(int number);

/* Another library's lock, which fork() takes and gives back. */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;

static void lock_library(void)
{
    (void)pthread_mutex_lock(&library);
}

static void unlock_library(void)
{
    (void)pthread_mutex_unlock(&library);
}

/* The killed process has the library's lock. 0: the call returns, and the error says so. */
static int create_killed_aside(void *unused)
{
    const yoke_pool_options options = {.devices = "cpu:1", .start = YOKE_START_FORK};
    pthread_t thread;
    yoke_pool *pool;

    (void)unused;
    program = getpid();
    (void)signal(SIGCHLD, on_child);
    if (pthread_create(&thread, NULL, sleep_long, NULL) != 0 ||
        pthread_atfork(lock_library, unlock_library, unlock_library) != 0) {
        return 1;
    }
    atomic_store(&kills, ONCE);
    return yoke_pool_create(&pool, &options) != YOKE_ESYSTEM || pool != NULL ? 2
           : strstr(yoke_pool_error(NULL), "was killed") == NULL             ? 3
           : strstr(yoke_pool_error(NULL), "stay held") == NULL              ? 4
                                                                             : 0;
}

static void test_killed_aside(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(create_killed_aside, NULL, 20), 0);
}

/* The program handles SIGCHLD: it must not notice, so the process between is another one. */
static volatile sig_atomic_t children;

static void on_child(int number)
{
    (void)number;
    children++;
}

static int create_unnoticed(void *unused)
{
    const yoke_pool_options options = {.devices = "cpu:1", .start = YOKE_START_FORK};
    pthread_t thread;
    yoke_pool *pool;

    (void)unused;
    program = getpid();
    (void)signal(SIGCHLD, on_child);
    return pthread_create(&thread, NULL, sleep_long, NULL) != 0 ? 1
           : yoke_pool_create(&pool, &options) != YOKE_OK       ? 2
           : yoke_pool_close(pool) != YOKE_OK                   ? 3
           : children != 0                                      ? 4
                                                                : 0;
}

static void test_child_signals_are_not_noticed(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(create_unnoticed, NULL, 20), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_killed_while_locks_are_held),
        yt_unit_test(test_killed_after_fork),
        yt_unit_test(test_killed_aside),
        yt_unit_test(test_child_signals_are_not_noticed),
    };

    return yt_run_group(tests);
}
