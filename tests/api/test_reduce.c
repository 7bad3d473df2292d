/* SPDX-License-Identifier: MIT */
/* Reductions on pools of native workers: every operation, sizes, options, futures, bad
 * input. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reduce_setup.h"

enum { BLOCK = YOKE_REDUCE_BLOCK, MOST = 40 * BLOCK + 17 };

/* ---- every operation, type and size; the same bits from every pool ---- */

static void check_pool(const char *devices, const size_t *sizes, size_t count)
{
    yoke_pool *pool = api_open(devices);

    for (int t = 1; t <= PLAIN_TYPES; t++) {
        const size_t element = plain_size((yoke_type)t);
        char *x = yoke_alloc(pool, (MOST + 1) * element);
        char *y = yoke_alloc(pool, (MOST + 1) * element);

        assert_non_null(x);
        assert_non_null(y);
        plain_fill((yoke_type)t, x, MOST + 1, 1);
        plain_fill((yoke_type)t, y, MOST + 1, 2);
        for (int o = 1; o <= PLAIN_OPERATIONS; o++) {
            for (size_t s = 0;
                 s < count && plain_exists((yoke_reduce_operation)o, (yoke_type)t);
                 s++) {
                reduce_expect(pool, (yoke_reduce_operation)o, (yoke_type)t, x, y,
                              sizes[s], NULL);
                reduce_expect(pool, (yoke_reduce_operation)o, (yoke_type)t, x + element,
                              y, sizes[s], NULL);
            }
        }
        assert_ok_pool(pool, yoke_free(x));
        assert_ok_pool(pool, yoke_free(y));
    }
    api_close(pool);
}

static const size_t all_sizes[] = {
    1, 2, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK - 1, MOST};
static const size_t few_sizes[] = {1, BLOCK + 1, MOST};

static void test_all(void **state)
{
    (void)state;
    check_pool("cpu:2", all_sizes, sizeof all_sizes / sizeof all_sizes[0]);
}

static void test_pools(void **state)
{
    static const char *const devices[] = {"cpu:1", "cpu:3", "fake:3x0.25",
                                          "fake:2x0.5/private",
                                          "cpu:1,fake:1x0.5/private"};

    (void)state;
    for (size_t d = 0; d < sizeof devices / sizeof devices[0]; d++) {
        check_pool(devices[d], few_sizes, sizeof few_sizes / sizeof few_sizes[0]);
    }
}

static void test_millions(void **state)
{
    const size_t n = 5000011;
    yoke_pool *pool = api_open("cpu:3");
    float *x = yoke_alloc(pool, n * sizeof *x);

    (void)state;
    assert_non_null(x);
    plain_fill(YOKE_TYPE_FLOAT, x, n, 5);
    for (int round = 0; round < 10; round++) {
        reduce_expect(pool, YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, NULL,
                      n - (size_t)round, NULL);
    }
    reduce_expect(pool, YOKE_REDUCE_ARGMAX, YOKE_TYPE_FLOAT, x, NULL, n, NULL);
    api_close(pool);
}

/* ---- options ---- */

static void test_options(void **state)
{
    const yoke_map_options options[] = {
        {.chunk = 1},         {.chunk = 7},
        {.grain = 16},        {.caller_helps = true},
        {.devices = "cpu:1"}, {.timeout = 60},
        {.round_up = true},   {.recovery = YOKE_RECOVER_NONE},
    };
    yoke_pool *pool = api_open("cpu:2");
    double *x = yoke_alloc(pool, MOST * sizeof *x);

    (void)state;
    plain_fill(YOKE_TYPE_DOUBLE, x, MOST, 9);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        reduce_expect(pool, YOKE_REDUCE_SUM, YOKE_TYPE_DOUBLE, x, NULL, MOST,
                      &options[i]);
        reduce_expect(pool, YOKE_REDUCE_DOT, YOKE_TYPE_DOUBLE, x, x, MOST, &options[i]);
        reduce_expect(pool, YOKE_REDUCE_ARGMIN, YOKE_TYPE_DOUBLE, x, NULL, 100,
                      &options[i]);
    }
    api_close(pool);
}

