/* SPDX-License-Identifier: MIT */
/* Uses every public call, inline function and macro once, in what C and C++ share. */
#include <yoke/yoke.h>

#if defined(__has_include)
#if __has_include(<CL/cl.h>)
#define CL_TARGET_OPENCL_VERSION 120
#include <yoke/opencl.h>
#endif
#endif

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 1024, GROUP = 16, GROUPS = ITEMS / GROUP, WIDTH = 32, HEIGHT = 16 };

/* Larger than the bytes that an argument holds itself. */
typedef struct weights {
    float near_by, far_away[15];
} weights;

static int failures;

static void check(int holds, const char *what, int line)
{
    if (!holds) {
        fprintf(stderr, "line %d: %s does not hold\n", line, what);
        failures++;
    }
}

static void check_ok(const yoke_pool *pool, yoke_status status, const char *what, int line)
{
    if (status != YOKE_OK) {
        fprintf(stderr, "line %d: %s: %s: %s\n", line, what, yoke_strerror(status),
                yoke_pool_error(pool));
        failures++;
    }
}

#define CHECK(condition) check((condition) != 0, #condition, __LINE__)
#define CHECK_OK(pool, call) check_ok(pool, call, #call, __LINE__)

static float *new_floats(yoke_pool *pool, size_t count)
{
    float *array = (float *)yoke_alloc(pool, count * sizeof *array);

    if (array == NULL) {
        fprintf(stderr, "yoke_alloc: %s\n", yoke_pool_error(pool));
        exit(1);
    }
    for (size_t i = 0; i < count; i++) {
        array[i] = (float)(i % 7);
    }
    return array;
}

static yoke_kernel *new_kernel(yoke_pool *pool, const char *name, yoke_native *native,
                               size_t group)
{
    yoke_kernel_options options;
    yoke_kernel *kernel = NULL;

    memset(&options, 0, sizeof options);
    options.name = name;
    options.native = native;
    options.group[0] = group;
    CHECK_OK(pool, yoke_kernel_create(&kernel, pool, &options));
    return kernel;
}

/* z = own + halo + wrapped halo + whole + scalars; y += 1; a sum per group. */
static void mix(const yoke_span *span, void *const args[])
{
    float *z = (float *)args[0], *y = (float *)args[2], *sums = (float *)args[6];
    const float *x = (const float *)args[1], *halo = (const float *)args[3];
    const float *ring = (const float *)args[4], *whole = (const float *)args[5];
    const float a = *(const float *)args[7];
    const weights *w = (const weights *)args[8];
    float *scratch = (float *)args[9];

    for (size_t i = span->begin; i < span->end; i++) {
        const size_t next = i + 1 < ITEMS ? i + 1 : i;
        const float near_by = halo[next] + ring[(i + 1) % ITEMS];

        z[i] = a * x[i] + w->near_by * near_by + w->far_away[14] * whole[ITEMS - 1 - i];
        y[i] += 1.0f;
        scratch[i % GROUP] = x[i];
        if (i % GROUP == GROUP - 1) {
            sums[i / GROUP] = 0.0f;
            for (size_t k = 0; k < GROUP; k++) {
                sums[i / GROUP] += scratch[k];
            }
        }
    }
}

static void test_arguments(yoke_pool *pool)
{
    float *z = new_floats(pool, ITEMS), *x = new_floats(pool, ITEMS);
    float *y = new_floats(pool, ITEMS), *halo = new_floats(pool, ITEMS);
    float *ring = new_floats(pool, ITEMS), *whole = new_floats(pool, ITEMS);
    float *sums = new_floats(pool, GROUPS);
    yoke_kernel *kernel = new_kernel(pool, "mix", mix, GROUP);
    weights w;
    size_t wrong = 0;

    memset(&w, 0, sizeof w);
    w.near_by = 2.0f;
    w.far_away[14] = 4.0f;
    CHECK_OK(pool, yoke_map(pool, kernel, yoke_range_1d(ITEMS), yoke_out(z, sizeof *z),
                            yoke_in(x, sizeof *x), yoke_inout(y, sizeof *y),
                            yoke_in_halo(halo, sizeof *halo, 1, 1, YOKE_EDGE_CLIPPED),
                            yoke_in_halo(ring, sizeof *ring, 1, 1, YOKE_EDGE_PERIODIC),
                            yoke_in_whole(whole, ITEMS * sizeof *whole),
                            yoke_arg_per_group(yoke_out(sums, sizeof *sums)),
                            yoke_scalar(3.0f), yoke_scalar_bytes(&w, sizeof w),
                            yoke_local(GROUP * sizeof(float))));
    for (size_t i = 0; i < ITEMS; i++) {
        const size_t next = i + 1 < ITEMS ? i + 1 : i;
        const float near_by = halo[next] + ring[(i + 1) % ITEMS];

        wrong += z[i] != 3.0f * x[i] + 2.0f * near_by + 4.0f * whole[ITEMS - 1 - i];
        wrong += y[i] != (float)(i % 7) + 1.0f;
    }
    for (size_t g = 0; g < GROUPS; g++) {
        float sum = 0.0f;

        for (size_t i = g * GROUP; i < (g + 1) * GROUP; i++) {
            sum += x[i];
        }
        wrong += sums[g] != sum;
    }
    CHECK(wrong == 0);

    yoke_kernel_destroy(kernel);
    CHECK_OK(pool, yoke_lend(z));
    CHECK_OK(pool, yoke_reclaim(z));
    z[1] = 5.0f;
    z = (float *)yoke_realloc(pool, z, 2 * ITEMS * sizeof *z);
    CHECK(z != NULL && z[1] == 5.0f && z[2 * ITEMS - 1] == 0.0f);
    CHECK_OK(pool, yoke_free(z));
    CHECK_OK(pool, yoke_free(NULL));
}

