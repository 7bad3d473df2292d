/* SPDX-License-Identifier: MIT */
/* Futures: waiting, cancelling, callbacks, and what they outlive. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job_bench.h"
#include "pool/pool.h"

/* ---- waiting ---- */

static void test_waiting(void **state)
{
    yoke_future *future = start_held(1);
    yoke_future *second = NULL; /* needs the first */

    (void)state;
    second = start_held(1);
    api_gate_await(b.gate, 1);
    assert_false(yoke_future_is_done(future));
    assert_true(yoke_future_is_running(future));
    assert_false(yoke_future_is_running(second));
    assert_status(yoke_future_wait(future, 0), YOKE_ETIMEDOUT);
    assert_status(yoke_future_wait(future, 0.01), YOKE_ETIMEDOUT);
    assert_string_equal(yoke_future_error(future), "");
    assert_true(yoke_future_progress(future) == 0);
    assert_int_equal(yoke_pool_poll(b.pool), 0);
    api_gate_open(b.gate);
    assert_ok(yoke_future_wait(future, YOKE_FOREVER));
    assert_true(yoke_future_is_done(future));
    assert_false(yoke_future_is_running(future));
    assert_false(yoke_future_is_running(NULL));
    assert_true(yoke_future_progress(future) == 1);
    finish(second, YOKE_OK);
    assert_false(yoke_future_is_running(second));
    finish(future, YOKE_OK);
    assert_int_equal(b.held[0], 2);
}

static bool polled_one(void *arg)
{
    *(size_t *)arg += yoke_pool_poll(b.pool);
    return *(size_t *)arg > 0;
}

static void test_poll_collects(void **state)
{
    uint32_t *numbers = api_numbers(b.pool, N);
    yoke_future *future = start_increment(numbers, N);
    size_t collected = 0;

    (void)state;
    assert_true(yt_wait_until(polled_one, &collected, 30));
    assert_int_equal(collected, 1);
    assert_true(yoke_future_is_done(future));
    assert_int_equal(yoke_pool_poll(b.pool), 0);
    finish(future, YOKE_OK);
    assert_true(api_all(numbers, N, 1));
}

/* Item 1 waits at the gate, item 0 does not. */
static void hold_second(const yoke_span *span, void *const args[])
{
    if (span->end > 1) {
        api_hold(span, args);
    } else {
        api_increment(span, args);
    }
}

typedef struct growth {
    yoke_future *future;
    double last;
    bool fell;
} growth;

static bool is_half_done(void *context)
{
    growth *seen = context;
    const double progress = yoke_future_progress(seen->future);

    seen->fell |= progress < seen->last;
    seen->last = progress;
    return progress >= 0.5;
}

static void test_progress(void **state)
{
    yoke_kernel *kernel = api_kernel(b.pool, "hold_second", hold_second);
    growth seen = {NULL, 0, false};

    (void)state;
    assert_ok_pool(b.pool,
                   yoke_map_async(&seen.future, b.pool, kernel, yoke_range_1d(2), NULL,
                                  YOKE_ARGS(yoke_inout(b.held, 4), gate_arg())));
    assert_true(yt_wait_until(is_half_done, &seen, 30));
    assert_true(seen.last == 0.5);
    assert_false(yoke_future_is_done(seen.future));
    api_gate_open(b.gate);
    assert_ok(yoke_future_wait(seen.future, 30));
    (void)is_half_done(&seen);
    assert_true(seen.last == 1);
    assert_false(seen.fell);
    finish(seen.future, YOKE_OK);
    assert_true(api_all(b.held, 2, 1));
}

/* ---- cancelling ---- */

static void test_cancel_before_start(void **state)
{
    yoke_future *first = start_held(2);
    yoke_future *second = start_increment(b.held, 2);

    (void)state;
    api_gate_await(b.gate, 2);
    assert_ok(yoke_future_cancel(second));
    assert_ok(yoke_future_cancel(second));
    assert_status(yoke_future_wait(second, 30), YOKE_ECANCELED);
    assert_contains(yoke_future_error(second), "cancelled");
    assert_false(yoke_future_is_done(first));
    api_gate_open(b.gate);
    finish(first, YOKE_OK);
    finish(second, YOKE_ECANCELED);
    assert_true(api_all(b.held, 2, 1));
}