static void test_staged(void **state)
{
    const yoke_map_options stage = {.stage = true};
    yoke_pool *pool = api_open("cpu:2");
    double *x = malloc(MOST * sizeof *x);
    double *y = yoke_alloc(pool, MOST * sizeof *y);
    yoke_reduced result;

    (void)state;
    assert_non_null(x);
    plain_fill(YOKE_TYPE_DOUBLE, x, MOST, 9);
    plain_fill(YOKE_TYPE_DOUBLE, y, MOST, 10);
    reduce_expect(pool, YOKE_REDUCE_SUM, YOKE_TYPE_DOUBLE, x, NULL, MOST, &stage);
    reduce_expect(pool, YOKE_REDUCE_SUM, YOKE_TYPE_DOUBLE, x, NULL, 3, &stage);
    reduce_expect(pool, YOKE_REDUCE_SUM, YOKE_TYPE_DOUBLE, x, NULL, 3 * BLOCK, &stage);
    reduce_expect(pool, YOKE_REDUCE_DOT, YOKE_TYPE_DOUBLE, x, y, MOST, &stage);
    assert_refused(
        pool,
        yoke_reduce(pool, yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_DOUBLE, x, 3),
                    &result, NULL),
        YOKE_EINVAL, "x, ");
    assert_refused(
        pool,
        yoke_reduce(pool,
                    yoke_reduction_of_two(YOKE_REDUCE_DOT, YOKE_TYPE_DOUBLE, y, x, 3),
                    &result, NULL),
        YOKE_EINVAL, "y, ");
    free(x);
    api_close(pool);
}

/* Lent arrays stay lent, also where devices keep what they have computed. */
static void test_lent(void **state)
{
    static const char *const devices[] = {"cpu:2", "fake:2x1/private"};

    (void)state;
    for (size_t d = 0; d < 2; d++) {
        yoke_pool *pool = api_open(devices[d]);
        yoke_kernel *number = api_kernel(pool, "number", api_number);
        uint32_t *x = yoke_alloc(pool, MOST * sizeof *x);
        const yoke_map_options keep = {.recovery = YOKE_RECOVER_NONE};
        yoke_reduced result;

        assert_ok_pool(pool, yoke_lend(x));
        for (int round = 0; round < 3; round++) {
            assert_ok_pool(pool, yoke_map_with(pool, number, yoke_range_1d(MOST), &keep,
                                               YOKE_ARGS(yoke_out(x, sizeof *x))));
            assert_ok_pool(pool,
                           yoke_reduce(pool,
                                       yoke_reduction_of(YOKE_REDUCE_SUM,
                                                         YOKE_TYPE_UINT32, x, MOST),
                                       &result, NULL));
            assert_int_equal(result.value.u, (uint64_t)MOST * (MOST - 1) / 2);
            assert_ok_pool(pool,
                           yoke_reduce(pool,
                                       yoke_reduction_of(YOKE_REDUCE_ARGMAX,
                                                         YOKE_TYPE_UINT32, x, MOST),
                                       &result, NULL));
            assert_int_equal(result.index, MOST - 1);
        }
        assert_status_pool(pool, yoke_lend(x), YOKE_EINVAL);
        assert_ok_pool(pool, yoke_reclaim(x));
        api_close(pool);
    }
}

