/* SPDX-License-Identifier: MIT */
/* What a failure means for calls that come later, and who notices it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api_setup.h"

enum { N = 4096, ROUNDS = 50 };

static yoke_pool *pool;
static yoke_kernel *refuse;
static yoke_kernel *increment;
static yoke_kernel *hold;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    refuse = api_kernel(pool, "refuse", api_refuse);
    increment = api_kernel(pool, "increment", api_increment);
    hold = api_kernel(pool, "hold", api_hold);
    return 0;
}

static int tear_down(void **state)
{
    const bool failed = yoke_pool_terminate(pool) != YOKE_OK;

    return yt_test_teardown(state) != 0 || failed ? -1 : 0;
}

static yoke_future *start_refused(uint32_t *numbers)
{
    yoke_future *future = NULL;

    assert_ok_pool(pool, yoke_map_async(&future, pool, refuse, yoke_range_1d(N), NULL,
                                        YOKE_ARGS(yoke_out(numbers, 4))));
    return future;
}

static yoke_future *start_increment(uint32_t *numbers)
{
    yoke_future *future = NULL;

    assert_ok_pool(pool, yoke_map_async(&future, pool, increment, yoke_range_1d(N),
                                        NULL, YOKE_ARGS(yoke_inout(numbers, 4))));
    return future;
}

/* ---- a failure that nobody has looked at yet ---- */

static void a_failure_reaches_jobs_submitted_after_it(void **state)
{
    uint32_t *numbers = api_numbers(pool, N);
    uint32_t *others = api_numbers(pool, N);

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        yoke_future *first = start_refused(numbers);
        yoke_future *second;

        /* In most rounds the first job has ended when the second is submitted. */
        for (unsigned i = 0; i < round % 4; i++) {
            assert_ok_pool(pool, yoke_map(pool, increment, yoke_range_1d(N),
                                          yoke_inout(others, 4)));
        }
        second = start_increment(numbers);
        assert_status(yoke_future_wait(second, API_SECONDS), YOKE_EDEPENDENCY);
        assert_status(yoke_future_wait(first, API_SECONDS), YOKE_EKERNEL);
        yoke_future_destroy(second);
        yoke_future_destroy(first);
    }
}

static void a_chain_fails_to_its_end_though_nobody_holds_it(void **state)
{
    uint32_t *numbers = api_numbers(pool, N);
    yoke_future *last = NULL;

    (void)state;
    yoke_future_destroy(start_refused(numbers));
    for (unsigned i = 0; i < 200; i++) {
        yoke_future_destroy(last);
        last = start_increment(numbers);
    }
    assert_status(yoke_future_wait(last, API_SECONDS), YOKE_EDEPENDENCY);
    yoke_future_destroy(last);
    assert_status(yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL); /* the first */
}

static void a_failure_that_was_seen_is_over(void **state)
{
    uint32_t *numbers = api_numbers(pool, N);
    yoke_future *future = start_refused(numbers);

    (void)state;
    assert_status(yoke_future_wait(future, API_SECONDS), YOKE_EKERNEL);
    assert_ok_pool(pool, yoke_map(pool, increment, yoke_range_1d(N),
                                  yoke_inout(numbers, 4)));
    yoke_future_destroy(future);
}

/* ---- who is told ---- */

/* Where a callback stood in the order of the calls: from 1. */
typedef struct called {
    int *calls;
    int place;
} called;

static void count_call(yoke_future *future, yoke_status status, void *context)
{
    called *self = context;

    (void)future;
    (void)status;
    self->place = self->place == 0 ? ++*self->calls : -1;
}

static void a_future_has_several_callbacks(void **state)
{
    enum { CALLBACKS = 20 };
    api_gate *gate = api_gate_create(pool);
    uint32_t *numbers = api_numbers(pool, 1);
    yoke_future *future = NULL;
    int calls = 0;
    called all[CALLBACKS + 1];

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&future, pool, hold, yoke_range_1d(1), NULL,
                                        YOKE_ARGS(yoke_inout(numbers, 4),
                                                  yoke_in_whole(gate, sizeof *gate))));
    for (int i = 0; i <= CALLBACKS; i++) {
        all[i] = (called){&calls, 0};
        if (i < CALLBACKS) {
            assert_ok_pool(pool, yoke_future_on_done(future, count_call, &all[i]));
        }
    }
    api_gate_open(gate);
    assert_ok_pool(pool, yoke_future_wait(future, API_SECONDS));
    for (int i = 0; i < CALLBACKS; i++) {
        assert_int_equal(all[i].place, i + 1);
    }
    assert_ok_pool(pool, yoke_future_on_done(future, count_call, &all[CALLBACKS]));
    assert_int_equal(all[CALLBACKS].place, CALLBACKS + 1);
    yoke_future_destroy(future);
}

