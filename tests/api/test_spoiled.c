/* SPDX-License-Identifier: MIT */
/* What a failed job should have written is not computed with, whatever else the program is
 * told meanwhile: until it is told of that failure, or of one that follows from it. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "api_setup.h"

enum { N = 512, MANY = 150, TOO_MANY = 1100 };

static yoke_pool *pool;
static yoke_kernel *refuse;
static yoke_kernel *increment;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    refuse = api_kernel(pool, "refuse", api_refuse);
    increment = api_kernel(pool, "increment", api_increment);
    return 0;
}

static int tear_down(void **state)
{
    const bool failed = yoke_pool_terminate(pool) != YOKE_OK;

    return yt_test_teardown(state) != 0 || failed ? -1 : 0;
}

static yoke_future *start(yoke_kernel *kernel, uint32_t *numbers)
{
    yoke_future *future = NULL;

    assert_ok_pool(pool, yoke_map_async(&future, pool, kernel, yoke_range_1d(N), NULL,
                                        YOKE_ARGS(yoke_inout(numbers, 4))));
    return future;
}

static yoke_status run(yoke_kernel *kernel, uint32_t *numbers)
{
    return yoke_map(pool, kernel, yoke_range_1d(N), yoke_inout(numbers, 4));
}

static bool has_ended(void *future)
{
    return yoke_future_is_done(future);
}

/* It has ended, and the program has not been told how. */
static yoke_future *fail_unheard(uint32_t *numbers)
{
    yoke_future *future = start(refuse, numbers);

    assert_true(yt_wait_until(has_ended, future, 60));
    return future;
}

static void finish_failed(yoke_future *future)
{
    assert_status(yoke_future_wait(future, API_SECONDS), YOKE_EKERNEL);
    yoke_future_destroy(future);
}

static void expect_spoiled(uint32_t *numbers)
{
    assert_status(run(increment, numbers), YOKE_EDEPENDENCY);
    assert_contains(yoke_pool_error(pool), "no hay for item 5");
}

/* ---- what does not count ---- */

/* In place, and moved. */
static void a_new_size_hides_nothing(void **state)
{
    static const size_t bytes[] = {N * sizeof(uint32_t) + 4, 40 << 20};

    (void)state;
    for (int i = 0; i < 2; i++) {
        uint32_t *numbers = api_numbers(pool, N);
        yoke_future *future = fail_unheard(numbers);
        uint32_t *same = yoke_realloc(pool, numbers, bytes[i]);

        assert_non_null(same);
        expect_spoiled(same);
        finish_failed(future);
        assert_ok_pool(pool, run(increment, same));
        assert_ok_pool(pool, yoke_free(same));
    }
}

static void another_failure_hides_nothing(void **state)
{
    uint32_t *numbers = api_numbers(pool, N), *others = api_numbers(pool, N);
    yoke_future *future = fail_unheard(numbers);

    (void)state;
    assert_status(run(refuse, others), YOKE_EKERNEL);
    assert_ok_pool(pool, run(increment, others));
    expect_spoiled(numbers);
    finish_failed(future);
}

/* Its future may be gone, or never have been. */
static void another_failure_hides_no_unkept_one(void **state)
{
    uint32_t *numbers = api_numbers(pool, N), *others = api_numbers(pool, N);

    (void)state;
    yoke_future_destroy(start(refuse, numbers));
    assert_status(run(refuse, others), YOKE_EKERNEL);
    expect_spoiled(numbers);
    assert_ok_pool(pool, yoke_map_async(NULL, pool, refuse, yoke_range_1d(N), NULL,
                                        YOKE_ARGS(yoke_inout(numbers, 4))));
    assert_status(run(refuse, others), YOKE_EKERNEL);
    expect_spoiled(numbers);
    assert_status(yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL);
}