/* Where named segments lie, whole and in part, and where they may only be read. */
static void test_named(void **state)
{
    yoke_pool *pool = api_open("cpu:2,fake:1x0.5/private");
    yoke_shm *shm = NULL;
    char name[256];
    double *x;

    (void)state;
    assert_ok_pool(pool, yoke_shm_create(&shm, pool, NULL, MOST * sizeof *x, NULL));
    x = yoke_shm_pointer(shm);
    plain_fill(YOKE_TYPE_DOUBLE, x, MOST, 9);
    for (size_t first = 0; first < 3; first++) {
        reduce_expect(pool, YOKE_REDUCE_SUM, YOKE_TYPE_DOUBLE, x + first, NULL,
                      MOST - first, NULL);
        reduce_expect(pool, YOKE_REDUCE_DOT, YOKE_TYPE_DOUBLE, x + first, x,
                      MOST - first, NULL);
        reduce_expect(pool, YOKE_REDUCE_ARGMAX, YOKE_TYPE_DOUBLE, x + first, NULL, 5,
                      NULL);
    }
    (void)snprintf(name, sizeof name, "%s", yoke_shm_name(shm));
    assert_ok_pool(pool, yoke_shm_close(shm));
    assert_ok_pool(pool,
                   yoke_shm_open(&shm, pool, name,
                                 &(yoke_shm_options){.access = YOKE_SHM_READ_ONLY}));
    reduce_expect(pool, YOKE_REDUCE_MIN, YOKE_TYPE_DOUBLE, yoke_shm_pointer(shm), NULL,
                  MOST, NULL);
    assert_ok_pool(pool, yoke_shm_unlink(name));
    assert_ok_pool(pool, yoke_shm_close(shm));
    api_close(pool);
}

/* ---- values ---- */

/* NaN and infinities at the seams of blocks, zeros of both signs. */
static void test_special_floats(void **state)
{
    static const size_t places[] = {0, BLOCK - 1, BLOCK, 3 * BLOCK, MOST - 1};
    yoke_pool *pool = api_open("cpu:2");
    float *x = yoke_alloc(pool, MOST * sizeof *x);

    (void)state;
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        plain_fill(YOKE_TYPE_FLOAT, x, MOST, p);
        for (int o = 1; o <= PLAIN_OPERATIONS; o++) {
            x[places[p]] = -INFINITY;
            reduce_expect(pool, (yoke_reduce_operation)o, YOKE_TYPE_FLOAT, x, x, MOST,
                          NULL);
            x[places[p]] = (float)NAN;
            reduce_expect(pool, (yoke_reduce_operation)o, YOKE_TYPE_FLOAT, x, x, MOST,
                          NULL);
        }
    }
    for (size_t i = 0; i < MOST; i++) {
        x[i] = i % 2 == 0 ? -0.0f : 0.0f;
    }
    for (int o = 1; o <= PLAIN_OPERATIONS; o++) {
        reduce_expect(pool, (yoke_reduce_operation)o, YOKE_TYPE_FLOAT, x, x, MOST,
                      NULL);
    }
    api_close(pool);
}

/* Sums of 32-bit elements are too wide to wrap, those of 64 bits wrap, also of squares of
 * the least integer. */
static void test_extreme_integers(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    int32_t *narrow = yoke_alloc(pool, MOST * sizeof *narrow);
    int64_t *wide = yoke_alloc(pool, MOST * sizeof *wide);
    yoke_reduced got;

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        narrow[i] = INT32_MIN;
        wide[i] = i % 2 == 0 ? INT64_MAX : INT64_MIN;
    }
    for (int o = 1; o <= YOKE_REDUCE_DOT; o++) {
        reduce_expect(pool, (yoke_reduce_operation)o, YOKE_TYPE_INT32, narrow, narrow,
                      MOST, NULL);
        reduce_expect(pool, (yoke_reduce_operation)o, YOKE_TYPE_UINT32, narrow, narrow,
                      MOST, NULL);
        reduce_expect(pool, (yoke_reduce_operation)o, YOKE_TYPE_INT64, wide, wide, MOST,
                      NULL);
        reduce_expect(pool, (yoke_reduce_operation)o, YOKE_TYPE_UINT64, wide, wide,
                      MOST, NULL);
    }
    assert_ok_pool(pool, yoke_reduce(pool,
                                     yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_INT32,
                                                       narrow, MOST),
                                     &got, NULL));
    assert_true(got.value.i == (int64_t)MOST * INT32_MIN);
    api_close(pool);
}

/* ---- futures ---- */