/* Reads part i + 4, writes the sum of column i, adds 1 in place. */
static void columns(const yoke_span *span, void *const args[])
{
    const float *shifted = (const float *)args[0], *matrix = (const float *)args[1];
    float *sums = (float *)args[2], *counts = (float *)args[3];

    for (size_t i = span->begin; i < span->end; i++) {
        sums[i] = shifted[i + 4];
        for (size_t row = 0; row < HEIGHT; row++) {
            sums[i] += matrix[row * WIDTH + i];
        }
        counts[i] += 1.0f;
    }
}

static void test_shapes(yoke_pool *pool)
{
    float *shifted = new_floats(pool, WIDTH + 4);
    float *matrix = new_floats(pool, (size_t)WIDTH * HEIGHT);
    float *sums = new_floats(pool, WIDTH), *counts = new_floats(pool, WIDTH);
    yoke_kernel *kernel = new_kernel(pool, "columns", columns, 0);
    yoke_arg args[4];
    size_t wrong = 0;

    args[0] = yoke_arg_at(yoke_in(shifted, sizeof *shifted), 4);
    args[1] = yoke_arg_strided(
        yoke_arg_array(matrix, sizeof *matrix, YOKE_ACCESS_READ, YOKE_PARTS_ITEM),
        HEIGHT, WIDTH * sizeof *matrix);
    args[2] = yoke_out(sums, sizeof *sums);
    args[3] = yoke_inout_read_all(counts, sizeof *counts);
    CHECK_OK(pool, yoke_map_with(pool, kernel, yoke_range_1d(WIDTH), NULL, args, 4));
    CHECK(yoke_map_async(NULL, pool, NULL, yoke_range_1d(WIDTH), NULL, args, 4) ==
          YOKE_EINVAL);
    for (size_t i = 0; i < WIDTH; i++) {
        float sum = shifted[i + 4];

        for (size_t row = 0; row < HEIGHT; row++) {
            sum += matrix[row * WIDTH + i];
        }
        wrong += sums[i] != sum || counts[i] != (float)(i % 7) + 1.0f;
    }
    CHECK(wrong == 0);
    yoke_kernel_destroy(kernel);
}

/* Two values per item from the array's other end, and the sum of a row of any length. */
static void other_parts(const yoke_span *span, void *const args[])
{
    float *twice = (float *)args[0], *sums = (float *)args[3];
    const float *mirrored = (const float *)args[1], *values = (const float *)args[2];
    const unsigned *begins = (const unsigned *)args[4];

    for (size_t i = span->begin; i < span->end; i++) {
        twice[2 * i] = twice[2 * i + 1] = mirrored[WIDTH - 1 - i];
        sums[i] = 0.0f;
        for (unsigned j = begins[i]; j < begins[i + 1]; j++) {
            sums[i] += values[j];
        }
    }
}

static void test_other_parts(yoke_pool *pool)
{
    float *twice = new_floats(pool, (size_t)WIDTH * 2), *from = new_floats(pool, WIDTH);
    float *sums = new_floats(pool, WIDTH);
    unsigned *begins = (unsigned *)yoke_alloc(pool, (WIDTH + 1) * sizeof *begins);
    yoke_kernel *kernel = new_kernel(pool, "other_parts", other_parts, 0);
    size_t wrong = 0;

    CHECK(begins != NULL);
    for (unsigned i = 0; i <= WIDTH; i++) {
        begins[i] = i / 2;
    }
    CHECK_OK(pool, yoke_map(pool, kernel, yoke_range_1d(WIDTH),
                            yoke_arg_scaled(yoke_out(twice, sizeof *twice), 2, 1),
                            yoke_arg_mirrored(yoke_in(from, sizeof *from)),
                            yoke_arg_ragged(yoke_in(from, sizeof *from), begins),
                            yoke_out(sums, sizeof *sums),
                            yoke_in_whole(begins, (WIDTH + 1) * sizeof *begins)));
    for (size_t i = 0; i < WIDTH; i++) {
        wrong += twice[2 * i + 1] != from[WIDTH - 1 - i];
        wrong += sums[i] != (i % 2 == 1 ? from[i / 2] : 0.0f);
    }
    CHECK(wrong == 0);
    yoke_kernel_destroy(kernel);
}

/* Rows of a tile from those above and below, for rows with an even number. */
static void even_rows(const yoke_span *span, void *const args[])
{
    float *to = (float *)args[0];
    const float *clipped = (const float *)args[1], *present = (const float *)args[2];

    for (size_t y = span->begin; y < span->end; y += 1) {
        for (size_t x = 0; x < WIDTH / 2 && y % 2 == 0; x++) {
            to[y * WIDTH + x] =
                clipped[(y > 0 ? y - 1 : 0) * WIDTH + x] + present[(y + 2) * WIDTH + x];
        }
    }
}

static void test_tiles(yoke_pool *pool)
{
    float *from = new_floats(pool, (size_t)WIDTH * HEIGHT);
    float *to = new_floats(pool, (size_t)WIDTH * HEIGHT);
    yoke_kernel *kernel = new_kernel(pool, "even_rows", even_rows, 0);
    const size_t row = WIDTH * sizeof *from;
    size_t wrong = 0;

    CHECK_OK(
        pool,
        yoke_map(
            pool, kernel, yoke_range_2d(WIDTH / 2, HEIGHT - 2),
            yoke_arg_pitch(yoke_out_some(to, row / 2), row),
            yoke_arg_of(yoke_in_halo(from, row, 1, 1, YOKE_EDGE_CLIPPED), HEIGHT),
            yoke_arg_from_begin(yoke_arg_pitch(
                yoke_in_halo(from, row / 2, 0, 2, YOKE_EDGE_PRESENT), row))));
    for (size_t i = 0; i < WIDTH * HEIGHT; i++) {
        const size_t y = i / WIDTH, x = i % WIDTH;
        const float old = (float)(i % 7);
        const float sum = from[(y > 0 ? y - 1 : 0) * WIDTH + x] +
                          from[(y + 2 < HEIGHT ? y + 2 : 0) * WIDTH + x];

        wrong += to[i] != (x < WIDTH / 2 && y < HEIGHT - 2 && y % 2 == 0 ? sum : old);
    }
    CHECK(wrong == 0);
    yoke_kernel_destroy(kernel);
}

