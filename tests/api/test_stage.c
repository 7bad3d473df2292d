/* SPDX-License-Identifier: MIT */
/* Arrays outside the pool's memory: copied in when the job is submitted, back at its
 * end. */
#include <stdlib.h>
#include <string.h>

#include "api_setup.h"

enum { N = 5000 };

static const yoke_map_options stage = {.stage = true};

static yoke_pool *pool;
static yoke_kernel *increment;
static yoke_kernel *successor;
static yoke_kernel *hold;
static yoke_kernel *refuse;
static yoke_kernel *scatter;
static yoke_kernel *smooth;
static yoke_kernel *put_second;

/* inout_whole uint32[count], scalar: item i writes at i * 7 % count, i a multiple of 2.
 */
static void scatter_native(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const uint32_t count = *(const uint32_t *)args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        if (i % 2 == 0) {
            out[i * 7 % count] = (uint32_t)i;
        }
    }
}

/* out uint32[i], in_halo uint32 by 1, scalar count: the sum of a number and its
 * neighbours, as far as there are any. */
static void smooth_native(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const uint32_t *in = args[1];
    const uint32_t count = *(const uint32_t *)args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = in[i] + (i > 0 ? in[i - 1] : 0) + (i + 1 < count ? in[i + 1] : 0);
    }
}

/* uint32, items `pitch` numbers apart: the second number of each is written. */
static void put_second_native(const yoke_span *span, void *const args[])
{
    uint32_t *numbers = args[0];
    const uint32_t pitch = *(const uint32_t *)args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        numbers[i * pitch + 1] = (uint32_t)i + 1000;
    }
}

static int open_pool(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    increment = api_kernel(pool, "increment", api_increment);
    successor = api_kernel(pool, "successor", api_successor);
    hold = api_kernel(pool, "hold", api_hold);
    refuse = api_kernel(pool, "refuse", api_refuse);
    scatter = api_kernel(pool, "scatter", scatter_native);
    smooth = api_kernel(pool, "smooth", smooth_native);
    put_second = api_kernel(pool, "put_second", put_second_native);
    return 0;
}

static int close_pool(void **state)
{
    (void)state;
    return yoke_pool_close(pool) == YOKE_OK ? 0 : -1;
}

static uint32_t *plain_numbers(size_t count)
{
    uint32_t *numbers = malloc(count * sizeof *numbers);

    assert_non_null(numbers);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (uint32_t)i;
    }
    return numbers;
}

static void test_results_in_place(void **state)
{
    uint32_t *in = plain_numbers(N);
    uint32_t *out = plain_numbers(N + 1);

    (void)state;
    assert_ok_pool(pool, yoke_map_with(pool, successor, yoke_range_1d(N), &stage,
                                       YOKE_ARGS(yoke_out(out, 4), yoke_in(in, 4))));
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(out[i], i + 1);
        assert_int_equal(in[i], i);
    }
    assert_int_equal(out[N], N);
    assert_ok_pool(pool, yoke_map_with(pool, increment, yoke_range_1d(N), &stage,
                                       YOKE_ARGS(yoke_inout(out, 4))));
    assert_int_equal(out[0], 2);
    assert_int_equal(out[N - 1], N + 1);
    free(in);
    free(out);
}

/* One array here, one there; an unaligned pointer; a constant on the stack. */
static void test_mixed(void **state)
{
    char *bytes = malloc(4 * N + 4);
    uint32_t *shared = api_numbers(pool, N);
    uint32_t few[3] = {7, 8, 9};
    uint32_t got[3] = {0};

    (void)state;
    assert_non_null(bytes);
    for (uint32_t i = 0; i < N; i++) {
        memcpy(bytes + 4 + 4 * i, &i, 4);
    }
    assert_ok_pool(
        pool, yoke_map_with(pool, successor, yoke_range_1d(N), &stage,
                            YOKE_ARGS(yoke_out(shared, 4), yoke_in(bytes + 4, 4))));
    assert_int_equal(shared[0], 1);
    assert_int_equal(shared[N - 1], N);
    assert_ok_pool(pool, yoke_map_with(pool, successor, yoke_range_1d(3), &stage,
                                       YOKE_ARGS(yoke_out(got, 4), yoke_in(few, 4))));
    assert_int_equal(got[2], 10);
    assert_ok_pool(pool, yoke_free(shared));
    free(bytes);
}