/* A reduction reads what jobs submitted before it write. */
static void test_futures(void **state)
{
    enum { JOBS = 100 };
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *increment = api_kernel(pool, "increment", api_increment);
    uint32_t *x = yoke_alloc(pool, MOST * sizeof *x);
    yoke_reduced results[JOBS];
    yoke_future *futures[JOBS];

    (void)state;
    for (size_t i = 0; i < JOBS; i++) {
        yoke_future *written = NULL;

        assert_ok_pool(pool,
                       yoke_map_async(&written, pool, increment, yoke_range_1d(MOST),
                                      NULL, YOKE_ARGS(yoke_inout(x, sizeof *x))));
        yoke_future_destroy(written);
        assert_ok_pool(pool,
                       yoke_reduce_async(&futures[i], pool,
                                         yoke_reduction_of(YOKE_REDUCE_SUM,
                                                           YOKE_TYPE_UINT32, x, MOST),
                                         &results[i], NULL));
    }
    for (size_t i = 0; i < JOBS; i++) {
        assert_ok_pool(pool, yoke_future_wait(futures[i], YOKE_FOREVER));
        assert_int_equal(results[i].value.u, (i + 1) * MOST);
        yoke_future_destroy(futures[i]);
    }
    assert_ok_pool(
        pool, yoke_reduce_async(
                  &futures[0], pool,
                  yoke_reduction_of_two(YOKE_REDUCE_DOT, YOKE_TYPE_UINT32, x, x, MOST),
                  &results[0], NULL));
    yoke_future_destroy(futures[0]); /* the job goes on */
    api_close(pool);
    assert_int_equal(results[0].value.u, (uint64_t)JOBS * JOBS * MOST);
}

static bool is_zero(yoke_reduced result)
{
    return result.value.u == 0 && result.index == 0;
}

static void note(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    *(yoke_status *)context = status;
}

static void test_nothing(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_future *future;
    yoke_reduced result;
    yoke_status noted = YOKE_ETIMEDOUT;

    (void)state;
    for (int t = 1; t <= PLAIN_TYPES; t++) {
        memset(&result, 0xA5, sizeof result);
        assert_ok_pool(
            pool,
            yoke_reduce(pool, yoke_reduction_of(YOKE_REDUCE_SUM, (yoke_type)t, NULL, 0),
                        &result, NULL));
        assert_true(is_zero(result));
        memset(&result, 0xA5, sizeof result);
        assert_ok_pool(pool,
                       yoke_reduce(pool,
                                   yoke_reduction_of_two(YOKE_REDUCE_DOT, (yoke_type)t,
                                                         NULL, NULL, 0),
                                   &result, NULL));
        assert_true(is_zero(result));
        for (int o = YOKE_REDUCE_MIN; o <= YOKE_REDUCE_ARGMAX; o++) {
            assert_refused(pool,
                           yoke_reduce(pool,
                                       yoke_reduction_of((yoke_reduce_operation)o,
                                                         (yoke_type)t, NULL, 0),
                                       &result, NULL),
                           YOKE_EINVAL, "no elements");
        }
    }
    memset(&result, 0xA5, sizeof result);
    assert_ok_pool(pool, yoke_reduce_async(&future, pool,
                                           yoke_reduction_of(YOKE_REDUCE_SUM,
                                                             YOKE_TYPE_FLOAT, NULL, 0),
                                           &result, NULL));
    assert_non_null(future);
    assert_true(is_zero(result));
    assert_ok_pool(pool, yoke_future_on_done(future, note, &noted));
    assert_int_equal(noted, YOKE_OK);
    assert_true(yoke_future_is_done(future));
    assert_true(yoke_future_progress(future) >= 1);
    assert_ok_pool(pool, yoke_future_cancel(future));
    assert_ok_pool(pool, yoke_future_wait(future, 0));
    api_close(pool);
    assert_ok(yoke_future_wait(future, YOKE_FOREVER));
    yoke_future_destroy(future);
}