/* Counts the cells of a 2D or 3D range in one array and scatters into another. */
static void scatter(const yoke_span *span, void *const args[])
{
    const size_t *size = span->range.size;
    const size_t slice = size[0] * (span->split == 2 ? size[1] : 1);
    float *reversed = (float *)args[0], *counts = (float *)args[1];
    const size_t cells = size[0] * size[1] * size[2];

    for (size_t i = span->begin * slice; i < span->end * slice; i++) {
        reversed[cells - 1 - i] = (float)i;
        counts[i % 8] += 1.0f;
    }
}

static void test_scatter(yoke_pool *pool, yoke_range range)
{
    float *reversed = new_floats(pool, ITEMS), *counts = new_floats(pool, 8);
    yoke_kernel *kernel = new_kernel(pool, "scatter", scatter, 0);
    yoke_map_options options;
    size_t wrong = 0;

    memset(&options, 0, sizeof options);
    options.devices = "cpu";
    options.recovery = YOKE_RECOVER_RETRY;
    CHECK_OK(pool,
             yoke_map_with(pool, kernel, range, &options,
                           YOKE_ARGS(yoke_out_whole(reversed, ITEMS * sizeof *reversed),
                                     yoke_inout_whole(counts, 8 * sizeof *counts))));
    for (size_t i = 0; i < ITEMS; i++) {
        wrong += reversed[ITEMS - 1 - i] != (float)i;
    }
    for (size_t i = 0; i < 8; i++) {
        wrong += counts[i] != (float)(i % 7) + ITEMS / 8;
    }
    CHECK(wrong == 0);
    yoke_kernel_destroy(kernel);
}

typedef struct pair {
    float factor, term;
} pair;

static void apply_pair(const yoke_span *span, void *const args[])
{
    const pair *p = (const pair *)args[1];
    float *x = (float *)args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        x[i] = x[i] * p->factor + p->term;
    }
}

/* Structs that are written in place, with their commas, in ranges, options and values. */
static void test_in_place(yoke_pool *pool)
{
    float *x = new_floats(pool, ITEMS);
    yoke_kernel *kernel = new_kernel(pool, "apply_pair", apply_pair, 0);

#ifdef __cplusplus
    CHECK_OK(pool, yoke_map(pool, kernel,
                            yoke_range{1, YOKE_SPLIT_X, {2, 0, 0}, {6, 1, 1}, {0, 0}},
                            yoke_inout(x, sizeof *x), yoke_scalar(pair{2.0f, 1.0f})));
#else
    CHECK_OK(pool, yoke_map(pool, kernel,
                            ((yoke_range){.dimensions = 1,
                                          .begin = {2, 0, 0},
                                          .size = {6, 1, 1}}),
                            yoke_inout(x, sizeof *x), yoke_scalar((pair){2.0f, 1.0f})));
    CHECK_OK(pool, yoke_map_with(pool, kernel,
                                 (yoke_range){.dimensions = 1, .size = {0, 1, 1}},
                                 &(yoke_map_options){.grain = 2, .chunk = 4},
                                 YOKE_ARGS(yoke_inout(x, sizeof *x),
                                           yoke_scalar((pair){2.0f, 1.0f}))));
#endif
    CHECK_OK(pool, yoke_map(pool, kernel,
                            yoke_range_split(yoke_range_from(yoke_range_2d(1, 1), 8, 0, 0),
                                             YOKE_SPLIT_X),
                            yoke_inout(x, sizeof *x), yoke_scalar_bytes(x + 3, sizeof(pair))));
    CHECK(x[1] == 1.0f && x[2] == 5.0f && x[7] == 1.0f && x[8] == 7.0f * 1.0f + 9.0f);
    yoke_kernel_destroy(kernel);
}

static void increment(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((float *)args[0])[i] += *(const float *)args[1];
    }
}

static void note_done(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    *(yoke_status *)context = status;
}

static void test_futures(yoke_pool *pool)
{
    float *x = new_floats(pool, ITEMS);
    yoke_kernel *kernel = new_kernel(pool, "increment", increment, 0);
    yoke_future *first = NULL, *second = NULL;
    yoke_status noted = YOKE_ETIMEDOUT;
    yoke_map_options options;

    memset(&options, 0, sizeof options);
    CHECK_OK(pool,
             yoke_map_async(&first, pool, kernel, yoke_range_1d(ITEMS), NULL,
                            YOKE_ARGS(yoke_inout(x, sizeof *x), yoke_scalar(1.0f))));
    options.after = &first;
    options.after_count = 1;
    CHECK_OK(pool,
             yoke_map_async(&second, pool, kernel, yoke_range_1d(ITEMS), &options,
                            YOKE_ARGS(yoke_inout(x, sizeof *x), yoke_scalar(1.0f))));
    CHECK_OK(pool, yoke_future_on_done(second, note_done, &noted));
    CHECK_OK(pool, yoke_future_wait(second, 60.0));
    (void)yoke_pool_poll(pool);
    CHECK_OK(pool, yoke_pool_wait(pool, 60.0));
    CHECK(noted == YOKE_OK);
    CHECK(yoke_future_is_done(first) && yoke_future_is_done(second));
    CHECK(yoke_future_progress(second) >= 1.0);
    CHECK(!yoke_future_is_running(second));
    CHECK_OK(pool, yoke_future_cancel(second));
    CHECK(strcmp(yoke_future_error(second), "") == 0);
    CHECK(x[3] == 5.0f && x[ITEMS - 1] == (float)((ITEMS - 1) % 7) + 2.0f);
    yoke_future_destroy(first);
    yoke_future_destroy(second);
    yoke_kernel_destroy(kernel);
}

