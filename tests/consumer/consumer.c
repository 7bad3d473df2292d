/* SPDX-License-Identifier: MIT */
/* Uses every public call, inline function and macro once, in what C and C++ share. */
#include <yoke/yoke.h>

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
    CHECK_OK(pool,
             yoke_map(pool, kernel, yoke_range_1d(ITEMS), yoke_out(z, sizeof *z),
                      yoke_in(x, sizeof *x), yoke_inout(y, sizeof *y),
                      yoke_in_halo(halo, sizeof *halo, 1),
                      yoke_in_halo_periodic(ring, sizeof *ring, 1),
                      yoke_in_whole(whole, ITEMS * sizeof *whole),
                      yoke_per_group(yoke_out(sums, sizeof *sums)), yoke_scalar(3.0f),
                      yoke_scalar_bytes(&w, sizeof w),
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
    CHECK_OK(pool, yoke_lend(pool, z));
    CHECK_OK(pool, yoke_reclaim(pool, z));
    CHECK_OK(pool, yoke_free(pool, z));
    CHECK_OK(pool, yoke_free(pool, NULL));
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
        yoke_array(matrix, sizeof *matrix, YOKE_ACCESS_READ, YOKE_PARTS_ITEM), HEIGHT,
        WIDTH * sizeof *matrix);
    args[2] = yoke_out(sums, sizeof *sums);
    args[3] = yoke_update(counts, sizeof *counts);
    CHECK_OK(pool, yoke_map_args(NULL, pool, kernel, yoke_range_1d(WIDTH), NULL, args, 4));
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
    CHECK_OK(pool, yoke_map_with(pool, kernel, range, &options,
                                 yoke_out_whole(reversed, ITEMS * sizeof *reversed),
                                 yoke_inout_whole(counts, 8 * sizeof *counts)));
    for (size_t i = 0; i < ITEMS; i++) {
        wrong += reversed[ITEMS - 1 - i] != (float)i;
    }
    for (size_t i = 0; i < 8; i++) {
        wrong += counts[i] != (float)(i % 7) + ITEMS / 8;
    }
    CHECK(wrong == 0);
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
    yoke_status noted = YOKE_EAGAIN;
    yoke_map_options options;

    memset(&options, 0, sizeof options);
    CHECK_OK(pool, yoke_map_async(&first, pool, kernel, yoke_range_1d(ITEMS), NULL,
                                  yoke_inout(x, sizeof *x), yoke_scalar(1.0f)));
    options.after = &first;
    options.after_count = 1;
    CHECK_OK(pool, yoke_map_async(&second, pool, kernel, yoke_range_1d(ITEMS), &options,
                                  yoke_inout(x, sizeof *x), yoke_scalar(1.0f)));
    CHECK_OK(pool, yoke_future_on_done(second, note_done, &noted));
    CHECK_OK(pool, yoke_future_wait(second, 60.0));
    (void)yoke_pool_poll(pool);
    CHECK(noted == YOKE_OK);
    CHECK(yoke_future_done(first) && yoke_future_done(second));
    CHECK(yoke_future_progress(second) >= 1.0);
    CHECK_OK(pool, yoke_future_cancel(second));
    CHECK(strcmp(yoke_future_error(second), "") == 0);
    CHECK(x[3] == 5.0f && x[ITEMS - 1] == (float)((ITEMS - 1) % 7) + 2.0f);
    yoke_future_destroy(first);
    yoke_future_destroy(second);
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
    yoke_kernel_destroy(kernel);
    yoke_kernel_destroy(NULL);
    yoke_future_destroy(NULL);
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
    test_scatter(pool, yoke_range_2d(32, 32));
    test_scatter(pool, yoke_range_3d(16, 8, 8));
    test_futures(pool);
    test_failures(pool);
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
