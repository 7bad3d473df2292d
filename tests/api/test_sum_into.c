/* SPDX-License-Identifier: MIT */
/* Arrays that any item adds into: histograms, scattered sums, least and greatest. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "source_setup.h"

enum { ITEMS = 5000, BINS = 300, COPIES = 16 };

static const char *const all_devices[] = {
    "cpu:1", "cpu:3", "fake:2x0.5/private,cpu:1", "fake:3x1", "fake:2x1/private"};

enum { DEVICES = sizeof all_devices / sizeof all_devices[0] };

/* ---- kernels ---- */

static const char histogram_source[] =
    "__kernel void histogram(__global uint *bins, __global const uint *keys)\n"
    "{ atomic_inc(&bins[keys[get_global_id(0)] % 300u]); }\n";

static void histogram(const yoke_span *span, void *const args[])
{
    uint32_t *bins = args[0];
    const uint32_t *keys = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        bins[keys[i] % BINS]++;
    }
}

/* Three bins for each item, of values that are not exact. */
static void scatter(const yoke_span *span, void *const args[])
{
    float *sums = args[0];
    const uint32_t *keys = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        for (uint32_t k = 0; k < 3; k++) {
            sums[(keys[i] + 7 * k) % BINS] += (float)(keys[i] % 1000 + k) / 7.0F;
        }
    }
}

static yoke_kernel *make(yoke_pool *pool, const char *name, yoke_native *native,
                         const char *source)
{
    const yoke_kernel_options options = {.name = name, .native = native, .source = source};
    yoke_kernel *kernel = NULL;

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    return kernel;
}

static uint32_t key_of(uint32_t i)
{
    return (i * 2654435761U) >> 7;
}

static uint32_t *make_keys(yoke_pool *pool)
{
    uint32_t *keys = api_numbers(pool, ITEMS);

    for (uint32_t i = 0; i < ITEMS; i++) {
        keys[i] = key_of(i);
    }
    return keys;
}

static void *make_zeros(yoke_pool *pool, size_t bytes)
{
    void *zeros = yoke_alloc(pool, bytes);

    assert_non_null(zeros);
    memset(zeros, 0, bytes);
    return zeros;
}

/* Each bin has been counted so many times, beginning with `from`. */
static void check_bins(const uint32_t *bins, uint32_t times, uint32_t from)
{
    uint32_t expected[BINS] = {0};

    for (uint32_t i = 0; i < ITEMS; i++) {
        expected[key_of(i) % BINS] += times;
    }
    for (uint32_t b = 0; b < BINS; b++) {
        assert_int_equal(bins[b], expected[b] + from);
    }
}

static yoke_status map_bins(yoke_pool *pool, yoke_kernel *kernel, yoke_arg sums,
                            const uint32_t *keys, const yoke_map_options *options)
{
    return yoke_map_with(pool, kernel, yoke_range_1d(ITEMS), options,
                         YOKE_ARGS(sums, yoke_in(keys, sizeof *keys)));
}

/* ---- sums ---- */

static void count_on(yoke_pool *pool, yoke_native *native, const char *source,
                     size_t runs)
{
    static const size_t copies[] = {3, 1, 0, 3000};
    yoke_kernel *kernel = make(pool, "histogram", native, source);
    uint32_t *keys = make_keys(pool);
    uint32_t *bins = make_zeros(pool, BINS * sizeof *bins);
    uint32_t times = 0;

    for (uint32_t b = 0; b < BINS; b++) {
        bins[b] = 1000;
    }
    for (size_t c = 0; c < runs; c++) {
        const yoke_arg sums = yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS);

        assert_ok_pool(pool, map_bins(pool, kernel, yoke_arg_copies(sums, copies[c]), keys,
                                      NULL));
        check_bins(bins, ++times, 1000);
    }
    assert_ok_pool(pool, yoke_free(bins));
    assert_ok_pool(pool, yoke_free(keys));
    assert_ok(yoke_kernel_destroy(kernel));
}