static void copy(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((float *)args[0])[i] = ((const float *)args[1])[i];
    }
}

static void keep_greater(void *into, const void *from, void *context)
{
    (void)context;
    if (*(const float *)from > *(float *)into) {
        *(float *)into = *(const float *)from;
    }
}

static void test_reductions(yoke_pool *pool)
{
    float *x = new_floats(pool, ITEMS);
    yoke_kernel *kernel = new_kernel(pool, "copy", copy, 0);
    yoke_future *future = NULL;
    yoke_map_options options;
    yoke_reducer reducer;
    yoke_reduced sum, product;
    yoke_arg args[2];
    float greatest = 0.0f;

    memset(&options, 0, sizeof options);
    memset(&reducer, 0, sizeof reducer);
    reducer.bytes = sizeof greatest;
    reducer.combine = keep_greater;
    CHECK_OK(pool,
             yoke_reduce(pool,
                         yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, ITEMS),
                         &sum, NULL));
    CHECK_OK(pool, yoke_reduce(pool,
                               yoke_reduction_of_two(YOKE_REDUCE_DOT, YOKE_TYPE_FLOAT,
                                                     x, x, ITEMS),
                               &product, NULL));
    CHECK(sum.value.f == 3067.0 && product.value.f == 13287.0);
    CHECK_OK(pool,
             yoke_reduce(
                 pool, yoke_reduction_of(YOKE_REDUCE_ARGMAX, YOKE_TYPE_FLOAT, x, ITEMS),
                 &sum, &options));
    CHECK(sum.index == 6 && sum.value.f == 6.0);
    CHECK_OK(pool, yoke_reduce(pool,
                               yoke_reduction_of_two(YOKE_REDUCE_DOT, YOKE_TYPE_FLOAT,
                                                     x, x, YOKE_REDUCE_BLOCK / 4096),
                               &product, &options));
    CHECK(product.value.f == 0.0);
    CHECK_OK(pool, yoke_reduce_async(&future, pool,
                                     yoke_reduction_of(YOKE_REDUCE_SUM_OF_SQUARES,
                                                       YOKE_TYPE_FLOAT, x, ITEMS),
                                     &sum, NULL));
    CHECK_OK(pool, yoke_future_wait(future, 60.0));
    yoke_future_destroy(future);
    CHECK_OK(pool, yoke_reduce_async(&future, pool,
                                     yoke_reduction_of_two(
                                         YOKE_REDUCE_DOT, YOKE_TYPE_FLOAT, x, x, ITEMS),
                                     &product, NULL));
    CHECK_OK(pool, yoke_future_wait(future, 60.0));
    yoke_future_destroy(future);
    CHECK(sum.value.f == product.value.f);
    CHECK_OK(pool, yoke_map_reduce(
                       pool, kernel, yoke_range_1d(ITEMS), &reducer, &greatest, NULL,
                       YOKE_ARGS(yoke_out_partial(sizeof *x), yoke_in(x, sizeof *x))));
    CHECK_OK(pool,
             yoke_map_reduce(
                 pool, kernel, yoke_range_1d(ITEMS), &reducer, &greatest, &options,
                 YOKE_ARGS(yoke_out_partial(sizeof *x), yoke_in(x, sizeof *x))));
    CHECK(greatest == 6.0f);
    args[0] = yoke_out_partial(sizeof *x);
    args[1] = yoke_in(x, sizeof *x);
    CHECK_OK(pool, yoke_map_reduce(pool, kernel, yoke_range_1d(6), &reducer, &greatest,
                                   NULL, args, 2));
    CHECK(greatest == 5.0f);
    CHECK_OK(pool,
             yoke_map_reduce_async(
                 &future, pool, kernel, yoke_range_1d(ITEMS), &reducer, &greatest, NULL,
                 YOKE_ARGS(yoke_out_partial(sizeof *x), yoke_in(x, sizeof *x))));
    CHECK_OK(pool, yoke_future_wait(future, 60.0));
    yoke_future_destroy(future);
    CHECK(greatest == 6.0f);
    CHECK_OK(pool, yoke_map_reduce_async(&future, pool, kernel, yoke_range_1d(6),
                                         &reducer, &greatest, &options, args, 2));
    CHECK_OK(pool, yoke_future_wait(future, 60.0));
    yoke_future_destroy(future);
    CHECK(greatest == 5.0f);
    yoke_kernel_destroy(kernel);
    CHECK_OK(pool, yoke_free(x));
}

