/* SPDX-License-Identifier: MIT */
/* Processes that run functions: how they start and end, one and many. */
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "pool/pool.h"
#include "process_setup.h"

/* ---- ends ---- */

static void test_exit_codes(void **state)
{
    (void)state;
    for (int code = 0; code < 256; code++) {
        assert_int_equal(run(code % 2 == 0 ? return_it : exit_with_it, code), code);
    }
    assert_int_equal(run(return_it, 256 + 7), 7);
    assert_int_equal(run(return_it, -1), 255);
}

static void test_signals(void **state)
{
    const int numbers[] = {SIGKILL, SIGTERM, SIGABRT, SIGSEGV,
                           SIGUSR1, SIGALRM, SIGPIPE, SIGRTMAX};

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_int_equal(run(raise_it, numbers[i]), -numbers[i]);
    }
    /* These are the terminal's, and the application's business. */
    assert_int_equal(run(raise_it, SIGINT), 99);
    assert_int_equal(run(raise_it, SIGQUIT), 99);
    assert_int_equal(run(raise_it, SIGHUP), 99);
}

static void test_join(void **state)
{
    yoke_process *process;
    int code = 77;

    (void)state;
    process = start(wait_for_gate, memory, 0);
    await(1);
    assert_true(yoke_process_is_alive(process));
    assert_refused(pool, yoke_process_wait(process, NULL, 0), YOKE_ETIMEDOUT,
                   "process-1");
    assert_refused(pool, yoke_process_wait(process, NULL, 0.001), YOKE_ETIMEDOUT,
                   "not ended");
    assert_refused(pool, yoke_process_wait(process, &code, 0), YOKE_ETIMEDOUT,
                   "not ended");
    assert_int_equal(code, 77);
    assert_refused(pool, yoke_process_wait(process, NULL, (double)NAN), YOKE_EINVAL,
                   "number");
    atomic_store(&memory->open, 1);
    assert_ok(yoke_process_wait(process, NULL, YOKE_FOREVER));
    for (int i = 0; i < 3; i++) {
        assert_ok(yoke_process_wait(process, NULL, i - 1));
        assert_ok(yoke_process_wait(process, &code, 0));
        assert_int_equal(code, 3);
        assert_true(yoke_process_pid(process) > 0);
    }
    assert_int_equal(finish(process), 3);
    assert_int_equal(atomic_load(&memory->value), 1);
}

static void test_terminate_and_kill(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        yoke_process *process = start(wait_for_ever, memory, 0);

        /* The first may not have its handlers yet. */
        if (i > 0) {
            await(i);
        }
        assert_ok(i == 2 ? yoke_process_kill(process)
                         : yoke_process_terminate(process));
        assert_ok(yoke_process_wait(process, NULL, SECONDS));
        assert_ok(yoke_process_terminate(process));
        assert_ok(yoke_process_kill(process));
        assert_int_equal(finish(process), i == 2 ? -SIGKILL : -SIGTERM);
        atomic_store(&memory->arrived, i + 1);
    }
}

/* Any signal, also one that the process ignores at first, and at any time. */
static void test_any_signal(void **state)
{
    yoke_process *process = start(wait_for_ever, memory, 0);

    (void)state;
    assert_ok(yoke_process_signal(process, SIGINT));
    assert_ok(yoke_process_signal(process, SIGSTOP));
    assert_ok(yoke_process_signal(process, SIGCONT));
    assert_refused(pool, yoke_process_signal(process, 0), YOKE_EINVAL, "0 is not");
    assert_refused(pool, yoke_process_signal(process, 1000), YOKE_EINVAL, "1000 is not");
    assert_status(yoke_process_signal(NULL, SIGINT), YOKE_EINVAL);
    assert_true(yoke_process_is_alive(process));
    assert_ok(yoke_process_signal(process, SIGUSR1));
    assert_ok(yoke_process_wait(process, NULL, SECONDS));
    assert_ok(yoke_process_signal(process, SIGKILL));
    assert_int_equal(finish(process), -SIGUSR1);
}

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&memory->value, 1);
}

static int count_signals(void *argument, size_t bytes)
{
    memory = argument; /* it is a copy of the program from before the test */
    (void)signal(SIGRTMIN + 1, count_signal);
    return wait_for_ever(argument, bytes);
}

static bool has_value(void *value)
{
    return atomic_load(&memory->value) == *(int *)value;
}

/* None is lost, nor sent once for two, and none overtakes another: the process runs in the end. */
static void test_signals_in_order(void **state)
{
    yoke_process *process = start(count_signals, memory, 0);
    int count = 0;

    (void)state;
    await(1);
    for (; count < 50; count++) {
        assert_ok_pool(pool, yoke_process_signal(process, SIGRTMIN + 1));
        assert_ok_pool(pool, yoke_process_signal(process, SIGSTOP));
        assert_ok_pool(pool, yoke_process_signal(process, SIGCONT));
    }
    assert_true(yt_wait_until(has_value, &count, SECONDS));
    assert_ok_pool(pool, yoke_process_terminate(process));
    assert_int_equal(finish(process), -SIGTERM);
}

