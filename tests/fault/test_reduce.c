/* SPDX-License-Identifier: MIT */
/* Reductions while workers die, at each place of the protocol and at any moment: the
 * same bits. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_setup.h"
#include "support/plain_reduce.h"

enum { N = 300 * YOKE_REDUCE_BLOCK + 4001, MOST_RUNS = 400 };

static const char *const points[] = {
    "start",       "after-enter", "after-take",   "after-steal",    "after-claim",
    "before-run",  "after-run",   "after-commit", "between-marks", "before-leave",
    "after-leave", "after-end",   "build",
};

static float *make_array(yoke_pool *pool)
{
    float *x = yoke_alloc(pool, N * sizeof *x);

    assert_non_null(x);
    plain_fill(YOKE_TYPE_FLOAT, x, N, 6);
    return x;
}

static void check(yoke_pool *pool, const float *x, const yoke_reduced right[])
{
    static const yoke_reduce_operation operations[] = {YOKE_REDUCE_SUM,
                                                       YOKE_REDUCE_ARGMIN};

    for (int i = 0; i < 2; i++) {
        yoke_future *future = NULL;
        yoke_reduced got = {.index = 0};

        assert_ok_pool(pool, yoke_reduce_async(&future, pool,
                                               yoke_reduction_of(operations[i],
                                                                 YOKE_TYPE_FLOAT, x, N),
                                               &got, NULL));
        assert_ok(ft_finish(future));
        assert_true(plain_same(got, right[i]));
    }
}

static void find_right(const float *x, yoke_reduced right[2])
{
    right[0] = plain_reduce(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, x, N);
    right[1] = plain_reduce(YOKE_REDUCE_ARGMIN, YOKE_TYPE_FLOAT, x, x, N);
}

static void run_through_fault(const char *devices, const char *fault)
{
    yoke_pool *pool = ft_pool(devices, fault);
    float *x = make_array(pool);
    yoke_reduced right[2];
    unsigned runs = 0;

    find_right(x, right);
    while (ft_restarts(pool) == 0 && runs++ < MOST_RUNS) {
        check(pool, x, right);
    }
    if (!ft_recovers(pool, 1)) {
        fail_msg("%s, %s: no worker died, or there was no replacement", devices, fault);
    }
    check(pool, x, right);
    ft_close(pool);
}

static void test_points(void **state)
{
    static const char *const devices[] = {"cpu:3", "fake:2x1/private,cpu:1"};

    (void)state;
    for (size_t d = 0; d < 2; d++) {
        for (size_t p = 0; p < sizeof points / sizeof points[0]; p++) {
            char fault[64];

            (void)snprintf(fault, sizeof fault, "%s:2", points[p]);
            run_through_fault(devices[d], fault);
        }
    }
}

/* ---- arrays that items add into ---- */

enum { ADDENDS = 4000, SUMS = 100 };

static void scatter(const yoke_span *span, void *const args[])
{
    float *sums = args[0];
    int32_t *high = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        const uint32_t at = (uint32_t)ft_mix((uint32_t)i, 5) % SUMS;

        sums[at] += (float)i / 3.0F;
        high[at] = high[at] > (int32_t)i ? high[at] : (int32_t)i;
    }
}

static void add_once(yoke_pool *pool, yoke_kernel *kernel, float *sums, int32_t *high)
{
    yoke_future *future = NULL;

    assert_ok_pool(pool, yoke_map_async(&future, pool, kernel, yoke_range_1d(ADDENDS), NULL,
                                        YOKE_ARGS(yoke_sum_into(sums, YOKE_TYPE_FLOAT, SUMS),
                                                  yoke_max_into(high, YOKE_TYPE_INT32,
                                                                SUMS))));
    assert_ok(ft_finish(future));
}

/* Each job begins with zeros, and must have the bits of one without faults. */
static void add_through_fault(const char *devices, const char *fault, const float *right)
{
    static const yoke_kernel_options options = {.name = "scatter", .native = scatter};
    yoke_pool *pool = ft_pool(devices, fault);
    float *sums = yoke_alloc(pool, SUMS * sizeof *sums);
    int32_t *high = yoke_alloc(pool, SUMS * sizeof *high);
    yoke_kernel *kernel = NULL;
    unsigned runs = 0;

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    do {
        memset(sums, 0, SUMS * sizeof *sums);
        add_once(pool, kernel, sums, high);
        assert_memory_equal(sums, right, SUMS * sizeof *sums);
    } while (fault != NULL && ft_restarts(pool) == 0 && runs++ < MOST_RUNS);
    if (fault != NULL && !ft_recovers(pool, 1)) {
        fail_msg("%s, %s: no worker died, or there was no replacement", devices, fault);
    }
    memset(sums, 0, SUMS * sizeof *sums);
    add_once(pool, kernel, sums, high);
    assert_memory_equal(sums, right, SUMS * sizeof *sums);
    ft_close(pool);
}

