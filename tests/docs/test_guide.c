/* SPDX-License-Identifier: MIT */
/* The code that the guide shows, between "begin NAME" and "end", and what it must do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yoke/yoke.h>

#include "support/yoke_test.h"

/* begin workers */
static void print_workers(yoke_pool *pool)
{
    yoke_worker_info workers[64];
    size_t count = 0;

    if (yoke_pool_workers(pool, workers, 64, &count) != YOKE_OK) {
        return;
    }
    for (size_t i = 0; i < count && i < 64; i++) {
        printf("%s is %s: %s\n", workers[i].name, workers[i].device, workers[i].reason);
    }
}
/* end */

/* begin start */
static yoke_status open_forked(yoke_pool **pool)
{
    const yoke_pool_options options = {.start = YOKE_START_FORK};

    return yoke_pool_create(pool, &options);
}
/* end */

/* begin blur */
/* Row y of the result is the mean of the rows y - 1, y and y + 1 that there are. */
static void blur_rows(const yoke_span *span, void *const args[])
{
    float *out = args[0];
    const float *in = args[1];
    const size_t width = span->range.size[0], height = span->range.size[1];

    for (size_t y = span->begin; y < span->end; y++) {
        const size_t first = y > 0 ? y - 1 : 0;
        const size_t last = y + 1 < height ? y + 1 : y;

        for (size_t x = 0; x < width; x++) {
            float sum = 0;

            for (size_t row = first; row <= last; row++) {
                sum += in[row * width + x];
            }
            out[y * width + x] = sum / (float)(last - first + 1);
        }
    }
}

static yoke_status blur(yoke_pool *pool, yoke_kernel *kernel, float *out,
                        const float *in, size_t width, size_t height)
{
    const size_t row = width * sizeof(float);

    return yoke_map(pool, kernel, yoke_range_2d(width, height), yoke_out(out, row),
                    yoke_in_halo(in, row, 1));
}
/* end */

/* begin sums */
static const char sums_source[] =
    "__kernel void sums(__global float *sums, __global const float *x,\n"
    "                   __local float *part)\n"
    "{\n"
    "    size_t l = get_local_id(0);\n"
    "    part[l] = x[get_global_id(0)];\n"
    "    for (size_t n = get_local_size(0) / 2; n > 0; n /= 2) {\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "        if (l < n) part[l] += part[l + n];\n"
    "    }\n"
    "    if (l == 0) sums[get_group_id(0)] = part[0];\n"
    "}\n";

enum { GROUP = 64 };

static yoke_status sum_groups(yoke_pool *pool, float *sums, const float *x, size_t n)
{
    yoke_kernel *kernel;
    yoke_status status = yoke_kernel_create(&kernel, pool, &(yoke_kernel_options){
        .name = "sums", .source = sums_source, .group = {GROUP}});

    if (status == YOKE_OK) {
        status = yoke_map(pool, kernel, yoke_range_1d(n),
                          yoke_per_group(yoke_out(sums, sizeof *sums)),
                          yoke_in(x, sizeof *x), yoke_local(GROUP * sizeof(float)));
    }
    yoke_kernel_destroy(kernel);
    return status;
}
/* end */

/* begin columns */
/* Column x of a matrix whose rows are `width` floats: an item is a column. */
static void add_up_columns(const yoke_span *span, void *const args[])
{
    float *sums = args[0];
    const float *matrix = args[1];
    const size_t width = span->range.size[0];
    const size_t height = *(const size_t *)args[2];

    for (size_t x = span->begin; x < span->end; x++) {
        sums[x] = 0;
        for (size_t y = 0; y < height; y++) {
            sums[x] += matrix[y * width + x];
        }
    }
}

static yoke_status sum_columns(yoke_pool *pool, yoke_kernel *kernel, float *sums,
                               const float *matrix, size_t width, size_t height)
{
    return yoke_map(pool, kernel, yoke_range_1d(width), yoke_out(sums, sizeof *sums),
                    yoke_arg_strided(yoke_in(matrix, sizeof *matrix), height,
                                     width * sizeof *matrix),
                    yoke_scalar(height));
}
/* end */

/* begin steps */
/* Submits all steps at once: each reads what the one before has written, so they run one
 * after the other, without a round trip to this process in between. */