enum { MANY = 20 };

static void *terminate_many(void *process)
{
    for (int i = 0; i < MANY; i++) {
        if (yoke_process_terminate(process) != YOKE_OK) {
            return process;
        }
    }
    return yoke_process_kill(process) != YOKE_OK ? process : NULL;
}

static bool has_eight(void *process)
{
    const yoke_process *of = process;

    return atomic_load(&pool->control->processes[of->slot].wanted) >> 56 != 0;
}

/* The supervisor takes none for a while: eight wait, then the call waits. */
static void test_many_signals(void **state)
{
    yoke_process *process = start(be_stubborn, memory, 0);
    pthread_t thread;
    void *failed = process;

    (void)state;
    await(1);
    assert_int_equal(kill(pool->liveness.supervisor, SIGSTOP), 0);
    assert_int_equal(pthread_create(&thread, NULL, terminate_many, process), 0);
    assert_true(yt_wait_until(has_eight, process, SECONDS));
    assert_int_equal(kill(pool->liveness.supervisor, SIGCONT), 0);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    assert_int_equal(finish(process), -SIGKILL);
}

static int say_name(void *argument, size_t bytes)
{
    (void)bytes;
    (void)strncpy(((shared *)argument)->text, yoke_process_own_name(), 63);
    return 0;
}

static void test_names(void **state)
{
    const yoke_process_options options = {.name = "a reader of lines"};
    yoke_process *process = NULL;
    yoke_process *other = start(wait_for_ever, memory, 0);

    (void)state;
    await(1);
    assert_int_equal(yoke_pool_process_count(pool), 1);
    assert_ok_pool(pool,
                   yoke_process_start(&process, pool, say_name, memory, 0, &options));
    assert_string_equal(yoke_process_name(process), "a reader of lines");
    assert_int_equal(finish(process), 0);
    assert_string_equal(memory->text, "a reader of lines");
    assert_string_equal(yoke_process_own_name(), "");
    assert_string_equal(yoke_process_name(other), "process-1");
    assert_string_equal(yoke_process_name(NULL), "");
    assert_int_equal(yoke_pool_process_count(pool), 1);
    assert_ok_pool(pool, yoke_process_kill(other));
    assert_int_equal(finish(other), -SIGKILL);
    assert_int_equal(yoke_pool_process_count(pool), 0);
    assert_int_equal(yoke_pool_process_count(NULL), 0);
}

/* SIGTERM arrives however early it is sent. */
static void test_terminate_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        yoke_process *process = start(wait_for_ever, memory, 0);

        assert_ok(yoke_process_terminate(process));
        assert_int_equal(finish(process), -SIGTERM);
    }
}

static void test_stubborn(void **state)
{
    yoke_process *process = start(be_stubborn, memory, 0);

    (void)state;
    await(1);
    for (int i = 0; i < 10; i++) {
        assert_ok(yoke_process_terminate(process));
    }
    assert_status(yoke_process_wait(process, NULL, 0.05), YOKE_ETIMEDOUT);
    assert_true(yoke_process_is_alive(process));
    assert_ok(yoke_process_kill(process));
    assert_ok(yoke_process_terminate(process));
    assert_int_equal(finish(process), -SIGKILL);
}

/* A signal from another process is an end like any other. */
static void test_killed_from_outside(void **state)
{
    yoke_process *process = start(wait_for_ever, memory, 0);

    (void)state;
    await(1);
    assert_int_equal(kill(yoke_process_pid(process), SIGKILL), 0);
    assert_int_equal(finish(process), -SIGKILL);
}

static void test_handle_given_back(void **state)
{
    yoke_process *process = start(wait_for_gate, memory, 0);

    (void)state;
    await(1);
    yoke_process_destroy(process);
    yoke_process_destroy(process); /* and again */
    assert_refused(pool, yoke_process_start(NULL, pool, return_it, NULL, 0, NULL),
                   YOKE_EINVAL, "`process` is NULL");
    assert_int_equal(atomic_load(&memory->value), 0);
    atomic_store(&memory->open, 1);
    /* It goes on; closing waits for it. */
}

/* ---- many ---- */

static void test_hundred_at_once(void **state)
{
    enum { COUNT = 100 };
    yoke_process *processes[COUNT];

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        processes[i] = start(wait_for_gate, memory, 0);
    }
    await(COUNT);
    api_check_works(pool);
    for (int i = 0; i < COUNT; i++) {
        assert_true(yoke_process_is_alive(processes[i]));
        for (int j = 0; j < i; j++) {
            assert_int_not_equal(yoke_process_pid(processes[i]),
                                 yoke_process_pid(processes[j]));
        }
    }
    atomic_store(&memory->open, 1);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(finish(processes[i]), 3);
    }
    assert_int_equal(atomic_load(&memory->value), COUNT);
}