/* A reduction that waits for a job that is held, cancelled: its result is not touched. */
static void test_cancelled(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *hold = api_kernel(pool, "hold", api_hold);
    uint32_t *x = yoke_alloc(pool, MOST * sizeof *x);
    api_gate *gate = api_gate_create(pool);
    yoke_reduced result = {.index = 4711};
    yoke_future *held;
    yoke_future *future;

    (void)state;
    /* The kernel has to be there: workers that are held build none. */
    reduce_expect(pool, YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, x, NULL, MOST, NULL);
    assert_ok_pool(pool, yoke_map_async(&held, pool, hold, yoke_range_1d(MOST), NULL,
                                        YOKE_ARGS(yoke_inout(x, sizeof *x),
                                                  yoke_in_whole(gate, sizeof *gate))));
    api_gate_await(gate, 1);
    assert_ok_pool(pool, yoke_reduce_async(&future, pool,
                                           yoke_reduction_of(YOKE_REDUCE_SUM,
                                                             YOKE_TYPE_UINT32, x, MOST),
                                           &result, NULL));
    assert_status(yoke_future_wait(future, 0), YOKE_ETIMEDOUT);
    assert_ok(yoke_future_cancel(future));
    api_gate_open(gate);
    assert_status(yoke_future_wait(future, YOKE_FOREVER), YOKE_ECANCELED);
    assert_int_equal(result.index, 4711);
    yoke_future_destroy(future);
    assert_ok(yoke_future_wait(held, YOKE_FOREVER));
    yoke_future_destroy(held);
    reduce_expect(pool, YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, x, NULL, MOST, NULL);
    api_close(pool);
}

/* ---- threads ---- */

typedef struct user {
    yoke_pool *pool;
    const float *x;
    yoke_reduced right[PLAIN_OPERATIONS + 1];
    bool failed;
} user;

static void *use(void *arg)
{
    user *self = arg;

    for (int round = 0; round < 20; round++) {
        for (int o = 1; o <= PLAIN_OPERATIONS; o++) {
            yoke_reduced got;

            if (reduce_run(self->pool, (yoke_reduce_operation)o, YOKE_TYPE_FLOAT,
                           self->x, self->x, MOST, &got, NULL) != YOKE_OK ||
                !plain_same(got, self->right[o])) {
                self->failed = true;
            }
        }
    }
    return NULL;
}

/* The thread that comes first makes the kernel for all. */
static void test_threads(void **state)
{
    enum { THREADS = 6 };
    yoke_pool *pool = api_open("cpu:2");
    float *x = yoke_alloc(pool, MOST * sizeof *x);
    pthread_t threads[THREADS];
    user users[THREADS];

    (void)state;
    plain_fill(YOKE_TYPE_FLOAT, x, MOST, 11);
    for (int i = 0; i < THREADS; i++) {
        users[i] = (user){.pool = pool, .x = x};
        for (int o = 1; o <= PLAIN_OPERATIONS; o++) {
            users[i].right[o] =
                plain_reduce((yoke_reduce_operation)o, YOKE_TYPE_FLOAT, x, x, MOST);
        }
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use, &users[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_false(users[i].failed);
    }
    api_close(pool);
}

/* ---- bad input ---- */

static int reduce_in_child(void *arg)
{
    yoke_pool *pool = arg;
    yoke_reduced result;

    return yoke_reduce(pool,
                       yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, NULL, 0),
                       &result, NULL) == YOKE_EINVAL &&
                   strstr(yoke_pool_error(pool), "from which this one was made") != NULL
               ? 0
               : 1;
}