static yoke_status run_steps(yoke_pool *pool, yoke_kernel *kernel, float *grids[2],
                             size_t width, size_t height, int steps)
{
    const size_t row = width * sizeof(float);
    yoke_future *last = NULL;
    yoke_status status = YOKE_OK;

    for (int step = 0; step < steps && status == YOKE_OK; step++) {
        yoke_future_destroy(last);
        status = yoke_map_async(&last, pool, kernel, yoke_range_2d(width, height), NULL,
                                yoke_out(grids[(step + 1) % 2], row),
                                yoke_in_halo(grids[step % 2], row, 1));
    }
    while (status == YOKE_OK && last != NULL) {
        status = yoke_future_wait(last, 0.1);
        if (status != YOKE_EAGAIN) {
            break;
        }
        fprintf(stderr, "\rlast step: %3.0f %%", 100 * yoke_future_progress(last));
        status = YOKE_OK;
    }
    yoke_future_destroy(last);
    return status;
}
/* end */

/* begin stats */
static void show_stats(yoke_pool *pool)
{
    yoke_worker_stats stats[64];
    size_t count = 0;

    if (yoke_pool_stats(pool, stats, 64, &count) != YOKE_OK) {
        return;
    }
    for (size_t i = 0; i < count && i < 64; i++) {
        printf("%-8s %8llu chunks %12llu items %8.3f s\n", stats[i].name,
               (unsigned long long)stats[i].chunks, (unsigned long long)stats[i].items,
               stats[i].busy_seconds);
    }
}
/* end */

/* begin lend */
/* Many steps on two grids that only the pool touches in the meantime. */
static yoke_status run_lent_steps(yoke_pool *pool, yoke_kernel *kernel, float *grids[2],
                                  size_t width, size_t height, int steps)
{
    yoke_status status = YOKE_OK;

    for (int i = 0; i < 2 && status == YOKE_OK; i++) {
        status = yoke_lend(pool, grids[i]);
    }
    if (status == YOKE_OK) {
        status = run_steps(pool, kernel, grids, width, height, steps);
    }
    for (int i = 0; i < 2; i++) { /* waits for jobs that use them */
        const yoke_status reclaimed = yoke_reclaim(pool, grids[i]);

        status = status == YOKE_OK ? reclaimed : status;
    }
    return status;
}
/* end */

/* begin stage */
static yoke_status blur_plain_memory(yoke_pool *pool, yoke_kernel *kernel, float *out,
                                     const float *in, size_t width, size_t height)
{
    const yoke_map_options options = {.stage = true, .timeout = 60};
    const size_t row = width * sizeof(float);

    return yoke_map_with(pool, kernel, yoke_range_2d(width, height), &options,
                         yoke_out(out, row), yoke_in_halo(in, row, 1));
}
/* end */

/* begin fail */
static void square_roots(const yoke_span *span, void *const args[])
{
    float *x = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        if (x[i] < 0) {
            yoke_span_fail(span, 33, "x[%zu] is %g", i, (double)x[i]);
            return;
        }
        x[i] = __builtin_sqrtf(x[i]);
    }
}
/* end */

/* ---- what they must do ---- */

enum { WIDTH = 40, HEIGHT = 300, CELLS = WIDTH * HEIGHT };

static yoke_pool *pool;

static int set_up(void **state)
{
    (void)state;
    return yoke_pool_create(&pool, NULL) == YOKE_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return yoke_pool_close(pool) == YOKE_OK ? 0 : -1;
}

static yoke_kernel *native_kernel(const char *name, yoke_native *native)
{
    yoke_kernel *kernel = NULL;
    const yoke_kernel_options options = {.name = name, .native = native};

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    return kernel;
}

static float *grid(void)
{
    float *cells = yoke_alloc(pool, CELLS * sizeof *cells);

    assert_non_null(cells);
    for (size_t i = 0; i < CELLS; i++) {
        cells[i] = (float)(i * 7919 % 64);
    }
    return cells;
}

static void test_start(void **state)
{
    yoke_pool *forked;

    (void)state;
    assert_ok_pool(NULL, open_forked(&forked));
    assert_int_equal(yoke_pool_start_method(forked), YOKE_START_FORK);
    assert_ok(yoke_pool_close(forked));
}

static void blur_here(float *out, float *in)
{
    const yoke_span whole = {.end = HEIGHT, .split = 1,
                             .range = yoke_range_2d(WIDTH, HEIGHT)};
    void *const args[] = {out, in};

    blur_rows(&whole, args);
}