static void a_histogram(void **state)
{
    (void)state;
    for (size_t d = 0; d < DEVICES; d++) {
        yoke_pool *pool = api_open(all_devices[d]);

        count_on(pool, histogram, NULL, 4);
        api_close(pool);
    }
}

static void a_histogram_from_source(void **state)
{
    (void)state;
    for (size_t d = 0; d < 3; d++) { /* CPU workers, PoCL in place and with copies */
        yoke_pool *pool = source_open(&source_devices[d]);

        if (pool != NULL) {
            count_on(pool, NULL, histogram_source, 2);
            api_close(pool);
        }
    }
}

static void write_behind(const yoke_span *span, void *const args[])
{
    uint32_t *bins = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        bins[i == 70 ? BINS : i % BINS]++;
    }
}

static void under_checks(void **state)
{
    enum { FEW = 100 };
    yoke_pool *pool;
    yoke_kernel *number;
    uint32_t *bins;

    (void)state;
    assert_int_equal(setenv("YOKE_CHECK", "1", 1), 0);
    pool = api_open("cpu:2");
    assert_int_equal(unsetenv("YOKE_CHECK"), 0);
    number = make(pool, "histogram", histogram, NULL);
    bins = make_zeros(pool, BINS * sizeof *bins);
    assert_ok_pool(pool, yoke_map(pool, number, yoke_range_1d(FEW),
                                  yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS),
                                  yoke_in(make_keys(pool), sizeof(uint32_t))));
    for (uint32_t i = 0; i < FEW; i++) {
        assert_true(bins[key_of(i) % BINS] > 0);
    }
    assert_status_pool(pool,
                       yoke_map(pool, make(pool, "write_behind", write_behind, NULL),
                                yoke_range_1d(FEW),
                                yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS)),
                       YOKE_ECHECK);
    assert_contains(yoke_pool_error(pool), "item 70 writes byte 1200,");
    assert_contains(yoke_pool_error(pool), "(bytes 0 to 1199)");
    api_close(pool);
}

/* What the interface promises: blocks of items in order, each from zero. */
static void plain_scatter(float *sums, const uint32_t *keys)
{
    const size_t items = (ITEMS + COPIES - 1) / COPIES;

    for (size_t begin = 0; begin < ITEMS; begin += items) {
        const size_t end = begin + items < ITEMS ? begin + items : ITEMS;
        const yoke_span span = {.begin = begin, .end = end};
        float copy[BINS] = {0};
        void *const args[] = {copy, (void *)(uintptr_t)keys};

        scatter(&span, args);
        for (size_t b = 0; b < BINS; b++) {
            sums[b] += copy[b];
        }
    }
}

static void floats_have_the_same_bits(void **state)
{
    (void)state;
    for (size_t d = 0; d < DEVICES; d++) {
        yoke_pool *pool = api_open(all_devices[d]);
        yoke_kernel *kernel = make(pool, "scatter", scatter, NULL);
        uint32_t *keys = make_keys(pool);
        float *sums = make_zeros(pool, BINS * sizeof *sums);
        float expected[BINS];

        for (uint32_t b = 0; b < BINS; b++) {
            sums[b] = expected[b] = (float)b / 3.0F;
        }
        for (int run = 0; run < 3; run++) {
            plain_scatter(expected, keys);
            assert_ok_pool(pool, map_bins(pool, kernel,
                                          yoke_arg_copies(yoke_sum_into(sums, YOKE_TYPE_FLOAT,
                                                                        BINS),
                                                          COPIES),
                                          keys, &(yoke_map_options){.caller_helps = run == 1}));
            assert_memory_equal(sums, expected, sizeof expected);
        }
        assert_ok_pool(pool, yoke_free(sums));
        assert_ok_pool(pool, yoke_free(keys));
        api_close(pool);
    }
}

/* ---- least, greatest, and all types ---- */