static void test_too_many(void **state)
{
    enum { MOST = 256 };
    yoke_process *processes[MOST];
    yoke_process *more = NULL;

    (void)state;
    for (int i = 0; i < MOST; i++) {
        processes[i] = start(wait_for_gate, memory, 0);
    }
    assert_refused(pool,
                   yoke_process_start(&more, pool, wait_for_gate, memory, 0, NULL),
                   YOKE_EBUSY, "256 processes");
    assert_null(more);
    assert_ok(yoke_process_kill(processes[100]));
    assert_ok(yoke_process_wait(processes[100], NULL, SECONDS));
    more = start(wait_for_gate, memory, 0);
    assert_int_equal(finish(processes[100]), -SIGKILL); /* its slot is another's */
    processes[100] = more;
    atomic_store(&memory->open, 1);
    for (int i = 0; i < MOST; i++) {
        assert_int_equal(finish(processes[i]), 3);
    }
}

/* Handles of processes that have ended take no room from others. */
static void test_many_handles(void **state)
{
    enum { MOST = 600 };
    yoke_process *processes[MOST];

    (void)state;
    for (int i = 0; i < MOST; i++) {
        processes[i] = start(return_it, &i, sizeof i);
        assert_ok(yoke_process_wait(processes[i], NULL, SECONDS));
    }
    for (int i = 0; i < MOST; i++) {
        assert_int_equal(finish(processes[i]), i % 256);
    }
}

static void test_again_and_again(void **state)
{
    const int times = API_SANITIZED ? 500 : 2000;

    (void)state;
    for (int i = 0; i < times; i++) {
        assert_int_equal(run(return_it, i % 256), i % 256);
    }
}

/* 0 if all are right: threads assert nothing. */
static void *run_some(void *arg)
{
    int *failures = arg;

    for (int i = 0; i < 50; i++) {
        yoke_process *process = NULL;
        int code = -1;

        if (yoke_process_start(&process, pool, return_it, &i, sizeof i, NULL) !=
                YOKE_OK ||
            yoke_process_wait(process, NULL, SECONDS) != YOKE_OK ||
            yoke_process_wait(process, &code, 0) != YOKE_OK || code != i) {
            ++*failures;
        }
        yoke_process_destroy(process);
    }
    return NULL;
}

static void test_several_threads(void **state)
{
    pthread_t threads[4];
    int failures[4] = {0};

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_some, &failures[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(failures[i], 0);
    }
}

/* ---- descriptors ---- */

static bool can_be_read(yoke_process *process, double seconds)
{
    struct pollfd one = {.fd = yoke_process_fd(process), .events = POLLIN};

    assert_true(one.fd > 2);
    assert_int_equal(yoke_process_fd(process), one.fd);
    return poll(&one, 1, (int)(seconds * 1000)) == 1 && (one.revents & POLLIN) != 0;
}

/* Of several processes it shows which has ended. */
static void test_poll(void **state)
{
    enum { COUNT = 4 };
    yoke_process *processes[COUNT];
    struct pollfd fds[COUNT];

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        processes[i] = start(wait_for_ever, memory, 0);
        fds[i] = (struct pollfd){.fd = yoke_process_fd(processes[i]), .events = POLLIN};
    }
    await(COUNT);
    assert_int_equal(poll(fds, COUNT, 50), 0);
    assert_ok(yoke_process_kill(processes[2]));
    assert_int_equal(poll(fds, COUNT, (int)(SECONDS * 1000)), 1);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(fds[i].revents != 0, i == 2);
        assert_ok(yoke_process_kill(processes[i]));
        assert_true(can_be_read(processes[i], SECONDS));
        assert_int_equal(finish(processes[i]), -SIGKILL);
    }
}

/* Asked for before, while and after they end; 1 in 3 handles is left to the pool. */
static void test_poll_at_the_end(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        const int code = i % 100;
        yoke_process *process = start(return_it, &code, sizeof code);

        if (i % 3 == 0) {
            assert_ok(yoke_process_wait(process, NULL, SECONDS));
        }
        assert_true(can_be_read(process, SECONDS));
        assert_ok(yoke_process_wait(process, NULL, SECONDS));
        assert_true(can_be_read(process, 0));
        if (i % 3 != 1) {
            assert_int_equal(finish(process), code);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        process_test(test_exit_codes),
        process_test(test_signals),
        process_test(test_join),
        process_test(test_terminate_and_kill),
        process_test(test_any_signal),
        process_test(test_signals_in_order),
        process_test(test_many_signals),
        process_test(test_names),
        process_test(test_terminate_at_once),
        process_test(test_stubborn),
        process_test(test_killed_from_outside),
        process_test(test_handle_given_back),
        process_test(test_hundred_at_once),
        process_test(test_too_many),
        process_test(test_many_handles),
        process_test(test_again_and_again),
        process_test(test_several_threads),
        process_test(test_poll),
        process_test(test_poll_at_the_end),
    };

    return yt_run_group(tests);
}