static void test_bad_input(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    float *x = yoke_alloc(pool, 1000 * sizeof *x);
    yoke_future *future = (yoke_future *)x;
    yoke_reduced r = {.index = 4711};
    const yoke_map_options late = {.timeout = -2};
    const yoke_map_options nobody = {.devices = "nonsense"};

    (void)state;
    assert_status(
        yoke_reduce(NULL, yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, 10),
                    &r, NULL),
        YOKE_EINVAL);
    assert_refused(
        pool,
        yoke_reduce(pool, yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, 10),
                    NULL, NULL),
        YOKE_EINVAL, "result");
    assert_refused(
        pool,
        yoke_reduce(pool, yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, NULL, 10),
                    &r, NULL),
        YOKE_EINVAL, "x is NULL");
    assert_refused(pool,
                   yoke_reduce(pool,
                               yoke_reduction_of_two(YOKE_REDUCE_DOT, YOKE_TYPE_FLOAT,
                                                     x, NULL, 10),
                               &r, NULL),
                   YOKE_EINVAL, "y is NULL");
    assert_refused(
        pool,
        yoke_reduce(pool, yoke_reduction_of(YOKE_REDUCE_DOT, YOKE_TYPE_FLOAT, x, 10),
                    &r, NULL),
        YOKE_EINVAL, "y is NULL");
    assert_refused(
        pool,
        yoke_reduce(pool,
                    yoke_reduction_of((yoke_reduce_operation)0, YOKE_TYPE_FLOAT, x, 10),
                    &r, NULL),
        YOKE_EINVAL, "operation 0");
    assert_refused(
        pool,
        yoke_reduce(pool,
                    yoke_reduction_of((yoke_reduce_operation)9, YOKE_TYPE_FLOAT, x, 10),
                    &r, NULL),
        YOKE_EINVAL, "operation 9");
    assert_refused(pool,
                   yoke_reduce(pool,
                               yoke_reduction_of(YOKE_REDUCE_SUM, (yoke_type)0, x, 10),
                               &r, NULL),
                   YOKE_EINVAL, "type 0");
    assert_refused(pool,
                   yoke_reduce(pool,
                               yoke_reduction_of(YOKE_REDUCE_SUM, (yoke_type)7, x, 10),
                               &r, NULL),
                   YOKE_EINVAL, "type 7");
    assert_refused(pool,
                   yoke_reduce(pool,
                               yoke_reduction_of(YOKE_REDUCE_SUM_COMPENSATED,
                                                 YOKE_TYPE_INT32, x, 10),
                               &r, NULL),
                   YOKE_EINVAL, "float or double");
    assert_refused(
        pool,
        yoke_reduce(pool, yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, 1001),
                    &r, NULL),
        YOKE_EINVAL, "4004 bytes");
    assert_refused(pool,
                   yoke_reduce(pool,
                               yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x,
                                                 SIZE_MAX / 2),
                               &r, NULL),
                   YOKE_EINVAL, "more than memory has");
    assert_refused(pool,
                   yoke_reduce(pool,
                               yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT,
                                                 (char *)x + 2, 10),
                               &r, NULL),
                   YOKE_EINVAL, "aligned");
    assert_refused(
        pool,
        yoke_reduce(pool,
                    yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_DOUBLE, x + 1, 10), &r,
                    NULL),
        YOKE_EINVAL, "aligned");
    assert_status(
        yoke_reduce(pool, yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, 10),
                    &r, &late),
        YOKE_EINVAL);
    assert_status(
        yoke_reduce(pool, yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, 10),
                    &r, &nobody),
        YOKE_EINVAL);
    assert_status(
        yoke_reduce_async(&future, pool,
                          yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, 1001),
                          &r, NULL),
        YOKE_EINVAL);
    assert_null(future);
    assert_int_equal(r.index, 4711);
    assert_int_equal(yt_in_child(reduce_in_child, pool, 30), 0);
    assert_ok_pool(
        pool,
        yoke_reduce(pool, yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, 1000),
                    &r, NULL));
    api_close(pool);
    assert_status(
        yoke_reduce(pool, yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, 10),
                    &r, NULL),
        YOKE_ECLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_all),
        yt_unit_test(test_pools),
        yt_unit_test(test_millions),
        yt_unit_test(test_options),
        yt_unit_test(test_staged),
        yt_unit_test(test_lent),
        yt_unit_test(test_futures),
        yt_unit_test(test_nothing),
        yt_unit_test(test_cancelled),
        yt_unit_test(test_threads),
        yt_unit_test(test_bad_input),
        yt_unit_test(test_named),
        yt_unit_test(test_special_floats),
        yt_unit_test(test_extreme_integers),
    };

    return yt_run_group(tests);
}
