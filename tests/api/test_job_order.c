/* SPDX-License-Identifier: MIT */
/* Jobs in flight together: order, overlap, failure, many at once. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "job_bench.h"

enum { MANY = 1 << 20 };

/* ---- order ---- */

/* Read after write, write after write, write after read: in the order of submission. */
static void test_conflicts_run_in_order(void **state)
{
    uint32_t *a = b.held;
    uint32_t *c = api_numbers(b.pool, 64);
    yoke_future *futures[5] = {start_held(2)};

    (void)state;
    assert_ok_pool(b.pool,
                   yoke_map_async(&futures[1], b.pool, b.successor, yoke_range_1d(64),
                                  NULL, YOKE_ARGS(yoke_out(c, 4), yoke_in(a, 4))));
    assert_ok_pool(
        b.pool, yoke_map_async(&futures[2], b.pool, b.fill, yoke_range_1d(64), NULL,
                               YOKE_ARGS(yoke_out(a, 4), yoke_scalar((uint32_t)10))));
    assert_ok_pool(
        b.pool, yoke_map_async(&futures[3], b.pool, b.fill, yoke_range_1d(64), NULL,
                               YOKE_ARGS(yoke_out(a, 4), yoke_scalar((uint32_t)20))));
    futures[4] = start_increment(a, 64);
    api_gate_await(b.gate, 2);
    for (int i = 1; i < 5; i++) {
        assert_false(yoke_future_is_done(futures[i]));
    }
    assert_true(api_all(c, 64, 0));
    api_gate_open(b.gate);
    for (int i = 4; i >= 0; i--) {
        finish(futures[i], YOKE_OK);
    }
    assert_true(api_all(c, 2, 2));
    assert_true(api_all(c + 2, 62, 1));
    assert_true(api_all(a, 64, 21));
}

/* A job that shares nothing with one that is held, or only reads the same, overtakes
 * it. */
static void test_independent_jobs_overlap(void **state)
{
    uint32_t *numbers = api_numbers(b.pool, N);
    uint32_t *out = api_numbers(b.pool, N);
    yoke_future *held = start_held(1);
    yoke_future *reader = NULL;

    (void)state;
    api_gate_await(b.gate, 1);
    finish(start_increment(numbers, N), YOKE_OK);
    finish(start_increment(b.held + 1, 100), YOKE_OK); /* another part of the array */
    assert_ok_pool(b.pool,
                   yoke_map_async(&reader, b.pool, b.successor, yoke_range_1d(2), NULL,
                                  YOKE_ARGS(yoke_out(out, 4), yoke_in(b.gate, 4))));
    finish(reader, YOKE_OK); /* both only read the gate */
    assert_false(yoke_future_is_done(held));
    api_gate_open(b.gate);
    finish(held, YOKE_OK);
    assert_true(api_all(numbers, N, 1));
    assert_true(api_all(b.held, 101, 1));
}

static void test_after(void **state)
{
    uint32_t *numbers = api_numbers(b.pool, N);
    yoke_future *first = start_held(1);
    yoke_future *second = start_increment(numbers + 100, 10);
    yoke_future *const edges[] = {first, second};
    const yoke_map_options options = {.after = edges, .after_count = 2};
    yoke_future *third = NULL;

    (void)state;
    assert_ok_pool(b.pool,
                   yoke_map_async(&third, b.pool, b.increment, yoke_range_1d(10),
                                  &options, YOKE_ARGS(yoke_inout(numbers, 4))));
    api_gate_await(b.gate, 1);
    assert_ok(yoke_future_wait(second, 30));
    assert_status(yoke_future_wait(third, 0.02), YOKE_ETIMEDOUT);
    assert_true(api_all(numbers, 10, 0));
    api_gate_open(b.gate);
    assert_ok(yoke_future_wait(third, 30));
    assert_true(yoke_future_is_done(first));
    yoke_future_destroy(third);
    /* After jobs that have ended already. */
    assert_ok_pool(b.pool, yoke_map_with(b.pool, b.increment, yoke_range_1d(10),
                                         &options, YOKE_ARGS(yoke_inout(numbers, 4))));
    assert_true(api_all(numbers, 10, 2));
    yoke_future_destroy(first);
    yoke_future_destroy(second);
}