static void test_shm(yoke_pool *pool)
{
    yoke_kernel *kernel = new_kernel(pool, "increment", increment, 0);
    const yoke_shm_options read_only = {YOKE_SHM_READ_ONLY, {0}};
    yoke_shm *shm = NULL, *again = NULL;
    float *x;

    CHECK_OK(pool, yoke_shm_create(&shm, pool, NULL, ITEMS * sizeof *x, NULL));
    CHECK_OK(pool, yoke_shm_open(&again, pool, yoke_shm_name(shm), NULL));
    CHECK_OK(pool, yoke_shm_unlink(yoke_shm_name(shm)));
    CHECK(yoke_shm_open(&again, pool, "no such segment", &read_only) == YOKE_ENOENT);
    CHECK(yoke_shm_open_file(&again, pool, "no such file", &read_only) == YOKE_ENOENT);
    CHECK(yoke_shm_bytes(shm) == ITEMS * sizeof *x);
    x = (float *)yoke_shm_pointer(shm);
    CHECK_OK(pool, yoke_map(pool, kernel, yoke_range_1d(ITEMS), yoke_inout(x, sizeof *x),
                            yoke_scalar(1.5f)));
    CHECK(x[0] == 1.5f && x[ITEMS - 1] == 1.5f);
    CHECK_OK(pool, yoke_shm_close(shm));
    yoke_kernel_destroy(kernel);
}

static void refuse(const yoke_span *span, void *const args[])
{
    (void)args;
    yoke_span_fail(span, 7, "no %s today", "bananas");
}

static void test_failures(yoke_pool *pool)
{
    float *x = new_floats(pool, ITEMS);
    yoke_kernel *kernel = new_kernel(pool, "refuse", refuse, 0);
    yoke_parameter_info parameters[4];
    size_t count = 0;

    CHECK(yoke_map(pool, kernel, yoke_range_1d(ITEMS), yoke_out(x, sizeof *x)) ==
          YOKE_EKERNEL);
    CHECK(strstr(yoke_pool_error(pool), "no bananas today") != NULL);
    CHECK(yoke_kernel_parameters(kernel, parameters, 4, &count) == YOKE_EUNSUPPORTED);
    CHECK_OK(pool, yoke_kernel_workers(kernel, NULL, 0, &count));
    CHECK(count > 0);
    yoke_kernel_destroy(kernel);
    yoke_kernel_destroy(NULL);
    yoke_future_destroy(NULL);
}

static int double_item(yoke_task *task)
{
#ifdef YOKE_OPENCL_H
    if (yoke_task_opencl(task).context != NULL || yoke_task_opencl(task).device != NULL ||
        yoke_task_opencl(task).queue != NULL) {
        return yoke_task_fail(task, 1, "a device that nobody asked for");
    }
#endif
    *(float *)task->output = 2.0f * *(const float *)task->input;
    return 0;
}

static int add_args(yoke_task *task)
{
    *(float *)task->args[0] += *(const float *)task->args[1];
    return 0;
}

static int repeat(yoke_task *task)
{
    float *out = (float *)yoke_task_output(task, ITEMS * sizeof *out);

    if (out == NULL) {
        return yoke_task_fail(task, 2, "no room for %d floats", ITEMS);
    }
    for (size_t i = 0; i < ITEMS; i++) {
        out[i] = *(const float *)task->input;
    }
    return 0;
}

static void test_tasks(yoke_pool *pool)
{
    float x[ITEMS], y[ITEMS];
    const float five = 5.0f;
    yoke_future *future = NULL;
    yoke_status noted = YOKE_ETIMEDOUT;
    yoke_task_options options;
    yoke_arg args[2];
    void *result = NULL;
    size_t bytes = 0, wrong = 0;

    for (size_t i = 0; i < ITEMS; i++) {
        x[i] = (float)i;
    }
    CHECK_OK(pool,
             yoke_apply_each(pool, double_item, ITEMS, NULL,
                             YOKE_ARGS(yoke_in(x, sizeof *x), yoke_out(y, sizeof *y))));
    args[0] = yoke_inout(y, sizeof *y);
    args[1] = yoke_in(x, sizeof *x);
    CHECK_OK(pool, yoke_apply_each(pool, add_args, ITEMS, NULL, args, 2));
    CHECK_OK(pool,
             yoke_apply_each_async(&future, pool, add_args, ITEMS, NULL, args, 2));
    CHECK_OK(pool, yoke_future_wait(future, 60.0));
    yoke_future_destroy(future);
    for (size_t i = 0; i < ITEMS; i++) {
        wrong += y[i] != 4.0f * (float)i;
    }
    CHECK_OK(pool, yoke_apply_each_async(
                       &future, pool, double_item, ITEMS, NULL,
                       YOKE_ARGS(yoke_in(x, sizeof *x), yoke_out(y, sizeof *y))));
    CHECK_OK(pool, yoke_future_wait(future, 60.0));
    yoke_future_destroy(future);
    CHECK(wrong == 0 && y[ITEMS - 1] == 2.0f * (ITEMS - 1));

    CHECK_OK(pool, yoke_apply(pool, repeat, &five, sizeof five, &result, &bytes, NULL));
    CHECK(bytes == ITEMS * sizeof five && ((float *)result)[ITEMS - 1] == five);
    CHECK_OK(pool, yoke_free(result));
    memset(&options, 0, sizeof options);
    options.on_success = note_done;
    options.on_error = note_done;
    options.on_context = &noted;
    CHECK_OK(pool,
             yoke_apply_async(&future, pool, repeat, &five, sizeof five, &options));
    CHECK(yoke_pool_fd(pool) >= 0);
    CHECK_OK(pool, yoke_future_wait(future, 60.0));
    CHECK(noted == YOKE_OK);
    CHECK_OK(pool, yoke_future_result(future, &result, &bytes));
    CHECK(result != NULL && bytes == ITEMS * sizeof five);
    CHECK_OK(pool, yoke_free(result));
    yoke_future_destroy(future);
}

static int next_number(void *item, size_t index, void *context)
{
    (void)context;
    *(float *)item = (float)index;
    return index < ITEMS;
}

static int next_row(void *item, size_t index, void *context)
{
    (void)context;
    for (size_t i = 0; i < WIDTH; i++) {
        ((float *)item)[i] = (float)index;
    }
    return index < HEIGHT;
}