/* A copy of each operation, of one type; what all items agree on is in the first two elements. */
#define EVERY(NAME, T)                                                                   \
    static void every_##NAME(const yoke_span *span, void *const args[])                  \
    {                                                                                    \
        T *sum = args[0];                                                                \
        T *low = args[1];                                                                \
        T *high = args[2];                                                               \
                                                                                         \
        for (size_t y = 0; y < span->range.size[1]; y++) {                               \
            for (size_t i = span->begin; i < span->end; i++) {                           \
                const size_t at = (i + y) % 7;                                           \
                const T x = (T)((i * 31 + y) % 1009);                                    \
                                                                                         \
                sum[at] += x;                                                            \
                low[at] = x < low[at] ? x : low[at];                                     \
                high[at] = x > high[at] ? x : high[at];                                  \
            }                                                                            \
        }                                                                                \
    }                                                                                    \
                                                                                         \
    static void check_##NAME(yoke_pool *pool, yoke_type type)                            \
    {                                                                                    \
        enum { W = 500, H = 5 };                                                         \
        T *real[3];                                                                      \
        T plain[3][8] = {{0}, {500, 0}, {500, 1009}};                                    \
        const yoke_span span = {.end = W, .range = {.size = {W, H}}};                    \
        yoke_kernel *kernel = make(pool, "every_" #NAME, every_##NAME, NULL);            \
                                                                                         \
        for (size_t k = 0; k < 3; k++) {                                                 \
            real[k] = make_zeros(pool, sizeof plain[k]);                                 \
            memcpy(real[k], plain[k], sizeof plain[k]);                                  \
        }                                                                                \
        every_##NAME(&span, (void *const[]){plain[0], plain[1], plain[2]});              \
        assert_ok_pool(pool,                                                             \
                       yoke_map(pool, kernel,                                            \
                                yoke_range_split(yoke_range_2d(W, H), YOKE_SPLIT_X),     \
                                yoke_sum_into(real[0], type, 8),                         \
                                yoke_min_into(real[1], type, 8),                         \
                                yoke_max_into(real[2], type, 8)));                       \
        for (size_t k = 0; k < 3; k++) {                                                 \
            assert_memory_equal(real[k], plain[k], sizeof plain[k]);                     \
            assert_ok_pool(pool, yoke_free(real[k]));                                    \
        }                                                                                \
    }

EVERY(float, float)
EVERY(double, double)
EVERY(int32, int32_t)
EVERY(int64, int64_t)
EVERY(uint32, uint32_t)
EVERY(uint64, uint64_t)

static void all_types_and_operations(void **state)
{
    yoke_pool *pool = api_open("cpu:2,fake:1x1/private");

    (void)state;
    check_float(pool, YOKE_TYPE_FLOAT);
    check_double(pool, YOKE_TYPE_DOUBLE);
    check_int32(pool, YOKE_TYPE_INT32);
    check_int64(pool, YOKE_TYPE_INT64);
    check_uint32(pool, YOKE_TYPE_UINT32);
    check_uint64(pool, YOKE_TYPE_UINT64);
    api_close(pool);
}

/* Only items 100 and 4000 store something. */
static void store_special(const yoke_span *span, void *const args[])
{
    double *low = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        low[0] = i == 100 ? (double)NAN : i == 4000 ? 1 : low[0];
        low[1] = i == 4000 ? -INFINITY : low[1];
    }
}

static void a_nan_stays_and_untouched_elements_too(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = make(pool, "store_special", store_special, NULL);
    double *low = make_zeros(pool, 3 * sizeof *low);

    (void)state;
    low[2] = 42;
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(ITEMS),
                                  yoke_min_into(low, YOKE_TYPE_DOUBLE, 3)));
    assert_true(isnan(low[0]));
    assert_true(isinf(low[1]) && low[1] < 0);
    assert_true(low[2] == 42);
    api_close(pool);
}

/* ---- order ---- */

