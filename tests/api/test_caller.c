/* SPDX-License-Identifier: MIT */
/* The calling thread helps, pieces have a largest size, and the figures add up. */
#include <pthread.h>
#include <string.h>

#include "api_setup.h"

enum { MANY = 200000 };

static yoke_pool *pool;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    return 0;
}

static int tear_down(void **state)
{
    api_close(pool);
    return yt_test_teardown(state);
}

static const yoke_map_options helping = {.caller_helps = true};

/* Figures of one worker, or of all. */
static yoke_worker_stats stats_of(const char *name)
{
    yoke_worker_stats all[8];
    yoke_worker_stats sum = {.chunks = 0};
    size_t count = 0;

    assert_ok_pool(pool, yoke_pool_stats(pool, all, 8, &count));
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        if (name == NULL || strcmp(all[i].name, name) == 0) {
            sum.chunks += all[i].chunks;
            sum.items += all[i].items;
            sum.busy_seconds += all[i].busy_seconds;
        }
    }
    return sum;
}

static void test_the_caller_computes(void **state)
{
    yoke_kernel *fill = api_kernel(pool, "fill", api_fill);
    uint32_t *numbers = api_numbers(pool, MANY);

    (void)state;
    for (uint32_t round = 1; round <= 50; round++) {
        const size_t count = round % 2 == 0 ? 2 : MANY;

        assert_ok_pool(
            pool, yoke_map_with(pool, fill, yoke_range_1d(count), &helping,
                                YOKE_ARGS(yoke_out(numbers, 4), yoke_scalar(round))));
        assert_true(api_all(numbers, count, round));
    }
    assert_true(stats_of("caller").items > 0);
    assert_int_equal(stats_of(NULL).items, 25 * 2 + 25 * MANY);
}

/* What it cannot do is done by the others. */
static void test_it_does_not_hinder(void **state)
{
    yoke_kernel *increment = api_kernel(pool, "increment", api_increment);
    yoke_map_options elsewhere = helping;
    uint32_t *numbers = api_numbers(pool, MANY);

    (void)state;
    assert_ok_pool(pool, yoke_map_with(pool, increment, yoke_range_1d(MANY), &helping,
                                       YOKE_ARGS(yoke_inout(numbers, 4))));
    elsewhere.devices = "cpu:1";
    assert_ok_pool(pool, yoke_map_with(pool, increment, yoke_range_1d(MANY), &elsewhere,
                                       YOKE_ARGS(yoke_inout(numbers, 4))));
    assert_true(api_all(numbers, MANY, 2));
}

/* A failure in the calling thread is the job's, as elsewhere. */
static void test_its_failures_are_told(void **state)
{
    yoke_kernel *refuse = api_kernel(pool, "refuse", api_refuse);
    uint32_t *numbers = api_numbers(pool, 64);

    (void)state;
    for (int round = 0; round < 50; round++) {
        assert_refused(pool,
                       yoke_map_with(pool, refuse, yoke_range_1d(64), &helping,
                                     YOKE_ARGS(yoke_out(numbers, 4))),
                       YOKE_EKERNEL, "refuse");
    }
    api_check_works(pool);
}

/* One of them helps, the others wait. */
static void *help_often(void *arg)
{
    yoke_kernel *kernel = arg;
    uint32_t *numbers = yoke_alloc(pool, 1000 * sizeof *numbers);

    for (uint32_t round = 1; round <= 300; round++) {
        if (numbers == NULL ||
            yoke_map_with(pool, kernel, yoke_range_1d(1000), &helping,
                          YOKE_ARGS(yoke_out(numbers, 4), yoke_scalar(round))) !=
                YOKE_OK ||
            !api_all(numbers, 1000, round)) {
            return arg;
        }
    }
    return NULL;
}

static void test_many_callers(void **state)
{
    yoke_kernel *fill = api_kernel(pool, "fill", api_fill);
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, help_often, fill), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failed = NULL;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

/* Not for a call that returns before the job has ended. */
static void test_not_with_a_future(void **state)
{
    yoke_kernel *fill = api_kernel(pool, "fill", api_fill);
    uint32_t *numbers = api_numbers(pool, 100);
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(
        pool,
        yoke_map_async(&future, pool, fill, yoke_range_1d(100), &helping,
                       YOKE_ARGS(yoke_out(numbers, 4), yoke_scalar((uint32_t)3))));
    assert_ok_pool(pool, yoke_future_wait(future, API_SECONDS));
    yoke_future_destroy(future);
    assert_true(api_all(numbers, 100, 3));
    assert_int_equal(stats_of("caller").items, 0);
}

/* out uint32[i]: how many items came with item i */
static void span_size(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = (uint32_t)(span->end - span->begin);
    }
}

static void test_pieces_have_a_largest_size(void **state)
{
    static const size_t chunks[] = {1, 2, 7, 64, 1000};
    yoke_kernel *kernel = api_kernel(pool, "span_size", span_size);
    uint32_t *sizes = api_numbers(pool, 20000);

    (void)state;
    for (size_t c = 0; c < sizeof chunks / sizeof *chunks; c++) {
        const yoke_map_options options = {.chunk = chunks[c], .caller_helps = c % 2};

        for (int round = 0; round < 3; round++) {
            assert_ok_pool(pool,
                           yoke_map_with(pool, kernel, yoke_range_1d(20000), &options,
                                         YOKE_ARGS(yoke_out(sizes, 4))));
            for (size_t i = 0; i < 20000; i++) {
                assert_between(sizes[i], 1, chunks[c]);
            }
        }
    }
}

static void test_figures_add_up(void **state)
{
    yoke_kernel *kernel = api_kernel(pool, "span_size", span_size);
    const yoke_map_options ones = {.chunk = 1};
    uint32_t *sizes = api_numbers(pool, 5000);

    (void)state;
    assert_int_equal(stats_of(NULL).chunks, 0);
    assert_ok_pool(pool, yoke_map_with(pool, kernel, yoke_range_1d(5000), &ones,
                                       YOKE_ARGS(yoke_out(sizes, 4))));
    assert_int_equal(stats_of(NULL).chunks, 5000);
    assert_int_equal(stats_of(NULL).items, 5000);
    assert_true(stats_of(NULL).busy_seconds > 0);
    assert_status_pool(pool, yoke_pool_stats(pool, NULL, 1, NULL), YOKE_EINVAL);
    assert_ok_pool(pool, yoke_pool_stats(pool, NULL, 0, NULL));
}

#define caller_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        caller_test(test_the_caller_computes),
        caller_test(test_it_does_not_hinder),
        caller_test(test_its_failures_are_told),
        caller_test(test_many_callers),
        caller_test(test_not_with_a_future),
        caller_test(test_pieces_have_a_largest_size),
        caller_test(test_figures_add_up),
    };

    yt_remember();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