static void copy_row(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((float *)args[1])[i] = ((const float *)args[0])[i];
    }
}

static void test_streams(yoke_pool *pool)
{
    yoke_kernel *kernel = new_kernel(pool, "copy_row", copy_row, 0);
    yoke_stream_options options;
    yoke_stream *stream = NULL;
    yoke_arg args[2];
    void *result = NULL;
    size_t wrong = 0;

    memset(&options, 0, sizeof options);
    options.function = double_item;
    options.input_bytes = sizeof(float);
    options.output_bytes = sizeof(float);
    options.unordered = true;
    CHECK_OK(pool, yoke_stream_create(&stream, pool, &options, next_number, NULL));
    for (size_t i = 0; i < ITEMS; i++) {
        CHECK_OK(pool, yoke_stream_next(stream, &result, 60.0));
        wrong += *(float *)result != 2.0f * (float)yoke_stream_index(stream);
    }
    CHECK_OK(pool, yoke_stream_next(stream, &result, 60.0));
    CHECK(wrong == 0 && result == NULL && yoke_stream_has_ended(stream));
    yoke_stream_destroy(stream);

    memset(&options, 0, sizeof options);
    args[0] = yoke_in_stream(sizeof(float));
    args[1] = yoke_out_stream(sizeof(float));
    options.kernel = kernel;
    options.range = yoke_range_1d(WIDTH);
    options.args = args;
    options.arg_count = 2;
    CHECK_OK(pool, yoke_stream_create(&stream, pool, &options, next_row, NULL));
    for (size_t i = 0; i < HEIGHT; i++) {
        CHECK_OK(pool, yoke_stream_next(stream, &result, 60.0));
        wrong += ((float *)result)[WIDTH - 1] != (float)i;
    }
    CHECK(wrong == 0);
    yoke_stream_destroy(stream);
    yoke_stream_destroy(NULL);
    yoke_kernel_destroy(kernel);
}

static void test_graphs(yoke_pool *pool)
{
    yoke_kernel *kernel = new_kernel(pool, "copy_row", copy_row, 0);
    float *a = (float *)yoke_alloc(pool, WIDTH * sizeof(float));
    float *b = (float *)yoke_alloc(pool, WIDTH * sizeof(float));
    yoke_graph_options run;
    yoke_map_options options;
    yoke_graph *graph = NULL;

    memset(&options, 0, sizeof options);
    memset(&run, 0, sizeof run);
    memset(a, 0, WIDTH * sizeof(float));
    a[3] = 7;
    CHECK_OK(pool, yoke_graph_create(&graph, pool));
    options.graph = graph;
    CHECK_OK(pool, yoke_map_with(pool, kernel, yoke_range_1d(WIDTH), &options,
                                 YOKE_ARGS(yoke_in(a, sizeof *a), yoke_out(b, sizeof *b))));
    CHECK_OK(pool, yoke_graph_swap(graph, a, b));
    CHECK_OK(pool, yoke_graph_run(graph, 3));
    run.steps = 2;
    CHECK_OK(pool, yoke_graph_run_with(graph, &run));
    CHECK(yoke_graph_steps(graph) == 5 && a[3] == 7 && b[3] == 7);
    CHECK_OK(pool, yoke_graph_destroy(graph));
    CHECK_OK(pool, yoke_free(a));
    CHECK_OK(pool, yoke_free(b));
    yoke_kernel_destroy(kernel);
}

static void test_status(void)
{
    char version[64];
    int entries = 0;

    snprintf(version, sizeof version, "%d.%d.%d", YOKE_VERSION_MAJOR, YOKE_VERSION_MINOR,
             YOKE_VERSION_PATCH);
    CHECK(strcmp(yoke_version(), version) == 0);
#define ENTRY(name, value, text)                                                         \
    entries += (int)name == (value) && strcmp(yoke_strerror(name), text) == 0;
    YOKE_STATUS_TABLE(ENTRY)
#undef ENTRY
    CHECK(entries > 10);
}

static void test_workers(yoke_pool *pool)
{
    yoke_worker_info workers[64];
    yoke_worker_stats stats[64];
    size_t count = 0;

    CHECK_OK(pool, yoke_pool_workers(pool, workers, 64, &count));
    CHECK(count >= 1);
    CHECK(count > 0 && workers[0].kind == YOKE_WORKER_CPU && workers[0].pid > 0);
    CHECK_OK(pool, yoke_pool_stats(pool, stats, 64, &count));
    CHECK(count >= 2 && strcmp(stats[count - 1].name, "caller") == 0);
    CHECK_OK(pool, yoke_trace_start(pool));
    CHECK_OK(pool, yoke_trace_stop(pool));
    CHECK_OK(pool, yoke_trace_write(pool, "/dev/null"));
}

static int add_up(void *argument, size_t bytes)
{
    const unsigned char *values = (const unsigned char *)argument;
    int sum = 0;

    for (size_t i = 0; i < bytes; i++) {
        sum += values[i];
    }
    return sum;
}

static void test_images(void)
{
    yoke_image picture;

    memset(&picture, 0, sizeof picture);
    picture.width = 3;
    picture.height = 2;
    picture.channels = YOKE_CHANNELS_RGBA;
    picture.type = YOKE_CHANNEL_UNORM8;
    CHECK(yoke_arg_image(yoke_in(NULL, 0), picture).bytes == 12);
    CHECK(yoke_image_pixel_bytes(picture) == 4 && yoke_image_row_pitch(picture) == 12);
    CHECK(yoke_image_slice_pitch(picture) == 24 && yoke_image_bytes(picture) == 24);
    CHECK(yoke_sampler(YOKE_ADDRESSING_CLAMP, YOKE_FILTER_LINEAR, false).kind ==
          YOKE_ARG_SAMPLER);
}