/* A part of an array: what lies around it keeps its content. */
static void test_part_of_an_array(void **state)
{
    uint32_t *numbers = plain_numbers(N);
    yoke_range range = yoke_range_1d(100);

    (void)state;
    range.begin[0] = 50;
    assert_ok_pool(pool, yoke_map_with(pool, increment, range, &stage,
                                       YOKE_ARGS(yoke_inout(numbers, 4))));
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(numbers[i], i >= 50 && i < 150 ? i + 1 : i);
    }
    free(numbers);
}

static void test_whole_arrays(void **state)
{
    uint32_t *numbers = plain_numbers(1000);
    const yoke_arg count = yoke_scalar((uint32_t)1000);

    (void)state;
    assert_ok_pool(pool,
                   yoke_map_with(pool, scatter, yoke_range_1d(1000), &stage,
                                 YOKE_ARGS(yoke_out_whole(numbers, 4000), count)));
    for (uint32_t i = 0; i < 1000; i++) {
        const uint32_t at = i * 7 % 1000;

        assert_int_equal(numbers[at], i % 2 == 0 ? i : at);
    }
    free(numbers);
}

static void test_halo(void **state)
{
    uint32_t *in = plain_numbers(N);
    uint32_t *out = plain_numbers(N);

    (void)state;
    assert_ok_pool(pool,
                   yoke_map_with(pool, smooth, yoke_range_1d(N), &stage,
                                 YOKE_ARGS(yoke_out(out, 4),
                                           yoke_in_halo(in, 4, 1, 1, YOKE_EDGE_CLIPPED),
                                           yoke_scalar((uint32_t)N))));
    assert_int_equal(out[0], 1);
    for (uint32_t i = 1; i < N - 1; i++) {
        assert_int_equal(out[i], 3 * i);
    }
    assert_int_equal(out[N - 1], 2 * N - 3);
    free(in);
    free(out);
}

/* out uint32[i], in_halo uint32 by 2 and 1: a sum of what lies around. */
static void around_native(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const uint32_t *in = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = *(&in[i] - 2) + 10 * in[i + 1];
    }
}

/* What lies in front of the pointer is staged, too. */
static void test_halo_in_front(void **state)
{
    yoke_kernel *around = api_kernel(pool, "around", around_native);
    uint32_t *in = plain_numbers(N + 3);
    uint32_t *out = plain_numbers(N);

    (void)state;
    assert_ok_pool(pool, yoke_map_with(pool, around, yoke_range_1d(N), &stage,
                                       YOKE_ARGS(yoke_out(out, 4),
                                                 yoke_in_halo(in + 2, 4, 2, 1,
                                                              YOKE_EDGE_PRESENT))));
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(out[i], i + 10 * (i + 3));
    }
    yoke_kernel_destroy(around);
    free(in);
    free(out);
}

/* The halves of one picture, by two jobs at a time: neither writes what is the other's, nor
 * what lies between them, and neither waits. */