/* A chunk that runs is finished, no further one is started. */
static void test_cancel_midway(void **state)
{
    enum { ITEMS = 2000 };
    yoke_future *future = start_held(ITEMS);
    uint32_t *numbers = api_numbers(b.pool, N);
    size_t done = 0;

    (void)state;
    api_gate_await(b.gate, 2);
    assert_ok(yoke_future_cancel(future));
    assert_status(yoke_future_wait(future, 0), YOKE_ETIMEDOUT);
    api_gate_open(b.gate);
    assert_status(yoke_future_wait(future, 30), YOKE_ECANCELED);
    for (size_t i = 0; i < ITEMS; i++) {
        assert_true(b.held[i] <= 1);
        done += b.held[i];
    }
    assert_true(done > 0 && done < ITEMS);
    assert_true(yoke_future_progress(future) > 0 && yoke_future_progress(future) < 1);
    yoke_future_destroy(future);
    finish(start_increment(numbers, N), YOKE_OK);
    assert_true(api_all(numbers, N, 1));
}

/* What comes after a cancelled job and needs its results cannot be right. */
static void test_cancelled_input(void **state)
{
    uint32_t *out = api_numbers(b.pool, 2);
    yoke_future *first = start_held(2);
    yoke_future *second = NULL;
    yoke_future *third = NULL;

    (void)state;
    assert_ok_pool(b.pool,
                   yoke_map_async(&second, b.pool, b.successor, yoke_range_1d(2), NULL,
                                  YOKE_ARGS(yoke_out(out, 4), yoke_in(b.held, 4))));
    assert_ok_pool(b.pool, yoke_map_async(&third, b.pool, b.increment, yoke_range_1d(2),
                                          NULL, YOKE_ARGS(yoke_inout(out, 4))));
    api_gate_await(b.gate, 2);
    assert_ok(yoke_future_cancel(first));
    api_gate_open(b.gate);
    finish(first, YOKE_ECANCELED);
    assert_status(yoke_future_wait(second, 30), YOKE_EDEPENDENCY);
    assert_contains(yoke_future_error(second), "depends on");
    finish(second, YOKE_EDEPENDENCY);
    finish(third, YOKE_EDEPENDENCY);
    assert_true(api_all(out, 2, 0));
}

/* ---- callbacks ---- */

typedef struct visit {
    int calls;
    yoke_status status;
    yoke_future *future;
    pthread_t thread;
} visit;

static void note(yoke_future *future, yoke_status status, void *context)
{
    visit *noted = context;

    noted->calls++;
    noted->status = status;
    noted->future = future;
    noted->thread = pthread_self();
}

static void test_callback(void **state)
{
    visit early = {0};
    visit late = {0};
    yoke_future *future = start_held(1);

    (void)state;
    api_gate_await(b.gate, 1);
    assert_ok(yoke_future_on_done(future, note, &early));
    assert_int_equal(early.calls, 0);
    api_gate_open(b.gate);
    assert_ok(yoke_future_wait(future, 30));
    assert_int_equal(early.calls, 1);
    assert_int_equal(early.status, YOKE_OK);
    assert_ptr_equal(early.future, future);
    assert_true(pthread_equal(early.thread, pthread_self()));
    assert_ok(yoke_future_on_done(future, note, &late));
    assert_int_equal(late.calls, 1);
    assert_ok(yoke_future_wait(future, 0));
    (void)yoke_pool_poll(b.pool);
    assert_int_equal(early.calls, 1);
    assert_int_equal(late.calls, 1);
    yoke_future_destroy(future);
}

static void test_callback_of_failures(void **state)
{
    visit failed = {0};
    visit cancelled = {0};
    yoke_future *future = NULL;
    yoke_future *held = start_held(1);

    (void)state;
    assert_ok(yoke_future_on_done(held, note, &cancelled));
    assert_ok_pool(b.pool,
                   yoke_map_async(&future, b.pool, b.refuse, yoke_range_1d(10), NULL,
                                  YOKE_ARGS(yoke_out(api_numbers(b.pool, 10), 4))));
    assert_ok(yoke_future_on_done(future, note, &failed));
    finish(future, YOKE_EKERNEL);
    assert_int_equal(failed.status, YOKE_EKERNEL);
    api_gate_await(b.gate, 1);
    assert_ok(yoke_future_cancel(held));
    api_gate_open(b.gate);
    finish(held, YOKE_ECANCELED);
    assert_int_equal(cancelled.calls, 1);
    assert_int_equal(cancelled.status, YOKE_ECANCELED);
}