static void other_calls_hide_nothing(void **state)
{
    uint32_t *numbers = api_numbers(pool, N);
    yoke_future *future = fail_unheard(numbers);

    (void)state;
    (void)yoke_pool_poll(pool);
    assert_ok_pool(pool, yoke_free(api_numbers(pool, N)));
    assert_ok_pool(pool, yoke_lend(numbers));
    assert_ok_pool(pool, yoke_reclaim(numbers));
    expect_spoiled(numbers);
    finish_failed(future);
}

static atomic_bool is_over;

static void *fail_and_know(void *others)
{
    while (!atomic_load(&is_over)) {
        (void)run(refuse, others);
    }
    return NULL;
}

/* The last future of a chain speaks for all of it, whatever other threads do. */
static void chains_fail_beside_other_threads(void **state)
{
    uint32_t *numbers = api_numbers(pool, N);
    pthread_t thread;

    (void)state;
    atomic_store(&is_over, false);
    assert_int_equal(pthread_create(&thread, NULL, fail_and_know, api_numbers(pool, N)),
                     0);
    for (int round = 0; round < 50; round++) {
        yoke_future *last = start(refuse, numbers);

        for (int i = 0; i < 10; i++) {
            yoke_future_destroy(last);
            last = start(increment, numbers);
        }
        assert_status(yoke_future_wait(last, API_SECONDS), YOKE_EDEPENDENCY);
        yoke_future_destroy(last);
    }
    atomic_store(&is_over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_status(yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL);
}

/* There are 64 slots for jobs. */
static void many_failures_are_all_kept(void **state)
{
    yoke_future *futures[MANY];
    uint32_t *numbers[MANY];

    (void)state;
    for (int i = 0; i < MANY; i++) {
        numbers[i] = api_numbers(pool, N);
        futures[i] = start(refuse, numbers[i]);
    }
    for (int i = 0; i < MANY; i++) {
        expect_spoiled(numbers[i]);
    }
    for (int i = 0; i < MANY; i++) {
        finish_failed(futures[i]);
    }
}

/* ---- memory outside the pool ---- */

static const yoke_map_options staged = {.stage = true};

static yoke_status run_staged(yoke_kernel *kernel, yoke_arg arg)
{
    return yoke_map_with(pool, kernel, yoke_range_1d(N), &staged, YOKE_ARGS(arg));
}

static yoke_future *fail_staged(yoke_arg arg)
{
    yoke_future *future = NULL;

    assert_ok_pool(pool, yoke_map_async(&future, pool, refuse, yoke_range_1d(N), &staged,
                                        YOKE_ARGS(arg)));
    assert_true(yt_wait_until(has_ended, future, 60));
    return future;
}

static void expect_dependency(yoke_status status)
{
    assert_int_equal(status, YOKE_EDEPENDENCY);
    assert_contains(yoke_pool_error(pool), "no hay for item 5");
}

static yoke_status sum_staged(const uint32_t *numbers)
{
    yoke_reduced sum;

    return yoke_reduce(pool,
                       yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, numbers, N),
                       &sum, &staged);
}

/* As far as a failed job should have written them. To report one of the family is to report all. */
static void staged_arrays_are_spoiled(void **state)
{
    uint32_t numbers[3 * N] = {0}, others[N] = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        yoke_future *future = fail_staged(yoke_inout(numbers + 100, 4));

        assert_ok_pool(pool, run_staged(increment, yoke_inout(numbers + 100 + N, 4)));
        assert_ok_pool(pool, run_staged(increment, yoke_inout(others, 4)));
        expect_dependency(
            i == 0   ? run_staged(increment, yoke_inout(numbers + 100, 4))
            : i == 1 ? run_staged(increment, yoke_inout(numbers + 99 + N, 4))
                     : sum_staged(numbers));
        finish_failed(future);
        assert_int_equal(numbers[100], i);
        assert_ok_pool(pool, run_staged(increment, yoke_inout(numbers + 100, 4)));
    }
}

