/* SPDX-License-Identifier: MIT */
/* A pool, memory that its processes share with the test, and what they run. */
#ifndef PROCESS_SETUP_H
#define PROCESS_SETUP_H

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "api_setup.h"

/* Far longer than anything here takes. */
#define SECONDS 60.0

typedef struct shared {
    _Atomic int arrived;
    _Atomic int open;
    _Atomic int value;
    char text[512];
} shared;

static yoke_pool *pool;
static shared *memory;

static inline int open_pool(void **state)
{
    (void)state;
    pool = api_open("cpu:1");
    memory = yoke_alloc(pool, sizeof *memory);
    assert_non_null(memory);
    return 0;
}

static inline int close_pool(void **state)
{
    (void)state;
    api_close(pool);
    pool = NULL;
    return yt_nothing_alive() ? 0 : -1;
}

#define process_test(function)                                                         \
    cmocka_unit_test_setup_teardown(function, open_pool, close_pool)

/* ---- what the processes run ---- */

static inline int return_it(void *argument, size_t bytes)
{
    return bytes == sizeof(int) ? *(int *)argument : 99;
}

static inline int exit_with_it(void *argument, size_t bytes)
{
    (void)bytes;
    _exit(*(int *)argument);
}

static inline int raise_it(void *argument, size_t bytes)
{
    (void)bytes;
    (void)raise(*(int *)argument);
    return 99;
}

static inline int wait_for_ever(void *argument, size_t bytes)
{
    shared *here = argument;

    (void)bytes;
    atomic_fetch_add(&here->arrived, 1);
    while (pause() != 0) {
    }
    return 98;
}

static inline int wait_for_gate(void *argument, size_t bytes)
{
    shared *here = argument;

    (void)bytes;
    atomic_fetch_add(&here->arrived, 1);
    while (atomic_load(&here->open) == 0) {
        (void)usleep(200);
    }
    atomic_fetch_add(&here->value, 1);
    return 3;
}

static inline int be_stubborn(void *argument, size_t bytes)
{
    (void)signal(SIGTERM, SIG_IGN);
    return wait_for_ever(argument, bytes);
}

/* ---- what the tests share ---- */

static inline yoke_process *start(yoke_process_function *function, const void *argument,
                                  size_t bytes)
{
    yoke_process *process = NULL;

    assert_ok_pool(pool,
                   yoke_process_start(&process, pool, function, argument, bytes, NULL));
    assert_non_null(process);
    return process;
}

/* Waits for its end, gives the handle back, and tells how it ended. */
static inline int finish(yoke_process *process)
{
    int code = 1000;

    assert_ok_pool(pool, yoke_process_wait(process, NULL, SECONDS));
    assert_false(yoke_process_is_alive(process));
    assert_ok_pool(pool, yoke_process_wait(process, &code, 0));
    yoke_process_destroy(process);
    return code;
}

static inline int run(yoke_process_function *function, int argument)
{
    return finish(start(function, &argument, sizeof argument));
}

static inline bool have_arrived(void *count)
{
    return atomic_load(&memory->arrived) >= *(int *)count;
}

static inline void await(int count)
{
    assert_true(yt_wait_until(have_arrived, &count, SECONDS));
}

static inline bool is_gone(void *pid)
{
    return kill(*(pid_t *)pid, 0) != 0 && errno == ESRCH;
}

#endif