static void test_tiles(void **state)
{
    enum { WIDTH = 30, ROWS = 40 };
    uint32_t *picture = plain_numbers(WIDTH * ROWS);
    uint32_t *held = api_numbers(pool, 1);
    api_gate *gate = api_gate_create(pool);
    yoke_future *first = NULL;
    yoke_future *left = NULL;
    yoke_future *right = NULL;
    const yoke_map_options after = {.stage = true, .after = &first, .after_count = 1};

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&first, pool, hold, yoke_range_1d(1), NULL,
                                        YOKE_ARGS(yoke_inout(held, 4),
                                                  yoke_in_whole(gate, sizeof *gate))));
    assert_ok_pool(
        pool,
        yoke_map_async(&left, pool, put_second, yoke_range_1d(ROWS), &after,
                       YOKE_ARGS(yoke_arg_pitch(yoke_inout(picture, 8), WIDTH * 4),
                                 yoke_scalar((uint32_t)WIDTH))));
    assert_ok_pool(
        pool, yoke_map_async(
                  &right, pool, put_second, yoke_range_1d(ROWS), &stage,
                  YOKE_ARGS(yoke_arg_pitch(yoke_out_some(picture + 20, 8), WIDTH * 4),
                            yoke_scalar((uint32_t)WIDTH))));
    assert_ok(yoke_future_wait(right, 30)); /* while the other has not begun */
    api_gate_open(gate);
    assert_ok(yoke_future_wait(left, 30));
    for (uint32_t i = 0; i < WIDTH * ROWS; i++) {
        const bool written = i % WIDTH == 1 || i % WIDTH == 21;

        assert_int_equal(picture[i], written ? i / WIDTH + 1000 : i);
    }
    yoke_future_destroy(first);
    yoke_future_destroy(left);
    yoke_future_destroy(right);
    assert_ok_pool(pool, yoke_free(held));
    assert_ok_pool(pool, yoke_free(gate));
    free(picture);
}

/* Inputs are copied at submission: what the application does to them then is its own.
 */
static void test_input_may_change_after_submission(void **state)
{
    uint32_t *in = plain_numbers(2);
    uint32_t *held = api_numbers(pool, 2);
    uint32_t out[2] = {0, 0};
    api_gate *gate = api_gate_create(pool);
    yoke_future *first = NULL;
    yoke_future *second = NULL;
    yoke_map_options options = {.stage = true, .after = &first, .after_count = 1};

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&first, pool, hold, yoke_range_1d(2), NULL,
                                        YOKE_ARGS(yoke_inout(held, 4),
                                                  yoke_in_whole(gate, sizeof *gate))));
    assert_ok_pool(pool,
                   yoke_map_async(&second, pool, successor, yoke_range_1d(2), &options,
                                  YOKE_ARGS(yoke_out(out, 4), yoke_in(in, 4))));
    in[0] = in[1] = 1000;
    free(in);
    assert_int_equal(out[0], 0);
    api_gate_open(gate);
    assert_ok(yoke_future_wait(second, 30));
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 2);
    yoke_future_destroy(first);
    yoke_future_destroy(second);
    assert_ok_pool(pool, yoke_free(held));
    assert_ok_pool(pool, yoke_free(gate));
}

/* Jobs on the same plain memory, submitted one after the other without waiting. */
static void test_staged_jobs_in_order(void **state)
{
    enum { ROUNDS = 20 };
    uint32_t *numbers = plain_numbers(N);
    uint32_t *copy = plain_numbers(N);
    yoke_future *futures[ROUNDS] = {NULL};
    yoke_future *reader = NULL;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        assert_ok_pool(pool,
                       yoke_map_async(&futures[i], pool, increment, yoke_range_1d(N),
                                      &stage, YOKE_ARGS(yoke_inout(numbers, 4))));
    }
    assert_ok_pool(pool,
                   yoke_map_async(&reader, pool, successor, yoke_range_1d(N), &stage,
                                  YOKE_ARGS(yoke_out(copy, 4), yoke_in(numbers, 4))));
    assert_ok(yoke_future_wait(reader, 30));
    for (int i = 0; i < ROUNDS; i++) {
        assert_ok(yoke_future_wait(futures[i], 30));
        yoke_future_destroy(futures[i]);
    }
    yoke_future_destroy(reader);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(numbers[i], i + ROUNDS);
        assert_int_equal(copy[i], i + ROUNDS + 1);
    }
    free(numbers);
    free(copy);
}

/* A job that fails leaves the array as it was, and no copy behind. */
static void test_failures_leave_arrays_alone(void **state)
{
    uint32_t *numbers = plain_numbers(N);
    yoke_future *future = NULL;

    (void)state;
    for (int round = 0; round < 50; round++) {
        assert_status_pool(pool,
                           yoke_map_with(pool, refuse, yoke_range_1d(N), &stage,
                                         YOKE_ARGS(yoke_out(numbers, 4))),
                           YOKE_EKERNEL);
    }
    assert_contains(yoke_pool_error(pool), "no hay");
    assert_ok_pool(pool, yoke_map_async(&future, pool, refuse, yoke_range_1d(N), &stage,
                                        YOKE_ARGS(yoke_out(numbers, 4))));
    assert_status(yoke_future_wait(future, 30), YOKE_EKERNEL);
    yoke_future_destroy(future);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(numbers[i], i);
    }
    free(numbers);
}