/* ---- failure ---- */

static void test_failure_spreads(void **state)
{
    uint32_t *a = api_numbers(b.pool, N);
    uint32_t *other = api_numbers(b.pool, N);
    yoke_future *futures[4] = {NULL};
    yoke_map_options options = {.after = &futures[0], .after_count = 1};

    (void)state;
    assert_ok_pool(b.pool,
                   yoke_map_async(&futures[0], b.pool, b.refuse, yoke_range_1d(N), NULL,
                                  YOKE_ARGS(yoke_out(a, 4))));
    futures[1] = NULL;
    if (yoke_map_async(&futures[1], b.pool, b.increment, yoke_range_1d(N), NULL,
                       YOKE_ARGS(yoke_inout(a, 4))) != YOKE_OK) {
        fail_msg("%s", yoke_pool_error(b.pool));
    }
    assert_status_pool(b.pool,
                       yoke_map_with(b.pool, b.increment, yoke_range_1d(N), &options,
                                     YOKE_ARGS(yoke_inout(other, 4))),
                       YOKE_EDEPENDENCY);
    assert_status(yoke_future_wait(futures[0], 30), YOKE_EKERNEL);
    assert_contains(yoke_future_error(futures[0]), "'refuse'");
    assert_contains(yoke_future_error(futures[0]), "no hay for item 5");
    assert_contains(yoke_future_error(futures[0]), "42");
    assert_contains(yoke_pool_error(b.pool), "no hay");
    /* Submitted after the end of what failed: refused at once. */
    assert_status_pool(b.pool,
                       yoke_map_with(b.pool, b.increment, yoke_range_1d(N), &options,
                                     YOKE_ARGS(yoke_inout(other, 4))),
                       YOKE_EDEPENDENCY);
    assert_contains(yoke_pool_error(b.pool), "after[0]");
    assert_true(api_all(other, N, 0));
    yoke_future_destroy(futures[0]);
    yoke_future_wait(futures[1], 30);
    yoke_future_destroy(futures[1]);
    /* What is submitted now reads what is there. */
    finish(start_increment(other, N), YOKE_OK);
    assert_true(api_all(other, N, 1));
}

/* ---- many ---- */

/* A time loop: more jobs than there are slots, each needing the one before. */
static void test_time_loop(void **state)
{
    enum { STEPS = 1000, ITEMS = 500 };
    uint32_t *grid[2] = {api_numbers(b.pool, ITEMS), api_numbers(b.pool, ITEMS)};
    yoke_future *futures[STEPS] = {NULL};

    (void)state;
    for (int step = 0; step < STEPS; step++) {
        assert_ok_pool(b.pool,
                       yoke_map_async(&futures[step], b.pool, b.successor,
                                      yoke_range_1d(ITEMS), NULL,
                                      YOKE_ARGS(yoke_out(grid[(step + 1) % 2], 4),
                                                yoke_in(grid[step % 2], 4))));
    }
    assert_ok(yoke_future_wait(futures[STEPS - 1], API_SECONDS));
    assert_true(api_all(grid[STEPS % 2], ITEMS, STEPS));
    assert_true(api_all(grid[(STEPS + 1) % 2], ITEMS, STEPS - 1));
    for (int step = 0; step < STEPS; step++) {
        assert_true(yoke_future_is_done(futures[step]));
        finish(futures[step], YOKE_OK);
    }
}

/* Submitting waits for a free slot; the gate keeps all of them taken until it opens. */
static void *open_when_full(void *arg)
{
    api_gate_await(arg, 2);
    api_gate_open(arg);
    return NULL;
}

/* Far more steps than slots: jobs are collected, and their slots given away, while those who
 * end them are still at it. */
static void test_long_chain(void **state)
{
    enum { STEPS = 30000, LENGTH = 100000 };
    uint32_t *numbers = api_numbers(b.pool, LENGTH);
    yoke_future *last = NULL;

    (void)state;
    for (int step = 0; step < STEPS; step++) {
        yoke_future_destroy(last);
        last = start_increment(numbers, LENGTH);
    }
    finish(last, YOKE_OK);
    assert_true(api_all(numbers, LENGTH, STEPS));
}