static void test_processes(yoke_pool *pool)
{
    const unsigned char values[] = {1, 20, 100};
    yoke_process_function *function = add_up;
    yoke_process_options options;
    yoke_process *process = NULL;
    int code = 0;

    memset(&options, 0, sizeof options);
    options.name = "add_up";
    options.daemon = true;
    CHECK_OK(pool, yoke_process_start(&process, pool, function, values, sizeof values,
                                      &options));
    CHECK(yoke_process_pid(process) > 0);
    CHECK(strcmp(yoke_process_name(process), "add_up") == 0);
    CHECK(yoke_process_own_name()[0] == '\0');
    CHECK(yoke_process_fd(process) >= 0);
    CHECK_OK(pool, yoke_process_wait(process, NULL, 60.0));
    CHECK(!yoke_process_is_alive(process));
    CHECK(yoke_pool_process_count(pool) == 0);
    CHECK_OK(pool, yoke_process_wait(process, &code, 0));
    CHECK(code == 121);
    CHECK(strcmp(yoke_process_explain(process), "exited with code 121") == 0);
    CHECK_OK(pool, yoke_process_signal(process, 15));
    CHECK_OK(pool, yoke_process_terminate(process));
    CHECK_OK(pool, yoke_process_kill(process));
    yoke_process_destroy(process);
    yoke_process_destroy(NULL);
    CHECK(yoke_null().kind == YOKE_ARG_NULL);
    CHECK(yoke_scalar_from(&code).kind == YOKE_ARG_SCALAR_FROM);
    CHECK(yoke_uses(&process, sizeof process, YOKE_ACCESS_READ).kind == YOKE_ARG_USES);
    CHECK(yoke_arg_between(yoke_in(&process, 1), &code, &code).ends == &code);
    CHECK(yoke_arg_by(yoke_in(&process, 1), NULL, &code).parts_context == &code);
    CHECK(yoke_sum_into(NULL, YOKE_TYPE_FLOAT, 1).kind == YOKE_ARG_SUM);
    CHECK(yoke_min_into(NULL, YOKE_TYPE_FLOAT, 1).kind == YOKE_ARG_MIN);
    CHECK(yoke_first_into(&code, sizeof code).kind == YOKE_ARG_FIRST);
    CHECK(yoke_any_into(&code, sizeof code).kind == YOKE_ARG_ANY);
    CHECK(yoke_arg_copies(yoke_max_into(NULL, YOKE_TYPE_FLOAT, 1), 3).kind == YOKE_ARG_MAX);
    CHECK(yoke_process_start(&process, pool, function, NULL, 3, NULL) == YOKE_EINVAL);
}

static bool at_once(void *context)
{
    return context == NULL;
}

static void test_locks(yoke_pool *pool)
{
    yoke_mutex *lock = NULL;
    const yoke_mutex_options again = {true, {0}};
    yoke_mutex *rlock = NULL;
    yoke_condition *condition = NULL;
    yoke_event *event = NULL;
    yoke_semaphore *semaphore = NULL;
    yoke_barrier *barrier = NULL;
    uint32_t index = 1;
    void *things[1];
    size_t place = 1;
    bool ready = false;
    yoke_wait_options first;

    CHECK_OK(pool, yoke_mutex_create(&lock, pool, NULL));
    CHECK_OK(pool, yoke_condition_create(&condition, pool, NULL));
    CHECK_OK(pool, yoke_mutex_lock(lock, YOKE_FOREVER));
    CHECK(yoke_mutex_is_locked(lock));
    CHECK(yoke_condition_wait(condition, lock, 0) == YOKE_ETIMEDOUT);
    CHECK_OK(pool,
             yoke_condition_wait_for(condition, lock, at_once, NULL, YOKE_FOREVER));
    CHECK_OK(pool, yoke_condition_notify(condition, 1));
    CHECK_OK(pool, yoke_condition_notify_all(condition));
    CHECK_OK(pool, yoke_mutex_unlock(lock));
    CHECK_OK(pool, yoke_condition_destroy(condition));
    CHECK_OK(pool, yoke_mutex_destroy(lock));
    CHECK(yoke_mutex_lock(lock, YOKE_FOREVER) == YOKE_ECLOSED);

    CHECK_OK(pool, yoke_mutex_create(&rlock, pool, &again));
    CHECK_OK(pool, yoke_mutex_lock(rlock, YOKE_FOREVER));
    CHECK_OK(pool, yoke_mutex_unlock(rlock));
    CHECK(yoke_mutex_unlock(rlock) == YOKE_EINVAL);
    CHECK_OK(pool, yoke_mutex_destroy(rlock));

    CHECK_OK(pool, yoke_event_create(&event, pool, NULL));
    CHECK_OK(pool, yoke_event_set(event));
    CHECK(yoke_event_is_set(event));
    CHECK_OK(pool, yoke_event_wait(event, YOKE_FOREVER));
    things[0] = event;
    memset(&first, 0, sizeof first);
    first.ready = &ready;
    CHECK_OK(pool, yoke_wait_any(things, 1, &place, YOKE_FOREVER, &first));
    CHECK(place == 0 && ready);
    CHECK_OK(pool, yoke_event_clear(event));
    CHECK_OK(pool, yoke_event_destroy(event));

    CHECK_OK(pool, yoke_semaphore_create(&semaphore, pool, 1, NULL));
    CHECK_OK(pool, yoke_semaphore_acquire(semaphore, YOKE_FOREVER));
    CHECK_OK(pool, yoke_semaphore_release(semaphore, 2));
    CHECK(yoke_semaphore_count(semaphore) == 2);
    CHECK_OK(pool, yoke_semaphore_destroy(semaphore));

    CHECK_OK(pool, yoke_barrier_create(&barrier, pool, 1, NULL));
    CHECK_OK(pool, yoke_barrier_wait(barrier, &index, YOKE_FOREVER));
    CHECK(index == 0 && yoke_barrier_waiting(barrier) == 0);
    CHECK(yoke_barrier_parties(barrier) == 1 && !yoke_barrier_is_broken(barrier));
    CHECK_OK(pool, yoke_barrier_abort(barrier));
    CHECK(yoke_barrier_is_broken(barrier));
    CHECK(yoke_barrier_wait(barrier, NULL, YOKE_FOREVER) == YOKE_EBROKEN);
    CHECK_OK(pool, yoke_barrier_reset(barrier));
    CHECK_OK(pool, yoke_barrier_destroy(barrier));
}