static void a_destroyed_future_calls_nothing(void **state)
{
    api_gate *gate = api_gate_create(pool);
    uint32_t *numbers = api_numbers(pool, 1);
    yoke_future *future = NULL;
    int calls = 0;
    called two[2] = {{&calls, 0}, {&calls, 0}};

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&future, pool, hold, yoke_range_1d(1), NULL,
                                        YOKE_ARGS(yoke_inout(numbers, 4),
                                                  yoke_in_whole(gate, sizeof *gate))));
    assert_ok_pool(pool, yoke_future_on_done(future, count_call, &two[0]));
    assert_ok_pool(pool, yoke_future_on_done(future, count_call, &two[1]));
    yoke_future_destroy(future);
    api_gate_open(gate);
    assert_ok_pool(pool, yoke_pool_wait(pool, API_SECONDS));
    assert_int_equal(calls, 0);
}

static int use_parents_future(void *future)
{
    if (yoke_future_wait(future, 0.1) != YOKE_EINVAL) {
        return 1;
    }
    if (yoke_future_is_done(future) || yoke_future_cancel(future) != YOKE_EINVAL) {
        return 2;
    }
    yoke_future_destroy(future);
    return 0;
}

static void a_forked_childs_copy_of_a_future_is_refused(void **state)
{
    uint32_t *numbers = api_numbers(pool, N);
    yoke_future *future = start_increment(numbers);

    (void)state;
    assert_int_equal(yt_in_child(use_parents_future, future, 60), 0);
    assert_ok_pool(pool, yoke_future_wait(future, API_SECONDS));
    assert_true(api_all(numbers, N, 1));
    yoke_future_destroy(future);
}

/* ---- without a supervisor ---- */

static pid_t parent_of(pid_t pid)
{
    char path[64];
    FILE *file;
    int parent = 0;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1) {
            parent = 0;
        }
        (void)fclose(file);
    }
    return (pid_t)parent;
}

/* Only asks, and never waits. */
static int poll_without_supervisor(void *arg)
{
    yoke_pool *own = api_try_open("cpu:1");
    api_gate *gate = own != NULL ? yoke_alloc(own, sizeof *gate) : NULL;
    uint32_t *number = own != NULL ? yoke_alloc(own, sizeof *number) : NULL;
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;
    yoke_worker_info info;
    size_t count;

    (void)arg;
    if (gate == NULL || number == NULL ||
        yoke_kernel_create(&kernel, own, &(yoke_kernel_options){.native = api_hold}) !=
            YOKE_OK ||
        yoke_map_async(&future, own, kernel, yoke_range_1d(1), NULL,
                       YOKE_ARGS(yoke_inout(number, 4),
                                 yoke_in_whole(gate, sizeof *gate))) != YOKE_OK ||
        yoke_pool_workers(own, &info, 1, &count) != YOKE_OK) {
        return 1;
    }
    if (kill(parent_of(info.pid), SIGKILL) != 0) {
        return 2;
    }
    while (!yoke_future_is_done(future)) {
        (void)yoke_pool_poll(own);
    }
    return yoke_future_wait(future, 0) == YOKE_EBROKEN ? 0 : 3;
}

static void polling_notices_that_the_supervisor_died(void **state)
{
    (void)state;
    assert_int_equal(yt_in_child(poll_without_supervisor, NULL, 60), 0);
}

#define with_pool(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_pool(a_failure_reaches_jobs_submitted_after_it),
        with_pool(a_chain_fails_to_its_end_though_nobody_holds_it),
        with_pool(a_failure_that_was_seen_is_over),
        with_pool(a_future_has_several_callbacks),
        with_pool(a_destroyed_future_calls_nothing),
        with_pool(a_forked_childs_copy_of_a_future_is_refused),
        yt_unit_test(polling_notices_that_the_supervisor_died),
    };

    return yt_run_group(tests);
}