/* A chain of jobs, each submitted by the callback of the one before. */
enum { CHAINS = 64, LINKS = 50 };

typedef struct chain {
    uint32_t *numbers;
    yoke_future *links[LINKS];
    int count;
    int failures;
} chain;

static chain chains[CHAINS];

static int depth;
static int deepest;

static void submit_next(yoke_future *future, yoke_status status, void *context)
{
    chain *self = context;

    (void)future;
    depth++;
    deepest = depth > deepest ? depth : deepest;
    self->failures += status != YOKE_OK;
    if (self->count < LINKS) {
        yoke_future **next = &self->links[self->count++];

        if (yoke_map_async(next, b.pool, b.increment, yoke_range_1d(64), NULL,
                           YOKE_ARGS(yoke_inout(self->numbers, 4))) != YOKE_OK ||
            yoke_future_on_done(*next, submit_next, self) != YOKE_OK) {
            self->failures++;
        }
    }
    depth--;
}

static bool chains_ended(void *unused)
{
    (void)unused;
    (void)yoke_pool_poll(b.pool);
    for (int i = 0; i < CHAINS; i++) {
        if (chains[i].count < LINKS) {
            return false;
        }
    }
    return true;
}

static void test_chains_of_callbacks(void **state)
{
    (void)state;
    depth = deepest = 0;
    memset(chains, 0, sizeof chains);
    for (int i = 0; i < CHAINS; i++) {
        chains[i].numbers = api_numbers(b.pool, 64);
        submit_next(NULL, YOKE_OK, &chains[i]);
    }
    assert_true(yt_wait_until(chains_ended, NULL, 30));
    for (int i = 0; i < CHAINS; i++) {
        for (int j = 0; j < LINKS; j++) {
            finish(chains[i].links[j], YOKE_OK);
        }
        assert_int_equal(chains[i].failures, 0);
        assert_true(api_all(chains[i].numbers, 64, LINKS));
    }
    /* Callbacks do not pile up on the stack. */
    assert_true(deepest <= 3);
}

/* Closes its own pool, or tries to; waits for another job, which is fine. */
static void close_own_pool(yoke_future *future, yoke_status status, void *context)
{
    uint32_t *numbers = context;

    (void)future;
    numbers[0] = (uint32_t)-status;
    numbers[1] = (uint32_t)-yoke_pool_close(b.pool);
    numbers[2] = (uint32_t)-yoke_pool_terminate(b.pool);
    numbers[3] = (uint32_t)-yoke_map(b.pool, b.increment, yoke_range_1d(10),
                                     yoke_inout(numbers + 10, 4));
}

static void test_callback_may_not_close(void **state)
{
    uint32_t *numbers = api_numbers(b.pool, N);
    yoke_future *future = start_increment(numbers + 100, 10);

    (void)state;
    assert_ok(yoke_future_on_done(future, close_own_pool, numbers));
    finish(future, YOKE_OK);
    assert_int_equal(numbers[0], 0);
    assert_int_equal(numbers[1], -YOKE_EBUSY);
    assert_int_equal(numbers[2], -YOKE_EBUSY);
    assert_int_equal(numbers[3], 0);
    assert_true(api_all(numbers + 10, 10, 1));
    api_check_works(b.pool);
}

/* ---- futures that outlive things ---- */

static void test_destroy_while_running(void **state)
{
    visit noted = {0};
    yoke_future *future = start_held(1);

    (void)state;
    api_gate_await(b.gate, 1);
    assert_ok(yoke_future_on_done(future, note, &noted));
    yoke_future_destroy(future);
    finish(start_increment(b.held + 1000, 10), YOKE_OK);
    api_gate_open(b.gate);
    finish(start_increment(b.held, 1), YOKE_OK); /* runs after it */
    assert_int_equal(b.held[0], 2);
}