static void workers_are_printed(void **state)
{
    (void)state;
    print_workers(pool);
    show_stats(pool);
}

static void blur_is_that_of_one_process(void **state)
{
    yoke_kernel *kernel = native_kernel("blur", blur_rows);
    float *in = grid();
    float *out = grid();
    static float expected[CELLS];

    (void)state;
    blur_here(expected, in);
    assert_ok_pool(pool, blur(pool, kernel, out, in, WIDTH, HEIGHT));
    assert_memory_equal(out, expected, sizeof expected);
    memset(out, 0, sizeof expected);
    static float plain_in[CELLS], plain_out[CELLS];
    memcpy(plain_in, in, sizeof plain_in);
    assert_ok_pool(pool, blur_plain_memory(pool, kernel, plain_out, plain_in, WIDTH,
                                           HEIGHT));
    assert_memory_equal(plain_out, expected, sizeof expected);
    yoke_kernel_destroy(kernel);
}

static void steps_follow_each_other(void **state)
{
    enum { STEPS = 150 };
    yoke_kernel *kernel = native_kernel("blur", blur_rows);
    float *grids[2] = {grid(), grid()};
    static float expected[2][CELLS];

    (void)state;
    memcpy(expected[0], grids[0], sizeof expected[0]);
    for (int step = 0; step < STEPS; step++) {
        blur_here(expected[(step + 1) % 2], expected[step % 2]);
    }
    assert_ok_pool(pool, run_steps(pool, kernel, grids, WIDTH, HEIGHT, STEPS));
    assert_memory_equal(grids[STEPS % 2], expected[STEPS % 2], sizeof expected[0]);
    memcpy(grids[0], expected[0], sizeof expected[0]);
    memset(grids[1], 0, sizeof expected[0]);
    for (int step = 0; step < STEPS; step++) {
        blur_here(expected[(step + 1) % 2], expected[step % 2]);
    }
    assert_ok_pool(pool, run_lent_steps(pool, kernel, grids, WIDTH, HEIGHT, STEPS));
    assert_memory_equal(grids[STEPS % 2], expected[STEPS % 2], sizeof expected[0]);
    yoke_kernel_destroy(kernel);
}

static void groups_are_summed(void **state)
{
    enum { N = 100 * GROUP };
    float *x = yoke_alloc(pool, N * sizeof *x);
    float *sums = yoke_alloc(pool, N / GROUP * sizeof *sums);
    yoke_status status;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        x[i] = (float)(i / GROUP);
    }
    status = sum_groups(pool, sums, x, N);
    if (status == YOKE_ENODEVICE) {
        skip(); /* PoCL is not installed */
    }
    assert_ok_pool(pool, status);
    for (size_t g = 0; g < N / GROUP; g++) {
        assert_true(sums[g] == (float)(g * GROUP));
    }
}

static void columns_are_summed(void **state)
{
    yoke_kernel *kernel = native_kernel("columns", add_up_columns);
    float *matrix = grid();
    float *sums = yoke_alloc(pool, WIDTH * sizeof *sums);

    (void)state;
    assert_ok_pool(pool, sum_columns(pool, kernel, sums, matrix, WIDTH, HEIGHT));
    for (size_t x = 0; x < WIDTH; x++) {
        float sum = 0;

        for (size_t y = 0; y < HEIGHT; y++) {
            sum += matrix[y * WIDTH + x];
        }
        assert_true(sums[x] == sum);
    }
    yoke_kernel_destroy(kernel);
}

static void failure_is_explained(void **state)
{
    yoke_kernel *kernel = native_kernel("roots", square_roots);
    float *x = grid();

    (void)state;
    x[11] = -2;
    assert_status(yoke_map(pool, kernel, yoke_range_1d(CELLS), yoke_inout(x, sizeof *x)),
                  YOKE_EKERNEL);
    assert_contains(yoke_pool_error(pool), "code 33: x[11] is -2");
    yoke_kernel_destroy(kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),
        cmocka_unit_test(workers_are_printed),
        cmocka_unit_test(blur_is_that_of_one_process),
        cmocka_unit_test(steps_follow_each_other),
        cmocka_unit_test(groups_are_summed),
        cmocka_unit_test(columns_are_summed),
        cmocka_unit_test(failure_is_explained),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