static void test_messages(yoke_pool *pool)
{
    yoke_queue_options options;
    yoke_pipe_options pipe_options;
    yoke_queue *queue = NULL;
    yoke_pipe *ends[2] = {NULL, NULL};
    int sent = 5, got = 0;
    size_t bytes = sizeof got;

    memset(&options, 0, sizeof options);
    options.track_done = true;
    CHECK_OK(pool, yoke_queue_create(&queue, pool, &options));
    CHECK_OK(pool, yoke_queue_put(queue, &sent, sizeof sent, YOKE_FOREVER));
    CHECK(yoke_queue_count(queue) == 1);
    CHECK_OK(pool, yoke_queue_get(queue, &got, &bytes, YOKE_FOREVER));
    CHECK(got == 5 && bytes == sizeof got);
    CHECK_OK(pool, yoke_queue_mark_done(queue));
    CHECK_OK(pool, yoke_queue_wait(queue, YOKE_FOREVER));
    CHECK_OK(pool, yoke_queue_shutdown(queue));
    CHECK(yoke_queue_put(queue, &sent, sizeof sent, YOKE_FOREVER) == YOKE_ECLOSED);
    CHECK_OK(pool, yoke_queue_abort(queue));
    CHECK_OK(pool, yoke_queue_destroy(queue));

    memset(&pipe_options, 0, sizeof pipe_options);
    pipe_options.simplex = true;
    CHECK_OK(pool, yoke_pipe_create(ends, pool, &pipe_options));
    CHECK_OK(pool, yoke_pipe_send(ends[1], &sent, sizeof sent, YOKE_FOREVER));
    CHECK_OK(pool, yoke_pipe_wait(ends[0], YOKE_FOREVER));
    CHECK_OK(pool, yoke_pipe_recv(ends[0], &got, &bytes, YOKE_FOREVER));
    CHECK_OK(pool, yoke_pipe_shutdown(ends[0]));
    CHECK_OK(pool, yoke_pipe_destroy(ends[0]));
}

static void test_values(yoke_pool *pool)
{
    const double first[2] = {1, 2};
    yoke_array_options options;
    yoke_array *value = NULL;
    yoke_array *array = NULL;
    double got = 0;

    memset(&options, 0, sizeof options);
    options.initial = first;
    CHECK_OK(pool, yoke_array_create(&value, pool, 1, sizeof got,
                                     &options));
    CHECK_OK(pool, yoke_array_lock(value, YOKE_FOREVER));
    CHECK_OK(pool, yoke_array_set(value, 0, &first[1]));
    CHECK_OK(pool, yoke_array_get(value, 0, &got));
    CHECK_OK(pool, yoke_array_unlock(value));
    CHECK(got == 2 && yoke_array_pointer(value) != NULL);
    CHECK_OK(pool, yoke_array_destroy(value));

    CHECK_OK(pool, yoke_array_create(&array, pool, 2, sizeof got,
                                     &options));
    CHECK(yoke_array_count(array) == 2);
    CHECK_OK(pool, yoke_array_lock(array, YOKE_FOREVER));
    CHECK_OK(pool, yoke_array_set(array, 0, &first[1]));
    CHECK_OK(pool, yoke_array_get(array, 0, &got));
    CHECK_OK(pool, yoke_array_unlock(array));
    CHECK(got == 2 && ((double *)yoke_array_pointer(array))[1] == 2);
    CHECK_OK(pool, yoke_array_destroy(array));
}

int main(void)
{
    yoke_pool_options options;
    yoke_pool *pool = NULL;

    test_status();
    CHECK_OK(NULL, yoke_pool_create(&pool, NULL));
    if (pool == NULL) {
        return 1;
    }
    test_workers(pool);
    test_arguments(pool);
    test_shapes(pool);
    test_other_parts(pool);
    test_tiles(pool);
    test_in_place(pool);
    test_scatter(pool, yoke_range_2d(32, 32));
    test_scatter(pool, yoke_range_3d(16, 8, 8));
    test_futures(pool);
    test_reductions(pool);
    test_shm(pool);
    test_failures(pool);
    test_images();
    test_processes(pool);
    test_tasks(pool);
    test_streams(pool);
    test_graphs(pool);
    test_locks(pool);
    test_messages(pool);
    test_values(pool);
    CHECK_OK(NULL, yoke_pool_close(pool));

    memset(&options, 0, sizeof options);
    options.devices = "cpu:1";
    options.wait_ready = true;
    options.start = YOKE_START_SPAWN;
    CHECK_OK(NULL, yoke_pool_create(&pool, &options));
    CHECK(yoke_pool_start_method(pool) == YOKE_START_SPAWN);
    CHECK_OK(NULL, yoke_pool_terminate(pool));
    CHECK_OK(NULL, yoke_pool_close(NULL));
    return failures == 0 ? 0 : 1;
}