static void find_right_sums(float *right)
{
    static const yoke_kernel_options options = {.name = "scatter", .native = scatter};
    yoke_pool *pool = ft_pool("cpu:1", NULL);
    float *sums = yoke_alloc(pool, SUMS * sizeof *sums);
    int32_t *high = yoke_alloc(pool, SUMS * sizeof *high);
    yoke_kernel *kernel = NULL;

    memset(sums, 0, SUMS * sizeof *sums);
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    add_once(pool, kernel, sums, high);
    memcpy(right, sums, SUMS * sizeof *sums);
    ft_close(pool);
}

static void test_sums(void **state)
{
    static const char *const devices[] = {"cpu:2", "fake:2x1/private,cpu:1"};
    static const char *const places[] = {"after-claim:2",  "after-fill:3",   "before-run:2",
                                         "after-run:3",    "after-commit:2", "after-fill*3:2",
                                         "before-leave:1", "after-end:1"};
    float right[SUMS];

    (void)state;
    find_right_sums(right);
    for (size_t d = 0; d < 2; d++) {
        for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
            add_through_fault(devices[d], places[p], right);
        }
    }
}

/* ---- searches ---- */

enum { KEYS = 4000, FIRST_KEY = 1200 };

static void find_key(const yoke_span *span, void *const args[])
{
    uint64_t *found = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        if (i >= FIRST_KEY && i % 100 == 0) {
            *found = i;
            return;
        }
    }
}

static void find_once(yoke_pool *pool, yoke_kernel *kernel, uint64_t *found, bool any)
{
    const yoke_arg arg = any ? yoke_any_into(found, sizeof *found)
                             : yoke_first_into(found, sizeof *found);
    yoke_future *future = NULL;

    *found = 0;
    assert_ok_pool(pool, yoke_map_async(&future, pool, kernel, yoke_range_1d(KEYS), NULL,
                                        YOKE_ARGS(yoke_arg_copies(arg, 200))));
    assert_ok(ft_finish(future));
    if (any) {
        assert_true(*found >= FIRST_KEY && *found % 100 == 0);
    } else {
        assert_int_equal(*found, FIRST_KEY);
    }
}

static void find_through_fault(const char *devices, const char *fault, bool any)
{
    static const yoke_kernel_options options = {.name = "find_key", .native = find_key};
    yoke_pool *pool = ft_pool(devices, fault);
    uint64_t *found = yoke_alloc(pool, sizeof *found);
    yoke_kernel *kernel = NULL;
    unsigned runs = 0;

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    do {
        find_once(pool, kernel, found, any);
    } while (ft_restarts(pool) == 0 && runs++ < MOST_RUNS);
    if (!ft_recovers(pool, 1)) {
        fail_msg("%s, %s: no worker died, or there was no replacement", devices, fault);
    }
    find_once(pool, kernel, found, any);
    ft_close(pool);
}

static void test_searches(void **state)
{
    static const char *const devices[] = {"cpu:2", "fake:2x1/private,cpu:1"};
    static const char *const places[] = {"after-fill:3",   "before-run:2",   "after-commit:2",
                                         "after-found:1",  "after-found*3:1", "after-left-out:2"};

    (void)state;
    for (size_t d = 0; d < 2; d++) {
        for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
            find_through_fault(devices[d], places[p], (d + p) % 2 == 1);
        }
    }
}

/* ---- the program's own ---- */

enum { ROWS = 500, ROW = 100 };

/* out uint32[row], in uint32[row][ROW]. */
static void hash_row(const yoke_span *span, void *const args[])
{
    uint32_t *out = args[0];
    const uint32_t *in = args[1];

    for (size_t row = span->begin; row < span->end; row++) {
        out[row] = 0;
        for (size_t i = 0; i < ROW; i++) {
            out[row] = 31 * out[row] + ft_mix(in[row * ROW + i], 4);
        }
    }
}