/* The copies are the job's own; what they are added to is not. */
static void arrays_that_items_add_into_are_spoiled(void **state)
{
    uint32_t bins[N] = {0};
    const yoke_arg adds[] = {yoke_sum_into(bins, YOKE_TYPE_UINT32, N),
                             yoke_min_into(bins, YOKE_TYPE_UINT32, N),
                             yoke_max_into(bins, YOKE_TYPE_UINT32, N)};

    (void)state;
    for (int i = 0; i < 9; i++) {
        yoke_future *future = fail_staged(adds[i % 3]);

        expect_dependency(i / 3 == 0   ? run_staged(increment, yoke_inout(bins, 4))
                          : i / 3 == 1 ? run_staged(increment, adds[(i + 1) % 3])
                                       : sum_staged(bins));
        finish_failed(future);
        assert_ok_pool(pool, run_staged(increment, yoke_inout(bins, 4)));
    }
}

/* Also of a job that fails while another submission waits for its array. */
static void a_staged_chain_fails_to_its_end(void **state)
{
    uint32_t numbers[N] = {0};
    yoke_future *last = NULL;

    (void)state;
    for (int i = 0; i < 5; i++) {
        yoke_future_destroy(last);
        assert_ok_pool(pool, yoke_map_async(&last, pool, i == 0 ? refuse : increment,
                                            yoke_range_1d(N), &staged,
                                            YOKE_ARGS(yoke_inout(numbers, 4))));
    }
    assert_int_equal(yoke_future_wait(last, API_SECONDS), YOKE_EDEPENDENCY);
    yoke_future_destroy(last);
    assert_status(yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL);
    assert_ok_pool(pool, run_staged(increment, yoke_inout(numbers, 4)));
}

static void a_segment_stays_spoiled_when_it_is_opened_again(void **state)
{
    yoke_shm *shm = NULL;
    yoke_future *future;
    char name[64];

    (void)state;
    assert_ok_pool(pool, yoke_shm_create(&shm, pool, NULL, N * sizeof(uint32_t), NULL));
    (void)snprintf(name, sizeof name, "%s", yoke_shm_name(shm));
    future = fail_unheard(yoke_shm_pointer(shm));
    for (int i = 0; i < 2; i++) {
        assert_ok_pool(pool, yoke_shm_close(shm));
        assert_ok_pool(pool, yoke_shm_open(&shm, pool, name, NULL));
    }
    expect_spoiled(yoke_shm_pointer(shm));
    finish_failed(future);
    assert_ok_pool(pool, run(increment, yoke_shm_pointer(shm)));
    assert_ok_pool(pool, yoke_shm_close(shm));
    assert_ok_pool(pool, yoke_shm_unlink(name));
}

/* Of so many, what the oldest should have written is not remembered. */
static void too_many_failures_spoil_everything(void **state)
{
    uint32_t *numbers = api_numbers(pool, TOO_MANY * 8);

    (void)state;
    for (int i = 0; i < TOO_MANY; i++) {
        assert_ok_pool(pool, yoke_map_async(NULL, pool, refuse, yoke_range_1d(8), NULL,
                                            YOKE_ARGS(yoke_inout(numbers + 8 * i, 4))));
    }
    assert_status_pool(pool,
                       yoke_map(pool, increment, yoke_range_1d(8), yoke_inout(numbers, 4)),
                       YOKE_EDEPENDENCY);
    assert_status(yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL);
    assert_ok_pool(pool, run(increment, numbers));
}

/* ---- what does ---- */

/* Failures of which one follows from the other: being told of either is being told. */
static void a_family_is_told_of_at_once(void **state)
{
    uint32_t *numbers = api_numbers(pool, N), *others = api_numbers(pool, N);

    (void)state;
    for (int which = 0; which < 3; which++) {
        yoke_future *family[3] = {fail_unheard(numbers)};

        assert_status(run(refuse, others), YOKE_EKERNEL);
        family[1] = start(increment, numbers);
        family[2] = start(increment, numbers);
        assert_true(yt_wait_until(has_ended, family[1], 60));
        assert_true(yt_wait_until(has_ended, family[2], 60));
        assert_status(yoke_future_wait(family[which], API_SECONDS),
                      which == 0 ? YOKE_EKERNEL : YOKE_EDEPENDENCY);
        assert_ok_pool(pool, run(increment, numbers));
        for (int i = 0; i < 3; i++) {
            yoke_future_destroy(family[i]);
        }
        (void)yoke_pool_wait(pool, API_SECONDS); /* what was not read of the others */
    }
}