static void jobs_come_in_order(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *count = make(pool, "histogram", histogram, NULL);
    yoke_kernel *hold = make(pool, "hold", api_hold, NULL);
    yoke_kernel *next = make(pool, "successor", api_successor, NULL);
    api_gate *gate = api_gate_create(pool);
    uint32_t *keys = make_keys(pool);
    uint32_t *bins = make_zeros(pool, BINS * sizeof *bins);
    uint32_t *more = make_zeros(pool, BINS * sizeof *more);
    const yoke_arg sums = yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS);
    const yoke_map_options no_wait = {.no_wait = true};
    yoke_future *first = NULL;

    (void)state;
    /* An earlier job that uses the array goes first, and nothing waits in the call. */
    assert_ok_pool(pool, yoke_map_async(NULL, pool, hold, yoke_range_1d(BINS), NULL,
                                        YOKE_ARGS(yoke_inout(bins, sizeof *bins),
                                                  yoke_in_whole(gate, sizeof *gate))));
    assert_ok_pool(pool, yoke_map_async(&first, pool, count, yoke_range_1d(ITEMS), &no_wait,
                                        YOKE_ARGS(sums, yoke_in(keys, sizeof *keys))));
    /* A later one waits for the sums: without waiting it is refused. */
    assert_refused(pool,
                   yoke_map_with(pool, next, yoke_range_1d(BINS), &no_wait,
                                 YOKE_ARGS(yoke_out(more, sizeof *more),
                                           yoke_in(bins, sizeof *bins))),
                   YOKE_EAGAIN, "adds into an array");
    api_gate_open(gate);
    assert_ok_pool(pool, yoke_map_async(NULL, pool, count, yoke_range_1d(ITEMS), NULL,
                                        YOKE_ARGS(sums, yoke_in(keys, sizeof *keys))));
    assert_ok_pool(pool, yoke_map_async(NULL, pool, next, yoke_range_1d(BINS), NULL,
                                        YOKE_ARGS(yoke_out(more, sizeof *more),
                                                  yoke_in(bins, sizeof *bins))));
    assert_ok_pool(pool, yoke_pool_wait(pool, YOKE_FOREVER));
    check_bins(bins, 2, 1);
    check_bins(more, 2, 2);
    assert_ok(yoke_future_wait(first, 0));
    assert_ok(yoke_future_destroy(first));
    assert_ok_pool(pool, yoke_free(bins));
    api_close(pool);
}

/* ---- failures ---- */

static void fail_late(const yoke_span *span, void *const args[])
{
    uint32_t *bins = args[0];

    bins[0]++;
    if (span->end == span->range.size[0]) {
        yoke_span_fail(span, 1, "as asked");
    }
}

static void a_failed_job_changes_nothing(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *fails = make(pool, "fail_late", fail_late, NULL);
    yoke_kernel *count = make(pool, "histogram", histogram, NULL);
    yoke_kernel *next = make(pool, "successor", api_successor, NULL);
    uint32_t *keys = make_keys(pool);
    uint32_t *bins = make_zeros(pool, BINS * sizeof *bins);
    uint32_t *more = make_zeros(pool, BINS * sizeof *more);
    const yoke_arg sums = yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS);
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&future, pool, fails, yoke_range_1d(ITEMS), NULL,
                                        YOKE_ARGS(sums)));
    /* It needs what the other should have added. */
    assert_status_pool(pool,
                       yoke_map(pool, next, yoke_range_1d(BINS),
                                yoke_out(more, sizeof *more), yoke_in(bins, sizeof *bins)),
                       YOKE_EDEPENDENCY);
    assert_int_equal(yoke_future_wait(future, YOKE_FOREVER), YOKE_EKERNEL);
    assert_ok(yoke_future_destroy(future));
    check_bins(bins, 0, 0);
    /* The memory of its copies is used again. */
    assert_ok_pool(pool, map_bins(pool, count, sums, keys, NULL));
    check_bins(bins, 1, 0);
    api_close(pool);
}