static void test_more_than_there_are_slots(void **state)
{
    enum { JOBS = 200 };
    yoke_future *futures[JOBS] = {start_held(2)};
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, open_when_full, b.gate), 0);
    for (int i = 1; i < JOBS; i++) {
        futures[i] = start_increment(b.held, 2);
    }
    (void)pthread_join(thread, NULL);
    for (int i = 0; i < JOBS; i++) {
        finish(futures[i], YOKE_OK);
    }
    assert_true(api_all(b.held, 2, JOBS));
}

enum { THREADS = 8, ROUNDS = 200, PART = 256 };

typedef struct submitter {
    pthread_t thread;
    uint32_t *mine;
    uint32_t *common;
    int failures;
} submitter;

/* Every other job on an array of the thread's own, the rest on one that all change. */
static void *submit_many(void *arg)
{
    submitter *self = arg;
    yoke_future *pending = NULL;

    for (int i = 0; i < ROUNDS; i++) {
        uint32_t *numbers = i % 2 == 0 ? self->mine : self->common;
        yoke_future *future = NULL;

        self->failures +=
            yoke_map_async(&future, b.pool, b.increment, yoke_range_1d(PART), NULL,
                           YOKE_ARGS(yoke_inout(numbers, 4))) != YOKE_OK;
        if (pending != NULL && i % 3 == 0) {
            self->failures += yoke_future_wait(pending, API_SECONDS) != YOKE_OK;
        }
        yoke_future_destroy(pending);
        pending = future;
    }
    self->failures += yoke_future_wait(pending, API_SECONDS) != YOKE_OK;
    yoke_future_destroy(pending);
    self->failures += yoke_map(b.pool, b.increment, yoke_range_1d(PART),
                               yoke_inout(self->mine, 4)) != YOKE_OK;
    return NULL;
}

static void test_several_threads(void **state)
{
    submitter submitters[THREADS] = {{0}};
    uint32_t *common = api_numbers(b.pool, PART);

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        submitters[i].mine = api_numbers(b.pool, PART);
        submitters[i].common = common;
        assert_int_equal(
            pthread_create(&submitters[i].thread, NULL, submit_many, &submitters[i]),
            0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(submitters[i].thread, NULL);
        assert_int_equal(submitters[i].failures, 0);
        assert_true(api_all(submitters[i].mine, PART, ROUNDS / 2 + 1));
    }
    assert_ok_pool(b.pool, yoke_map(b.pool, b.increment, yoke_range_1d(PART),
                                    yoke_inout(common, 4)));
    assert_true(api_all(common, PART, THREADS * ROUNDS / 2 + 1));
}

/* The pool closes with jobs in flight: all of them are finished first. */
static void test_close_finishes_all(void **state)
{
    enum { JOBS = 40 };
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *increment = api_kernel(pool, "increment", api_increment);
    uint32_t *numbers = api_numbers(pool, MANY);
    yoke_future *futures[JOBS] = {NULL};

    (void)state;
    for (int i = 0; i < JOBS; i++) {
        assert_ok_pool(pool,
                       yoke_map_async(&futures[i], pool, increment, yoke_range_1d(MANY),
                                      NULL, YOKE_ARGS(yoke_inout(numbers, 4))));
    }
    api_close(pool);
    for (int i = 0; i < JOBS; i++) {
        assert_ok(yoke_future_wait(futures[i], 0));
        yoke_future_destroy(futures[i]);
    }
}

#define pool_test(function) cmocka_unit_test_setup_teardown(function, job_set_up, job_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        pool_test(test_conflicts_run_in_order),
        pool_test(test_independent_jobs_overlap),
        pool_test(test_after),
        pool_test(test_failure_spreads),
        pool_test(test_time_loop),
        pool_test(test_long_chain),
        pool_test(test_more_than_there_are_slots),
        pool_test(test_several_threads),
        yt_unit_test(test_close_finishes_all),
    };

    return yt_run_group(tests);
}