static void test_future_after_close(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *number = api_kernel(pool, "number", api_number);
    yoke_kernel *refuse = api_kernel(pool, "refuse", api_refuse);
    yoke_future *done = NULL;
    yoke_future *failed = NULL;
    visit noted = {0};

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&done, pool, number, yoke_range_1d(N), NULL,
                                        YOKE_ARGS(yoke_out(api_numbers(pool, N), 4))));
    assert_ok_pool(pool, yoke_map_async(&failed, pool, refuse, yoke_range_1d(N), NULL,
                                        YOKE_ARGS(yoke_out(api_numbers(pool, N), 4))));
    assert_ok(yoke_future_on_done(done, note, &noted));
    api_close(pool);
    assert_int_equal(noted.calls, 1);
    assert_true(yoke_future_is_done(done));
    assert_true(yoke_future_progress(done) == 1);
    assert_ok(yoke_future_wait(done, 0));
    assert_ok(yoke_future_cancel(done));
    assert_status(yoke_future_wait(failed, YOKE_FOREVER), YOKE_EKERNEL);
    assert_contains(yoke_future_error(failed), "no hay for item 5");
    yoke_future_destroy(done);
    yoke_future_destroy(failed);
}

static void test_terminate_midway(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *hold = api_kernel(pool, "hold", api_hold);
    api_gate *gate = api_gate_create(pool);
    uint32_t *held = api_numbers(pool, N);
    yoke_future *futures[3] = {NULL};
    visit noted = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_ok_pool(pool,
                       yoke_map_async(&futures[i], pool, hold, yoke_range_1d(2), NULL,
                                      YOKE_ARGS(yoke_inout(held, 4),
                                                yoke_in_whole(gate, sizeof *gate))));
    }
    assert_ok(yoke_future_on_done(futures[1], note, &noted));
    api_gate_await(gate, 2);
    assert_ok(yoke_pool_terminate(pool));
    assert_int_equal(noted.calls, 1);
    for (int i = 0; i < 3; i++) {
        assert_status(yoke_future_wait(futures[i], YOKE_FOREVER), YOKE_ECANCELED);
        assert_contains(yoke_future_error(futures[i]), "terminated");
        yoke_future_destroy(futures[i]);
    }
}

typedef struct waiting_thread {
    pthread_t thread;
    yoke_pool *pool; /* waits for all of it; NULL: for the future */
    yoke_future *future;
    yoke_status status;
} waiting_thread;

static void *wait_without_limit(void *context)
{
    waiting_thread *self = context;

    self->status = self->pool != NULL ? yoke_pool_wait(self->pool, YOKE_FOREVER)
                                      : yoke_future_wait(self->future, YOKE_FOREVER);
    return NULL;
}

enum { WAITING_THREADS = 24 };

typedef struct waiting_room {
    yoke_pool *pool;
    uint32_t count;
} waiting_room;

static bool are_inside(void *context)
{
    const waiting_room *self = context;

    return atomic_load(&self->pool->liveness.inside) >= self->count;
}

/* One of them waits for the pool, the others for a future. Their looks at the supervisor, each
 * 0.1 s, are spread over that time: some fall into the end of the pool. */
static void start_waiting(yoke_pool *pool, yoke_future *future,
                          waiting_thread threads[WAITING_THREADS])
{
    for (uint32_t i = 0; i < WAITING_THREADS; i++) {
        waiting_room room = {pool, i + 1};

        threads[i] =
            (waiting_thread){.pool = i == 0 ? pool : NULL, .future = future};
        assert_int_equal(
            pthread_create(&threads[i].thread, NULL, wait_without_limit, &threads[i]), 0);
        assert_true(yt_wait_until(are_inside, &room, 30));
        (void)usleep(100000 / WAITING_THREADS);
    }
}

/* Threads that are inside of waits get out, and find their jobs cancelled. */
static void test_terminate_beside_waits(void **state)
{
    (void)state;
    for (int time = 0; time < 10; time++) {
        yoke_pool *pool = api_open("cpu:1");
        yoke_kernel *hold = api_kernel(pool, "hold", api_hold);
        api_gate *gate = api_gate_create(pool);
        uint32_t *held = api_numbers(pool, N);
        waiting_thread threads[WAITING_THREADS];
        yoke_future *future = NULL;

        assert_ok_pool(pool,
                       yoke_map_async(&future, pool, hold, yoke_range_1d(2), NULL,
                                      YOKE_ARGS(yoke_inout(held, 4),
                                                yoke_in_whole(gate, sizeof *gate))));
        api_gate_await(gate, 1);
        start_waiting(pool, future, threads);
        assert_ok(yoke_pool_terminate(pool));
        for (int i = 0; i < WAITING_THREADS; i++) {
            assert_int_equal(pthread_join(threads[i].thread, NULL), 0);
            assert_status(threads[i].status, i == 0 ? YOKE_ECLOSED : YOKE_ECANCELED);
        }
        yoke_future_destroy(future);
    }
}