/* Does not commute. */
static void combine(void *into, const void *from, void *context)
{
    uint32_t *first = into;

    *first = 31 * *first + *(const uint32_t *)from;
    ++*(size_t *)context;
}

/* Several at a time; the last future is not kept. */
static void check_own(yoke_pool *pool, yoke_kernel *kernel, const uint32_t *in,
                      uint32_t right)
{
    enum { JOBS = 3 };
    yoke_future *futures[JOBS];
    uint32_t got[JOBS] = {0};
    size_t calls = 0;
    const yoke_reducer reducer = {sizeof got[0], combine, &calls, NULL};

    for (int i = 0; i < JOBS; i++) {
        assert_ok_pool(
            pool, yoke_map_reduce_async(&futures[i], pool, kernel, yoke_range_1d(ROWS),
                                        &reducer, &got[i], NULL,
                                        YOKE_ARGS(yoke_out_partial(sizeof got[0]),
                                                  yoke_in(in, ROW * sizeof *in))));
    }
    yoke_future_destroy(futures[JOBS - 1]);
    for (int i = 0; i < JOBS - 1; i++) {
        assert_ok(ft_finish(futures[i]));
        assert_int_equal(got[i], right);
    }
    while (calls < JOBS * (ROWS - 1)) {
        (void)yoke_pool_poll(pool);
    }
    assert_int_equal(calls, JOBS * (ROWS - 1));
    assert_int_equal(got[JOBS - 1], right);
}

static uint32_t plain_hash(uint32_t *in)
{
    static uint32_t rows[ROWS];
    const yoke_span span = {.begin = 0, .end = ROWS};
    void *const args[] = {rows, in};

    hash_row(&span, args);
    for (size_t step = 1; step < ROWS; step *= 2) {
        for (size_t k = 0; k + step < ROWS; k += 2 * step) {
            rows[k] = 31 * rows[k] + rows[k + step];
        }
    }
    return rows[0];
}

static void run_own_through_fault(const char *devices, const char *fault)
{
    yoke_pool *pool = ft_pool(devices, fault);
    uint32_t *in = yoke_alloc(pool, ROWS * ROW * sizeof *in);
    yoke_kernel *kernel = NULL;
    unsigned runs = 0;
    uint32_t right;

    assert_non_null(in);
    for (uint32_t i = 0; i < ROWS * ROW; i++) {
        in[i] = i;
    }
    right = plain_hash(in);
    assert_ok_pool(pool,
                   yoke_kernel_create(
                       &kernel, pool,
                       &(yoke_kernel_options){.name = "hash_row", .native = hash_row}));
    while (ft_restarts(pool) == 0 && runs++ < MOST_RUNS) {
        check_own(pool, kernel, in, right);
    }
    if (!ft_recovers(pool, 1)) {
        fail_msg("%s, %s: no worker died, or there was no replacement", devices, fault);
    }
    check_own(pool, kernel, in, right);
    ft_close(pool);
}

static void test_own(void **state)
{
    (void)state;
    for (size_t p = 0; p < sizeof points / sizeof points[0]; p++) {
        char fault[64];

        (void)snprintf(fault, sizeof fault, "%s:2", points[p]);
        run_own_through_fault("cpu:3", fault);
    }
}

/* ---- kills ---- */

/* One is killed after the other, each while a reduction is under way. */
static void test_kills(void **state)
{
    enum { KILLS = 30 };
    yoke_pool *pool = ft_pool("cpu:3", NULL);
    float *x = make_array(pool);
    yoke_reduced right[2];

    (void)state;
    find_right(x, right);
    check(pool, x, right);
    for (unsigned k = 0; k < KILLS; k++) {
        yoke_future *future = NULL;
        yoke_reduced got = {.index = 0};
        ft_workers workers;

        ft_look(pool, &workers);
        assert_ok_pool(pool, yoke_reduce_async(&future, pool,
                                               yoke_reduction_of(YOKE_REDUCE_SUM,
                                                                 YOKE_TYPE_FLOAT, x, N),
                                               &got, NULL));
        assert_int_equal(kill(workers.info[k % workers.count].pid, SIGKILL), 0);
        assert_ok(ft_finish(future));
        assert_true(plain_same(got, right[0]));
        assert_true(ft_recovers(pool, k + 1));
    }
    ft_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_points),
        yt_unit_test(test_sums),
        yt_unit_test(test_searches),
        yt_unit_test(test_own),
        yt_unit_test(test_kills),
    };

    return yt_run_group(tests);
}