static void a_report_for_all_is_one_for_each(void **state)
{
    uint32_t *numbers = api_numbers(pool, N), *others = api_numbers(pool, N);

    (void)state;
    yoke_future_destroy(fail_unheard(numbers));
    yoke_future_destroy(fail_unheard(others));
    assert_status(yoke_pool_wait(pool, API_SECONDS), YOKE_EKERNEL);
    assert_ok_pool(pool, run(increment, numbers));
    assert_ok_pool(pool, run(increment, others));
}

static void know(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    *(yoke_status *)context = status;
}

static void a_callback_tells(void **state)
{
    uint32_t *numbers = api_numbers(pool, N);
    yoke_future *future = start(refuse, numbers);
    yoke_status known = YOKE_OK;

    (void)state;
    assert_ok_pool(pool, yoke_future_on_done(future, know, &known));
    assert_true(yt_wait_until(has_ended, future, 60));
    (void)yoke_pool_poll(pool);
    assert_int_equal(known, YOKE_EKERNEL);
    assert_ok_pool(pool, run(increment, numbers));
    yoke_future_destroy(future);
}

/* ---- memory that is used again ---- */

static void new_memory_is_not_spoiled(void **state)
{
    uint32_t *numbers = api_numbers(pool, N);
    yoke_future *future = fail_unheard(numbers);

    (void)state;
    assert_ok_pool(pool, yoke_free(numbers));
    for (int i = 0; i < 20; i++) {
        assert_ok_pool(pool, run(increment, api_numbers(pool, N)));
    }
    finish_failed(future);
}

/* Partial results of a reduction that failed are the library's. */
static void reductions_go_on(void **state)
{
    uint32_t *numbers = api_numbers(pool, N), *others = api_numbers(pool, N);
    yoke_future *future = fail_unheard(numbers), *reduction = NULL;
    yoke_reduced sum;

    (void)state;
    assert_ok_pool(pool,
                   yoke_reduce_async(
                       &reduction, pool,
                       yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, numbers, N),
                       &sum, NULL));
    assert_true(yt_wait_until(has_ended, reduction, 60));
    assert_ok_pool(pool, yoke_reduce(pool,
                                     yoke_reduction_of(YOKE_REDUCE_SUM,
                                                       YOKE_TYPE_UINT32, others, N),
                                     &sum, NULL));
    assert_status(yoke_future_wait(reduction, API_SECONDS), YOKE_EDEPENDENCY);
    yoke_future_destroy(reduction);
    finish_failed(future);
}

#define with_pool(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_pool(a_new_size_hides_nothing),
        with_pool(another_failure_hides_nothing),
        with_pool(another_failure_hides_no_unkept_one),
        with_pool(other_calls_hide_nothing),
        with_pool(chains_fail_beside_other_threads),
        with_pool(many_failures_are_all_kept),
        with_pool(staged_arrays_are_spoiled),
        with_pool(arrays_that_items_add_into_are_spoiled),
        with_pool(a_staged_chain_fails_to_its_end),
        with_pool(a_segment_stays_spoiled_when_it_is_opened_again),
        with_pool(too_many_failures_spoil_everything),
        with_pool(a_family_is_told_of_at_once),
        with_pool(a_report_for_all_is_one_for_each),
        with_pool(a_callback_tells),
        with_pool(new_memory_is_not_spoiled),
        with_pool(reductions_go_on),
    };

    return yt_run_group(tests);
}