/* Threads that ask again and again, before, while and after the pool ends. */
static void *ask_again(void *context)
{
    waiting_thread *self = context;

    do {
        (void)yoke_future_progress(self->future);
        (void)yoke_future_error(self->future);
        self->status = yoke_future_wait(self->future, 0);
    } while (self->status == YOKE_ETIMEDOUT);
    return NULL;
}

static void test_terminate_beside_questions(void **state)
{
    (void)state;
    for (int time = 0; time < 50; time++) {
        yoke_pool *pool = api_open("cpu:1");
        yoke_kernel *hold = api_kernel(pool, "hold", api_hold);
        api_gate *gate = api_gate_create(pool);
        uint32_t *held = api_numbers(pool, N);
        waiting_thread threads[3];
        yoke_future *future = NULL;

        assert_ok_pool(pool,
                       yoke_map_async(&future, pool, hold, yoke_range_1d(2), NULL,
                                      YOKE_ARGS(yoke_inout(held, 4),
                                                yoke_in_whole(gate, sizeof *gate))));
        for (int i = 0; i < 3; i++) {
            threads[i] = (waiting_thread){.future = future};
            assert_int_equal(
                pthread_create(&threads[i].thread, NULL, ask_again, &threads[i]), 0);
        }
        api_gate_await(gate, 1);
        assert_ok(yoke_pool_terminate(pool));
        for (int i = 0; i < 3; i++) {
            assert_int_equal(pthread_join(threads[i].thread, NULL), 0);
            assert_status(threads[i].status, YOKE_ECANCELED);
        }
        yoke_future_destroy(future);
    }
}

static void test_kernel_destroyed_while_used(void **state)
{
    yoke_kernel *kernel = api_kernel(b.pool, "brief", api_hold);
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(b.pool,
                   yoke_map_async(&future, b.pool, kernel, yoke_range_1d(300), NULL,
                                  YOKE_ARGS(yoke_inout(b.held, 4), gate_arg())));
    yoke_kernel_destroy(kernel);
    api_gate_await(b.gate, 2);
    api_gate_open(b.gate);
    kernel = api_kernel(b.pool, "another", api_increment);
    finish(future, YOKE_OK);
    assert_ok_pool(b.pool,
                   yoke_map(b.pool, kernel, yoke_range_1d(300), yoke_inout(b.held, 4)));
    assert_true(api_all(b.held, 300, 2));
    yoke_kernel_destroy(kernel);
}

static void test_free_while_used(void **state)
{
    uint32_t *out = api_numbers(b.pool, N);
    yoke_future *first = start_held(2);
    yoke_future *second = NULL;

    (void)state;
    assert_ok_pool(b.pool,
                   yoke_map_async(&second, b.pool, b.successor, yoke_range_1d(2), NULL,
                                  YOKE_ARGS(yoke_out(out, 4), yoke_in(b.held, 4))));
    api_gate_await(b.gate, 2);
    assert_status_pool(b.pool, yoke_free(b.held), YOKE_EBUSY);
    assert_contains(yoke_pool_error(b.pool), "used by 2 job(s)");
    assert_status_pool(b.pool, yoke_free(out), YOKE_EBUSY);
    assert_status_pool(b.pool, yoke_free(b.gate), YOKE_EBUSY);
    api_gate_open(b.gate);
    finish(first, YOKE_OK);
    finish(second, YOKE_OK);
    assert_true(api_all(out, 2, 2));
    assert_ok_pool(b.pool, yoke_free(b.held));
    assert_ok_pool(b.pool, yoke_free(out));
}

#define pool_test(function) cmocka_unit_test_setup_teardown(function, job_set_up, job_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        pool_test(test_waiting),
        pool_test(test_poll_collects),
        pool_test(test_progress),
        pool_test(test_cancel_before_start),
        pool_test(test_cancel_midway),
        pool_test(test_cancelled_input),
        pool_test(test_callback),
        pool_test(test_callback_of_failures),
        pool_test(test_chains_of_callbacks),
        pool_test(test_callback_may_not_close),
        pool_test(test_destroy_while_running),
        pool_test(test_kernel_destroyed_while_used),
        pool_test(test_free_while_used),
        yt_unit_test(test_future_after_close),
        yt_unit_test(test_terminate_midway),
        yt_unit_test(test_terminate_beside_waits),
        yt_unit_test(test_terminate_beside_questions),
    };

    return yt_run_group(tests);
}