static void a_cancelled_job_changes_nothing(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *hold = make(pool, "hold", api_hold, NULL);
    api_gate *gate = api_gate_create(pool);
    uint32_t *sums = make_zeros(pool, ITEMS * sizeof *sums);
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(pool,
                   yoke_map_async(&future, pool, hold, yoke_range_1d(ITEMS), NULL,
                                  YOKE_ARGS(yoke_sum_into(sums, YOKE_TYPE_UINT32, ITEMS),
                                            yoke_in_whole(gate, sizeof *gate))));
    api_gate_await(gate, 1);
    assert_ok(yoke_future_cancel(future));
    api_gate_open(gate);
    assert_int_equal(yoke_future_wait(future, YOKE_FOREVER), YOKE_ECANCELED);
    assert_ok(yoke_future_destroy(future));
    assert_true(api_all(sums, ITEMS, 0));
    api_close(pool);
}

/* ---- with other features ---- */

static void outside_the_pool(void **state)
{
    static uint32_t keys[ITEMS];
    static uint32_t bins[BINS];
    const yoke_map_options stage = {.stage = true};
    yoke_pool *pool = api_open("cpu:2,fake:1x1/private");
    yoke_kernel *kernel = make(pool, "histogram", histogram, NULL);

    (void)state;
    for (uint32_t i = 0; i < ITEMS; i++) {
        keys[i] = key_of(i);
    }
    for (int run = 0; run < 3; run++) {
        assert_ok_pool(pool, yoke_map_async(
                                 NULL, pool, kernel, yoke_range_1d(ITEMS), &stage,
                                 YOKE_ARGS(yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS),
                                           yoke_in(keys, sizeof *keys))));
    }
    assert_ok_pool(pool, yoke_pool_wait(pool, YOKE_FOREVER));
    check_bins(bins, 3, 0);
    assert_refused(pool,
                   map_bins(pool, kernel, yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS), keys,
                            NULL),
                   YOKE_EINVAL, "not memory of this pool");
    api_close(pool);
}

/* Beside a partial result and an array with parts of its own. */
static void count_and_total(const yoke_span *span, void *const args[])
{
    uint64_t *totals = args[2];
    uint32_t *out = args[3];

    histogram(span, args);
    for (size_t i = span->begin; i < span->end; i++) {
        totals[i] = ((const uint32_t *)args[1])[i];
        out[i] = (uint32_t)i;
    }
}

static void add_totals(void *into, const void *from, void *context)
{
    (void)context;
    *(uint64_t *)into += *(const uint64_t *)from;
}

static void with_a_reduction(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = make(pool, "count_and_total", count_and_total, NULL);
    uint32_t *keys = make_keys(pool);
    uint32_t *out = api_numbers(pool, ITEMS);
    uint32_t *bins = make_zeros(pool, BINS * sizeof *bins);
    const yoke_reducer reducer = {.bytes = sizeof(uint64_t), .combine = add_totals};
    uint64_t total = 0;
    uint64_t expected = 0;

    (void)state;
    for (uint32_t i = 0; i < ITEMS; i++) {
        expected += keys[i];
    }
    assert_ok_pool(pool, yoke_map_reduce(pool, kernel, yoke_range_1d(ITEMS), &reducer, &total,
                                         NULL,
                                         YOKE_ARGS(yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS),
                                                   yoke_in(keys, sizeof *keys),
                                                   yoke_out_partial(sizeof total),
                                                   yoke_out(out, sizeof *out))));
    assert_int_equal(total, expected);
    assert_int_equal(out[ITEMS - 1], ITEMS - 1);
    check_bins(bins, 1, 0);
    api_close(pool);
}

/* Results of the other arguments stay on the device; the sums do not. */
static void beside_lent_arrays(void **state)
{
    yoke_pool *pool = api_open("fake:2x1/private");
    yoke_kernel *kernel = make(pool, "count_and_total", count_and_total, NULL);
    uint32_t *keys = make_keys(pool);
    uint32_t *out = api_numbers(pool, ITEMS);
    uint64_t *totals = make_zeros(pool, ITEMS * sizeof *totals);
    uint32_t *bins = make_zeros(pool, BINS * sizeof *bins);
    const yoke_map_options keep = {.recovery = YOKE_RECOVER_NONE};

    (void)state;
    assert_ok_pool(pool, yoke_lend(keys));
    assert_ok_pool(pool, yoke_lend(totals));
    for (uint32_t run = 1; run < 4; run++) {
        assert_ok_pool(pool, yoke_map_with(pool, kernel, yoke_range_1d(ITEMS), &keep,
                                           YOKE_ARGS(yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS),
                                                     yoke_in(keys, sizeof *keys),
                                                     yoke_out(totals, sizeof *totals),
                                                     yoke_out(out, sizeof *out))));
        check_bins(bins, run, 0);
    }
    assert_ok_pool(pool, yoke_reclaim(totals));
    assert_int_equal(totals[ITEMS - 1], key_of(ITEMS - 1));
    api_close(pool);
}