static void test_errors(void **state)
{
    uint32_t numbers[8] = {0};
    uint32_t *shared = api_numbers(pool, 8);

    (void)state;
    assert_status_pool(pool,
                       yoke_map_with(pool, increment, yoke_range_1d((size_t)1 << 45),
                                     &stage, YOKE_ARGS(yoke_inout(numbers, 4))),
                       YOKE_ENOMEM);
    assert_contains(yoke_pool_error(pool), "staging argument 1");
    assert_status_pool(pool,
                       yoke_map_with(pool, increment, yoke_range_1d(8), &stage,
                                     YOKE_ARGS(yoke_inout(NULL, 4))),
                       YOKE_EINVAL);
    assert_status_pool(
        pool,
        yoke_map_with(pool, successor, yoke_range_1d(8), &stage,
                      YOKE_ARGS(yoke_out(numbers, 4), yoke_in(numbers + 1, 4))),
        YOKE_EINVAL);
    assert_contains(yoke_pool_error(pool), "overlap");
    assert_status_pool(pool,
                       yoke_map_with(pool, increment, yoke_range_1d(9), &stage,
                                     YOKE_ARGS(yoke_inout(shared, 4))),
                       YOKE_EINVAL);
    assert_contains(yoke_pool_error(pool), "36 bytes");
    assert_ok_pool(pool, yoke_free(shared));
    assert_status_pool(pool,
                       yoke_map_with(pool, increment, yoke_range_1d(8), &stage,
                                     YOKE_ARGS(yoke_inout(shared, 4))),
                       YOKE_EINVAL);
    api_check_works(pool);
}

/* A hundred thousand bytes each time in a window of a megabyte. */
static void test_copies_are_given_back(void **state)
{
    const yoke_pool_options options = {.devices = "cpu:1", .arena_bytes = 1 << 20};
    uint32_t *numbers = plain_numbers(25000);
    yoke_pool *small = NULL;
    yoke_kernel *kernel;

    (void)state;
    assert_ok_pool(NULL, yoke_pool_create(&small, &options));
    kernel = api_kernel(small, "increment", api_increment);
    for (int round = 0; round < 100; round++) {
        assert_ok_pool(small, yoke_map_with(small, kernel, yoke_range_1d(25000), &stage,
                                            YOKE_ARGS(yoke_inout(numbers, 4))));
    }
    for (uint32_t i = 0; i < 25000; i++) {
        assert_int_equal(numbers[i], i + 100);
    }
    free(numbers);
    api_close(small);
}

/* Futures that end with the pool get their results. */
static void test_results_at_close(void **state)
{
    yoke_pool *other = api_open("cpu:1");
    yoke_kernel *kernel = api_kernel(other, "increment", api_increment);
    uint32_t *numbers = plain_numbers(N);
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(other, yoke_map_async(&future, other, kernel, yoke_range_1d(N),
                                         &stage, YOKE_ARGS(yoke_inout(numbers, 4))));
    api_close(other);
    assert_ok(yoke_future_wait(future, 0));
    assert_int_equal(numbers[0], 1);
    assert_int_equal(numbers[N - 1], N);
    yoke_future_destroy(future);
    free(numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results_in_place),
        cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_part_of_an_array),
        cmocka_unit_test(test_whole_arrays),
        cmocka_unit_test(test_halo),
        cmocka_unit_test(test_halo_in_front),
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_input_may_change_after_submission),
        cmocka_unit_test(test_staged_jobs_in_order),
        cmocka_unit_test(test_failures_leave_arrays_alone),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_copies_are_given_back),
        cmocka_unit_test(test_results_at_close),
    };

    return yt_run_group_with(tests, open_pool, close_pool);
}