/* One call is one block, of whole work-groups, counted from the range's begin. */
static void count_calls(const yoke_span *span, void *const args[])
{
    uint32_t *calls = args[0];

    if ((span->begin - 777) % 64 != 0 || calls[0] != 0) {
        yoke_span_fail(span, 1, "begins at %zu, a copy has %u", span->begin, calls[0]);
    }
    calls[0]++;
    calls[1] += (uint32_t)(span->end - span->begin);
}

static void blocks_are_whole_groups(void **state)
{
    const yoke_kernel_options options = {
        .name = "count_calls", .native = count_calls, .group = {64}};
    const yoke_map_options forms[] = {{.round_up = true},
                                      {.round_up = true, .chunk = 100},
                                      {.round_up = true, .grain = 1000}};
    const uint32_t blocks[] = {20, 40, 5}; /* of 256, 128 and 1024 items */
    yoke_pool *pool = api_open("cpu:3");
    yoke_kernel *kernel = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    for (size_t i = 0; i < 3; i++) {
        uint32_t *calls = make_zeros(pool, 2 * sizeof *calls);

        assert_ok_pool(pool,
                       yoke_map_with(pool, kernel, yoke_range_from(yoke_range_1d(ITEMS), 777, 0, 0),
                                     &forms[i],
                                     YOKE_ARGS(yoke_arg_copies(
                                         yoke_sum_into(calls, YOKE_TYPE_UINT32, 2), 20))));
        assert_int_equal(calls[0], blocks[i]);
        assert_int_equal(calls[1], ITEMS);
    }
    api_close(pool);
}

static void beside_an_array_that_is_not_divided(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = make(pool, "histogram", histogram, NULL);
    uint32_t *keys = make_keys(pool);
    uint32_t *bins = make_zeros(pool, BINS * sizeof *bins);

    (void)state;
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(ITEMS),
                                  yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS),
                                  yoke_inout_whole(keys, ITEMS * sizeof *keys)));
    check_bins(bins, 1, 0);
    api_close(pool);
}

enum { THREADS = 3, RUNS = 15 };

typedef struct adder {
    yoke_pool *pool;
    yoke_kernel *kernel;
    const uint32_t *keys;
    uint32_t *bins;
    yoke_status status;
} adder;

static void *add_often(void *argument)
{
    adder *self = argument;

    for (int run = 0; run < RUNS && self->status == YOKE_OK; run++) {
        self->status =
            map_bins(self->pool, self->kernel,
                     yoke_sum_into(self->bins, YOKE_TYPE_UINT32, BINS), self->keys, NULL);
    }
    return NULL;
}

static void threads_add_to_one_array(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    adder all = {pool, make(pool, "histogram", histogram, NULL), make_keys(pool),
                 make_zeros(pool, BINS * sizeof(uint32_t)), YOKE_OK};
    adder each[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        each[i] = all;
        assert_int_equal(pthread_create(&threads[i], NULL, add_often, &each[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(each[i].status, YOKE_OK);
    }
    check_bins(all.bins, THREADS * RUNS, 0);
    api_close(pool);
}

static void of_an_empty_range_nothing_is_added(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *kernel = make(pool, "histogram", histogram, NULL);
    uint32_t *bins = make_zeros(pool, BINS * sizeof *bins);

    (void)state;
    bins[7] = 3;
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(0),
                                  yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS),
                                  yoke_in(bins, sizeof *bins)));
    assert_int_equal(bins[7], 3);
    api_close(pool);
}

/* ---- what is refused ---- */

static int do_nothing(yoke_task *task)
{
    (void)task;
    return 0;
}

static void what_is_refused(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *kernel = make(pool, "histogram", histogram, NULL);
    uint32_t *keys = make_keys(pool);
    uint32_t *bins = make_zeros(pool, BINS * sizeof *bins);
    const struct {
        yoke_arg arg;
        const char *words;
    } refused[] = {
        {yoke_sum_into(bins, (yoke_type)0, BINS), "type 0 is not a valid type"},
        {yoke_sum_into(bins, YOKE_TYPE_FLOAT, 0), "cannot have 0 elements"},
        {yoke_sum_into(bins, YOKE_TYPE_DOUBLE, SIZE_MAX / 8), "cannot have"},
        {yoke_sum_into(NULL, YOKE_TYPE_FLOAT, 5), "not the address of elements of 4 bytes"},
        {yoke_sum_into((char *)bins + 2, YOKE_TYPE_FLOAT, 5), "not the address"},
        {yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS + 1), "BINS"},
        {yoke_sum_into(keys, YOKE_TYPE_UINT32, 5), "overlaps an array that items add into"},
        {yoke_arg_pitch(yoke_sum_into(bins, YOKE_TYPE_FLOAT, BINS), 8), "has no parts"},
        {yoke_arg_copies(yoke_sum_into(bins, YOKE_TYPE_FLOAT, BINS), 65537), "the maximum"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const char *words = refused[i].words;

        assert_refused(pool, map_bins(pool, kernel, refused[i].arg, keys, NULL), YOKE_EINVAL,
                       strcmp(words, "BINS") == 0 ? "1200" : words);
    }
    assert_ok_pool(pool, yoke_lend(bins));
    assert_refused(pool,
                   map_bins(pool, kernel, yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS), keys,
                            NULL),
                   YOKE_EINVAL, "lent memory: yoke_reclaim() it first");
    assert_ok_pool(pool, yoke_reclaim(bins));
    assert_refused(pool,
                   yoke_apply_each(pool, do_nothing, ITEMS, NULL,
                                   YOKE_ARGS(yoke_in(keys, sizeof *keys),
                                             yoke_sum_into(bins, YOKE_TYPE_UINT32, BINS))),
                   YOKE_EINVAL, "not for streams and tasks");
    api_close(pool);
}

static void copies_that_are_too_large(void **state)
{
    enum { MANY = 48 << 20 };
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *kernel = make(pool, "histogram", histogram, NULL);
    uint32_t *keys = make_keys(pool);
    float *large = yoke_alloc(pool, MANY * sizeof *large);
    const yoke_arg sums = yoke_sum_into(large, YOKE_TYPE_UINT32, MANY);

    (void)state;
    if (large == NULL) {
        skip();
    }
    assert_refused(pool, map_bins(pool, kernel, sums, keys, NULL), YOKE_EINVAL,
                   "more than 1 GiB: yoke_arg_copies() chooses");
    assert_int_equal(((const uint32_t *)large)[0], 0);
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(a_histogram),
        yt_unit_test(a_histogram_from_source),
        yt_unit_test(under_checks),
        yt_unit_test(floats_have_the_same_bits),
        yt_unit_test(all_types_and_operations),
        yt_unit_test(a_nan_stays_and_untouched_elements_too),
        yt_unit_test(jobs_come_in_order),
        yt_unit_test(a_failed_job_changes_nothing),
        yt_unit_test(a_cancelled_job_changes_nothing),
        yt_unit_test(outside_the_pool),
        yt_unit_test(with_a_reduction),
        yt_unit_test(beside_lent_arrays),
        yt_unit_test(blocks_are_whole_groups),
        yt_unit_test(beside_an_array_that_is_not_divided),
        yt_unit_test(threads_add_to_one_array),
        yt_unit_test(of_an_empty_range_nothing_is_added),
        yt_unit_test(what_is_refused),
        yt_unit_test(copies_that_are_too_large),
    };

    return yt_run_group(tests);
}
