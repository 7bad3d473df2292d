/* SPDX-License-Identifier: MIT */
/* The code that the guide shows, between "begin NAME" and "end", and what it must do. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* begin initializer */
static double powers[256]; /* each process has its own */

static int fill_powers(const void *argument, size_t bytes)
{
    const double *base = argument;

    if (bytes != sizeof *base) {
        return 1;
    }
    powers[0] = 1;
    for (int i = 1; i < 256; i++) {
        powers[i] = powers[i - 1] * *base;
    }
    return 0;
}

static yoke_status open_with_powers(yoke_pool **pool)
{
    const double base = 1.01;
    const yoke_pool_options options = {.initializer = fill_powers,
                                       .initializer_argument = &base,
                                       .initializer_bytes = sizeof base};

    return yoke_pool_create(pool, &options);
}
/* end */

/* begin keep */
static yoke_status open_with_log(yoke_pool **pool, FILE *log)
{
    const int fd = fileno(log);
    const yoke_pool_options options = {.keep_fds = &fd, .keep_fd_count = 1};

    (void)fflush(log); /* or each process has a copy of what is in its buffer */
    return yoke_pool_create(pool, &options);
}
/* end */

static FILE *kept_log;

static int write_log(yoke_task *task)
{
    return fprintf(kept_log, "item %zu\n", task->index) < 0 || fflush(kept_log) != 0;
}

static void test_keep(void **state)
{
    yoke_pool *pool;
    char text[64] = "";

    (void)state;
    kept_log = tmpfile();
    assert_non_null(kept_log);
    (void)fputs("first\n", kept_log);
    assert_ok_pool(NULL, open_with_log(&pool, kept_log));
    assert_ok_pool(pool, yoke_apply_each(pool, write_log, 1, NULL, NULL, 0));
    assert_ok(yoke_pool_close(pool));
    rewind(kept_log);
    assert_int_equal(fread(text, 1, sizeof text - 1, kept_log), 13);
    assert_string_equal(text, "first\nitem 0\n");
    (void)fclose(kept_log);
}

static int look_up_power(yoke_task *task)
{
    *(double *)task->output = powers[task->index];
    return 0;
}

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
                    yoke_in_halo(in, row, 1, 1, YOKE_EDGE_CLIPPED));
}
/* end */

/* begin ghosts */
/* One step of heat in a volume with a layer of ghost cells all around: n planes of n rows
 * of n cells, from 1 to n in each direction. */
static void heat_planes(const yoke_span *span, void *const args[])
{
    float *to = args[0];
    const float *from = args[1];
    const size_t n = span->range.size[0], row = n + 2, plane = row * row;

    for (size_t z = span->begin; z < span->end; z++) {
        for (size_t y = 1; y <= n; y++) {
            for (size_t x = 1; x <= n; x++) {
                const size_t i = z * plane + y * row + x;

                to[i] = (from[i - plane] + from[i + plane] + from[i - row] +
                         from[i + row] + from[i - 1] + from[i + 1]) /
                        6;
            }
        }
    }
}

static yoke_status heat(yoke_pool *pool, yoke_kernel *kernel, float *to,
                        const float *from, size_t n)
{
    const size_t plane = (n + 2) * (n + 2) * sizeof(float);
    yoke_range inside = yoke_range_3d(n, n, n);

    inside.begin[0] = inside.begin[1] = inside.begin[2] = 1;
    return yoke_map(pool, kernel, inside, yoke_out_some(to, plane),
                    yoke_in_halo(from, plane, 1, 1, YOKE_EDGE_PRESENT));
}
/* end */

/* begin tile */
/* Inverts a tile of `width` by `height` pixels in a picture whose rows are `pitch` bytes. */
static void invert_rows(const yoke_span *span, void *const args[])
{
    unsigned char *tile = args[0];
    const size_t width = span->range.size[0];
    const size_t pitch = *(const size_t *)args[1];

    for (size_t y = span->begin; y < span->end; y++) {
        for (size_t x = 0; x < width; x++) {
            tile[y * pitch + x] = (unsigned char)(255 - tile[y * pitch + x]);
        }
    }
}

static yoke_status invert(yoke_pool *pool, yoke_kernel *kernel, unsigned char *tile,
                          size_t width, size_t height, size_t pitch)
{
    return yoke_map(pool, kernel, yoke_range_2d(width, height),
                    yoke_arg_pitch(yoke_inout(tile, width), pitch), yoke_scalar(pitch));
}
/* end */

/* begin process */
/* What the process gets a copy of: no pointers but such into the pool's memory. */
typedef struct source {
    char path[200];
    char *line;
} source;

static int read_line(void *argument, size_t bytes)
{
    const source *from = argument;
    FILE *file = fopen(from->path, "r");

    (void)bytes;
    return file != NULL && fgets(from->line, 100, file) != NULL ? 0 : 1;
}

/* Reads a line from something that may never answer. */
static yoke_status read_in_time(yoke_pool *pool, const char *path, char *line,
                                int *code)
{
    source from = {.line = line};
    yoke_process *process;
    yoke_status status;

    snprintf(from.path, sizeof from.path, "%s", path);
    status = yoke_process_start(&process, pool, read_line, &from, sizeof from, NULL);
    if (status != YOKE_OK) {
        return status;
    }
    status = yoke_process_wait(process, NULL, 0.5);
    if (status == YOKE_ETIMEDOUT) {
        yoke_process_kill(process);
        status = yoke_process_wait(process, NULL, YOKE_FOREVER);
    }
    if (status == YOKE_OK) {
        status = yoke_process_wait(process, code, 0);
    }
    yoke_process_destroy(process);
    return status;
}
/* end */

/* begin nested_process */
typedef struct attempt {
    yoke_pool *pool;
    double limit; /* seconds */
} attempt;

static int try_it(void *argument, size_t bytes); /* it may hang */

/* A task that gives up what takes too long. */
static int try_in_time(yoke_task *task)
{
    const attempt *self = task->context;
    yoke_process *process;
    int code = 1;

    if (yoke_process_start(&process, self->pool, try_it, &task->index, sizeof task->index,
                           &(yoke_process_options){.daemon = true}) != YOKE_OK) {
        return 1;
    }
    if (yoke_process_wait(process, &code, self->limit) == YOKE_ETIMEDOUT) {
        yoke_process_kill(process);
        yoke_process_wait(process, &code, YOKE_FOREVER);
    }
    yoke_process_destroy(process);
    return code;
}
/* end */

static int try_it(void *argument, size_t bytes)
{
    const size_t index = *(const size_t *)argument;

    (void)bytes;
    while (index == 2) {
        (void)pause();
    }
    return 0;
}

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
                          yoke_arg_per_group(yoke_out(sums, sizeof *sums)),
                          yoke_in(x, sizeof *x), yoke_local(GROUP * sizeof(float)));
    }
    yoke_kernel_destroy(kernel);
    return status;
}
/* end */

/* begin reduce */
static yoke_status print_summary(yoke_pool *pool, const float *x, size_t n)
{
    yoke_reduced sum, greatest;
    yoke_status status = yoke_reduce(
        pool, yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, n), &sum, NULL);

    if (status == YOKE_OK) {
        status = yoke_reduce(
            pool, yoke_reduction_of(YOKE_REDUCE_ARGMAX, YOKE_TYPE_FLOAT, x, n),
            &greatest, NULL);
    }
    if (status == YOKE_OK) {
        printf("sum %g, greatest %g at %llu\n", sum.value.f, greatest.value.f,
               (unsigned long long)greatest.index);
    }
    return status;
}
/* end */

/* begin graph */
/* Steps of a heat equation, from a to b, then from b to a, and so on. */
static yoke_status run_heat(yoke_pool *pool, yoke_kernel *heat, float *a, float *b,
                            size_t cells, size_t steps)
{
    yoke_graph *graph;
    yoke_status status = yoke_graph_create(&graph, pool);

    if (status == YOKE_OK) {
        status = yoke_map_with(
            pool, heat, yoke_range_1d(cells), &(yoke_map_options){.graph = graph},
            YOKE_ARGS(yoke_out(b, sizeof *b),
                      yoke_in_halo(a, sizeof *a, 1, 1, YOKE_EDGE_PERIODIC),
                      yoke_scalar((unsigned)cells)));
    }
    if (status == YOKE_OK) {
        status = yoke_graph_swap(graph, a, b);
    }
    if (status == YOKE_OK) {
        status = yoke_graph_run(graph, steps);
    }
    yoke_graph_destroy(graph);
    return status;
}
/* end */

typedef struct solver {
    yoke_pool *pool;
    yoke_kernel *apply, *find_alpha, *advance, *find_beta, *turn;
    size_t n;
    double *x, *r, *p, *q, *alpha, *beta;
    yoke_reduced *pq, *rr, *new_rr;
} solver;

/* begin gradients */
/* Records an iteration of conjugate gradients. */
static yoke_status record_iteration(const solver *s, yoke_graph *graph)
{
    const yoke_map_options options = {.graph = graph};
    const yoke_reduction pq = yoke_reduction_of_two(YOKE_REDUCE_DOT, YOKE_TYPE_DOUBLE,
                                                    s->p, s->q, s->n);
    const yoke_reduction rr = yoke_reduction_of_two(YOKE_REDUCE_DOT, YOKE_TYPE_DOUBLE,
                                                    s->r, s->r, s->n);
    const yoke_range all = yoke_range_1d(s->n), one = yoke_range_1d(1);
    const yoke_status recorded[] = {
        yoke_map_with(s->pool, s->apply, all, &options, /* q = A p */
                      YOKE_ARGS(yoke_out(s->q, 8),
                                yoke_in_halo(s->p, 8, 1, 1, YOKE_EDGE_PERIODIC),
                                yoke_scalar(s->n))),
        yoke_reduce(s->pool, pq, s->pq, &options),
        yoke_map_with(s->pool, s->find_alpha, one, &options, /* rr / pq */
                      YOKE_ARGS(yoke_out(s->alpha, 8), yoke_in(&s->rr->value.f, 8),
                                yoke_in(&s->pq->value.f, 8))),
        yoke_map_with(s->pool, s->advance, all, &options, /* x += alpha p; r -= alpha q */
                      YOKE_ARGS(yoke_inout(s->x, 8), yoke_inout(s->r, 8),
                                yoke_in(s->p, 8), yoke_in(s->q, 8),
                                yoke_scalar_from(s->alpha))),
        yoke_reduce(s->pool, rr, s->new_rr, &options),
        yoke_map_with(s->pool, s->find_beta, one, &options, /* new_rr / rr; rr = new_rr */
                      YOKE_ARGS(yoke_out(s->beta, 8), yoke_inout(&s->rr->value.f, 8),
                                yoke_in(&s->new_rr->value.f, 8))),
        yoke_map_with(s->pool, s->turn, all, &options, /* p = r + beta p */
                      YOKE_ARGS(yoke_inout(s->p, 8), yoke_in(s->r, 8),
                                yoke_scalar_from(s->beta))),
    };

    for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) {
        if (recorded[i] != YOKE_OK) {
            return recorded[i];
        }
    }
    return YOKE_OK;
}
/* end */

/* begin reduce-map */
typedef struct extent {
    float low, high;
} extent;

static void extent_of_row(const yoke_span *span, void *const args[])
{
    extent *out = args[0];
    const float *in = args[1];
    const size_t width = span->range.size[0];

    for (size_t y = span->begin; y < span->end; y++) {
        out[y] = (extent){in[y * width], in[y * width]};
        for (size_t x = 1; x < width; x++) {
            const float value = in[y * width + x];

            out[y].low = value < out[y].low ? value : out[y].low;
            out[y].high = value > out[y].high ? value : out[y].high;
        }
    }
}

static void join_extents(void *into, const void *from, void *context)
{
    extent *all = into;
    const extent *more = from;

    (void)context;
    all->low = more->low < all->low ? more->low : all->low;
    all->high = more->high > all->high ? more->high : all->high;
}

static yoke_status find_extent(yoke_pool *pool, yoke_kernel *kernel, const float *image,
                               size_t width, size_t height, extent *result)
{
    const yoke_reducer reducer = {.bytes = sizeof(extent), .combine = join_extents};

    return yoke_map_reduce(pool, kernel, yoke_range_2d(width, height), &reducer, result,
                           NULL,
                           YOKE_ARGS(yoke_out_partial(sizeof(extent)),
                                     yoke_in(image, width * sizeof(float))));
}
/* end */

/* begin histogram */
/* How often each brightness occurs in a picture. */
static void count_pixels(const yoke_span *span, void *const args[])
{
    uint32_t *bins = args[0];
    const unsigned char *pixels = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        bins[pixels[i]]++;
    }
}

static const char count_pixels_source[] =
    "__kernel void count_pixels(__global uint *bins, __global const uchar *pixels)\n"
    "{ atomic_inc(&bins[pixels[get_global_id(0)]]); }\n";

static yoke_status count_all_pixels(yoke_pool *pool, yoke_kernel *kernel, uint32_t bins[256],
                                    const unsigned char *pixels, size_t n)
{
    return yoke_map(pool, kernel, yoke_range_1d(n),
                    yoke_sum_into(bins, YOKE_TYPE_UINT32, 256), yoke_in(pixels, 1));
}
/* end */

/* begin search */
/* What a search has found. */
typedef struct hit {
    int32_t index; /* -1: nothing */
    uint32_t key;
} hit;

static uint32_t hash_of(uint32_t key)
{
    key = (key ^ key >> 16) * 0x45d9f3b;
    return key ^ key >> 16;
}

static void find_key(const yoke_span *span, void *const args[])
{
    hit *found = args[0];
    const uint32_t wanted = *(const uint32_t *)args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        if (hash_of((uint32_t)i * 3) == wanted) {
            *found = (hit){(int32_t)i, (uint32_t)i * 3};
            return;
        }
    }
}

static yoke_status find_first_key(yoke_pool *pool, yoke_kernel *kernel, hit *found,
                                  uint32_t wanted, size_t keys)
{
    *found = (hit){.index = -1};
    return yoke_map(pool, kernel, yoke_range_1d(keys), yoke_first_into(found, sizeof *found),
                    yoke_scalar(wanted));
}
/* end */

/* begin images */
/* Each pixel is the mean of the nine around it; the picture goes on at its edges. */
static const char soften_source[] =
    "__kernel void soften(write_only image2d_t to, read_only image2d_t from)\n"
    "{\n"
    "    const sampler_t edge = CLK_NORMALIZED_COORDS_FALSE | CLK_FILTER_NEAREST |\n"
    "                           CLK_ADDRESS_CLAMP_TO_EDGE;\n"
    "    const int2 at = (int2)(get_global_id(0), get_global_id(1));\n"
    "    float4 sum = 0;\n"
    "    for (int y = -1; y <= 1; y++)\n"
    "        for (int x = -1; x <= 1; x++)\n"
    "            sum += read_imagef(from, edge, at + (int2)(x, y));\n"
    "    write_imagef(to, at, sum / 9);\n"
    "}\n";

static yoke_status soften(yoke_pool *pool, yoke_kernel *kernel, unsigned char *to,
                          unsigned char *from, unsigned width, unsigned height)
{
    const yoke_image picture = {.width = width,
                                .height = height,
                                .channels = YOKE_CHANNELS_RGBA,
                                .type = YOKE_CHANNEL_UNORM8};
    const yoke_arg rows = yoke_in_halo(from, 0, 1, 1, YOKE_EDGE_CLIPPED);

    return yoke_map(pool, kernel, yoke_range_2d(width, height),
                    yoke_arg_image(yoke_out(to, 0), picture), yoke_arg_image(rows, picture));
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

/* begin rows */
/* y = A x of a matrix in rows of any length (CSR): row i has the elements begin[i] to
 * begin[i + 1] - 1. */
static void multiply_rows(const yoke_span *span, void *const args[])
{
    double *y = args[0];
    const uint32_t *begin = args[1], *column = args[2];
    const double *value = args[3], *x = args[4];

    for (size_t i = span->begin; i < span->end; i++) {
        y[i] = 0;
        for (uint32_t k = begin[i]; k < begin[i + 1]; k++) {
            y[i] += value[k] * x[column[k]];
        }
    }
}

static yoke_status multiply(yoke_pool *pool, yoke_kernel *kernel, double *y, size_t rows,
                            const uint32_t *begin, const uint32_t *column,
                            const double *value, const double *x, size_t columns)
{
    return yoke_map(pool, kernel, yoke_range_1d(rows), yoke_out(y, sizeof *y),
                    yoke_in_halo(begin, sizeof *begin, 0, 1, YOKE_EDGE_PRESENT),
                    yoke_arg_ragged(yoke_in(column, sizeof *column), begin),
                    yoke_arg_ragged(yoke_in(value, sizeof *value), begin),
                    yoke_in_whole(x, columns * sizeof *x));
}
/* end */

/* begin triangle */
/* The lower triangle of a matrix, packed: row i has i + 1 elements. */
static void packed_row(size_t i, size_t *begin, size_t *end, void *context)
{
    (void)context;
    *begin = i * (i + 1) / 2;
    *end = *begin + i + 1;
}

static void scale_rows(const yoke_span *span, void *const args[])
{
    double *packed = args[0];
    const double *factors = args[1];

    for (size_t i = span->begin; i < span->end; i++) {
        for (size_t k = 0; k <= i; k++) {
            packed[i * (i + 1) / 2 + k] *= factors[i];
        }
    }
}

static yoke_status scale_triangle(yoke_pool *pool, yoke_kernel *kernel, double *packed,
                                  const double *factors, size_t n)
{
    return yoke_map(pool, kernel, yoke_range_1d(n),
                    yoke_arg_by(yoke_inout(packed, sizeof *packed), packed_row, NULL),
                    yoke_in(factors, sizeof *factors));
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
        status = yoke_map_async(
            &last, pool, kernel, yoke_range_2d(width, height), NULL,
            YOKE_ARGS(yoke_out(grids[(step + 1) % 2], row),
                      yoke_in_halo(grids[step % 2], row, 1, 1, YOKE_EDGE_CLIPPED)));
    }
    while (status == YOKE_OK && last != NULL) {
        status = yoke_future_wait(last, 0.1);
        if (status != YOKE_ETIMEDOUT) {
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

/* begin trace */
static yoke_status trace_job(yoke_pool *pool, yoke_kernel *kernel, float *out, float *in,
                             size_t width, size_t height)
{
    yoke_status status = yoke_trace_start(pool);

    if (status == YOKE_OK) {
        status = blur(pool, kernel, out, in, width, height);
    }
    if (status == YOKE_OK) {
        status = yoke_trace_write(pool, "blur.json");
    }
    yoke_trace_stop(pool);
    return status;
}
/* end */

/* begin lend */
/* Many steps on two grids that only the pool touches in the meantime. */
static yoke_status run_lent_steps(yoke_pool *pool, yoke_kernel *kernel, float *grids[2],
                                  size_t width, size_t height, int steps)
{
    yoke_status status = YOKE_OK;

    for (int i = 0; i < 2 && status == YOKE_OK; i++) {
        status = yoke_lend(grids[i]);
    }
    if (status == YOKE_OK) {
        status = run_steps(pool, kernel, grids, width, height, steps);
    }
    for (int i = 0; i < 2; i++) { /* waits for jobs that use them */
        const yoke_status reclaimed = yoke_reclaim(grids[i]);

        status = status == YOKE_OK ? reclaimed : status;
    }
    return status;
}
/* end */

/* begin forget */
/* A simulation that keeps no futures: one answer for all of its steps. */
static bool simulate(yoke_pool *pool, yoke_kernel *kernel, float *state, size_t cells)
{
    for (int step = 0; step < 100; step++) {
        if (yoke_map_async(NULL, pool, kernel, yoke_range_1d(cells), NULL,
                           YOKE_ARGS(yoke_inout(state, sizeof *state))) != YOKE_OK) {
            break; /* yoke_pool_error() says why; the wait reports what was submitted */
        }
    }
    if (yoke_pool_wait(pool, YOKE_FOREVER) != YOKE_OK) {
        fprintf(stderr, "the state is not to be used: %s\n", yoke_pool_error(pool));
        return false;
    }
    return true;
}
/* end */

/* begin aside */
static void print_idle_workers(const yoke_kernel *kernel)
{
    yoke_kernel_worker_info workers[64];
    size_t count = 0;

    if (yoke_kernel_workers(kernel, workers, 64, &count) != YOKE_OK) {
        return;
    }
    for (size_t i = 0; i < count && i < 64; i++) {
        if (workers[i].reason[0] != '\0') {
            printf("%s stood aside: %s\n", workers[i].name, workers[i].reason);
        }
    }
}
/* end */

/* begin shm */
/* Works on an array of floats that another program has put into shared memory. */
static yoke_status map_shared(yoke_pool *pool, yoke_kernel *kernel, const char *name)
{
    yoke_shm *shm;
    yoke_status status = yoke_shm_open(&shm, pool, name, NULL);

    if (status == YOKE_OK) {
        float *x = yoke_shm_pointer(shm);
        const size_t count = yoke_shm_bytes(shm) / sizeof *x;

        status = yoke_map(pool, kernel, yoke_range_1d(count), yoke_inout(x, sizeof *x));
        yoke_shm_close(shm);
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

    return yoke_map_with(
        pool, kernel, yoke_range_2d(width, height), &options,
        YOKE_ARGS(yoke_out(out, row), yoke_in_halo(in, row, 1, 1, YOKE_EDGE_CLIPPED)));
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

/* begin items */
static int norm(yoke_task *task)
{
    const float *v = task->input;
    float *length = task->output;

    if (v[0] != v[0]) {
        return yoke_task_fail(task, 22, "vector %zu is no vector", task->index);
    }
    *length = __builtin_sqrtf(v[0] * v[0] + v[1] * v[1]);
    return 0;
}

static yoke_status norms(yoke_pool *pool, float *lengths, const float *vectors, size_t n)
{
    return yoke_apply_each(pool, norm, n, NULL,
                           YOKE_ARGS(yoke_in(vectors, 2 * sizeof *vectors),
                                     yoke_out(lengths, sizeof *lengths)));
}
/* end */

/* begin starmap */
static int scale(yoke_task *task)
{
    float *v = task->args[0];
    const float by = *(const float *)task->args[1];

    *v *= by * *(const float *)task->args[2];
    return 0;
}

static yoke_status scale_all(yoke_pool *pool, float *values, const float *by, size_t n)
{
    const yoke_arg args[] = {yoke_inout(values, sizeof *values), yoke_in(by, sizeof *by),
                             yoke_scalar(2.0f)};

    return yoke_apply_each(pool, scale, n, NULL, args, 3);
}
/* end */

typedef struct shot {
    unsigned number;
} shot;

typedef struct rendering {
    unsigned pixel;
} rendering;

/* begin keep-going */
/* Renders what can be rendered, and lists the shots that could not. */
static size_t render_all(yoke_pool *pool, yoke_task_function *render, const shot *shots,
                         rendering *results, size_t n)
{
    yoke_status *status = calloc(n, sizeof *status);
    const yoke_task_options options = {.on_failure = YOKE_ON_FAILURE_KEEP,
                                       .item_status = status,
                                       .item_timeout = 30};
    size_t failed = 0;

    if (status == NULL ||
        yoke_apply_each(pool, render, n, &options,
                        YOKE_ARGS(yoke_in(shots, sizeof *shots),
                                  yoke_out(results, sizeof *results))) != YOKE_OK) {
        fprintf(stderr, "%s\n", status != NULL ? yoke_pool_error(pool) : "no memory");
    }
    for (size_t i = 0; status != NULL && i < n; i++) {
        if (status[i] != YOKE_OK) {
            fprintf(stderr, "shot %zu: %s\n", i, yoke_strerror(status[i]));
            failed++;
        }
    }
    free(status);
    return failed;
}
/* end */

/* begin apply */
/* The positions of a letter in a text: nobody knows before how many there are. */
static int find_letter(yoke_task *task)
{
    const char *text = task->input;
    const char letter = *(const char *)task->context;
    size_t count = 0;

    for (size_t i = 0; i < task->input_bytes; i++) {
        if (text[i] == letter) {
            size_t *places = yoke_task_output(task, (count + 1) * sizeof *places);

            if (places == NULL) {
                return yoke_task_fail(task, 1, "no room for place %zu", count);
            }
            places[count++] = i;
        }
    }
    return 0;
}

static yoke_status print_places(yoke_pool *pool, const char *text, char letter)
{
    const yoke_task_options options = {.context = &letter, .context_bytes = 1};
    void *places = NULL;
    size_t bytes = 0;
    const yoke_status status = yoke_apply(pool, find_letter, text, strlen(text), &places,
                                          &bytes, &options);

    for (size_t i = 0; i < bytes / sizeof(size_t); i++) {
        printf("%zu\n", ((const size_t *)places)[i]);
    }
    return status == YOKE_OK ? yoke_free(places) : status;
}
/* end */

/* begin loop */
/* Waits for the pool and for a descriptor of the program's own. */
static bool wait_for_either(yoke_pool *pool, int other)
{
    struct pollfd events[] = {{.fd = yoke_pool_fd(pool), .events = POLLIN},
                              {.fd = other, .events = POLLIN}};

    if (poll(events, 2, -1) > 0 && events[0].revents != 0) {
        yoke_pool_poll(pool); /* calls on_success and on_error of what has ended */
    }
    return events[1].revents != 0;
}
/* end */

/* begin stream */
/* Numbers from a file, one after the other; only a window of them is in memory. */
static int read_vector(void *item, size_t index, void *context)
{
    float *v = item;
    const int got = fscanf(context, "%f %f", &v[0], &v[1]);

    (void)index;
    return got == 2 ? 1 : got == EOF ? 0 : -1;
}

static yoke_status add_norms(yoke_pool *pool, FILE *file, double *sum)
{
    const yoke_stream_options options = {
        .function = norm, .input_bytes = 2 * sizeof(float), .output_bytes = sizeof(float)};
    yoke_stream *stream;
    void *length = NULL;
    yoke_status status = yoke_stream_create(&stream, pool, &options, read_vector, file);

    *sum = 0;
    while (status == YOKE_OK) {
        status = yoke_stream_next(stream, &length, YOKE_FOREVER);
        if (length == NULL) {
            break; /* an error, or the end */
        }
        *sum += *(const float *)length;
    }
    yoke_stream_destroy(stream);
    return status;
}
/* end */

/* begin film */
/* Each frame is blurred by all devices together; two exist at a time. */
static yoke_status open_film(yoke_stream **film, yoke_pool *pool, yoke_kernel *kernel,
                             size_t width, size_t height, yoke_stream_source *camera)
{
    const size_t row = width * sizeof(float);
    const yoke_arg args[] = {yoke_out_stream(row),
                             yoke_in_halo(NULL, row, 1, 1, YOKE_EDGE_CLIPPED)};

    return yoke_stream_create(
        film, pool,
        &(yoke_stream_options){.kernel = kernel,
                               .range = yoke_range_2d(width, height),
                               .args = args,
                               .arg_count = 2,
                               .window = 2},
        camera, NULL);
}
/* end */

/* ---- what they must do ---- */

enum { WIDTH = 40, HEIGHT = 300, CELLS = WIDTH * HEIGHT };

/* begin shared */
/* What the producer below puts into the queue. */
typedef struct found {
    size_t item;
    float value;
} found;

/* Reports items that are too large, as it goes, and counts them. */
static void find_large(const yoke_span *span, void *const args[])
{
    const float *x = args[0];
    yoke_queue *queue = *(yoke_queue *const *)args[1];
    yoke_array *total = *(yoke_array *const *)args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        const found large = {i, x[i]};
        uint64_t count;

        if (x[i] <= 100) {
            continue;
        }
        if (yoke_queue_put(queue, &large, sizeof large, YOKE_FOREVER) != YOKE_OK ||
            yoke_array_lock(total, YOKE_FOREVER) != YOKE_OK) {
            yoke_span_fail(span, 1, "nobody listens");
            return;
        }
        (void)yoke_array_get(total, 0, &count);
        count++;
        (void)yoke_array_set(total, 0, &count);
        (void)yoke_array_unlock(total);
    }
}

/* Prints what is found while the job runs. */
static yoke_status print_large(yoke_pool *pool, yoke_kernel *kernel, const float *x,
                               size_t n, uint64_t *total)
{
    yoke_queue *queue = NULL;
    yoke_array *value = NULL;
    yoke_future *future = NULL;
    bool has_ended = false;
    found large;
    yoke_status status = yoke_queue_create(
        &queue, pool, &(yoke_queue_options){.item_bytes = sizeof large});

    if (status == YOKE_OK) {
        status = yoke_array_create(&value, pool, 1, sizeof *total, NULL);
    }
    if (status == YOKE_OK) {
        status = yoke_map_async(
            &future, pool, kernel, yoke_range_1d(n), NULL,
            YOKE_ARGS(yoke_in(x, sizeof *x), yoke_scalar(queue), yoke_scalar(value)));
    }
    while (status == YOKE_OK && !has_ended) {
        void *const things[] = {queue, future};
        size_t first = 0;

        status = yoke_wait_any(things, 2, &first, YOKE_FOREVER, NULL);
        has_ended = first == 1;
        while (yoke_queue_get(queue, &large, NULL, 0) == YOKE_OK) {
            printf("item %zu: %g\n", large.item, (double)large.value);
        }
    }
    if (future != NULL) {
        status = yoke_future_wait(future, YOKE_FOREVER);
    }
    if (status == YOKE_OK) {
        status = yoke_array_get(value, 0, total);
    }
    yoke_future_destroy(future);
    (void)yoke_array_destroy(value);
    (void)yoke_queue_destroy(queue);
    return status;
}
/* end */

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

static void test_initializer(void **state)
{
    yoke_pool *other;
    double *result;

    (void)state;
    assert_ok_pool(NULL, open_with_powers(&other));
    result = yoke_alloc(other, 256 * sizeof *result);
    assert_non_null(result);
    assert_ok_pool(other, yoke_apply_each(other, look_up_power, 256, NULL,
                                          YOKE_ARGS(yoke_out(result, sizeof *result))));
    assert_true(result[0] == 1 && result[1] == 1.01 && result[255] > 12.6);
    assert_ok(yoke_pool_close(other));
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
    memset(out, 0, sizeof expected);
    assert_ok_pool(pool, trace_job(pool, kernel, out, in, WIDTH, HEIGHT));
    assert_memory_equal(out, expected, sizeof expected);
    assert_int_equal(unlink("blur.json"), 0);
    yoke_kernel_destroy(kernel);
}

static void ghosts_are_read(void **state)
{
    enum { N = 20, ROW = N + 2, PLANE = ROW * ROW };
    yoke_kernel *kernel = native_kernel("heat", heat_planes);
    const size_t bytes = ROW * PLANE * sizeof(float);
    float *from = yoke_alloc(pool, bytes);
    float *to = yoke_alloc(pool, bytes);
    static float expected[ROW * PLANE];
    const yoke_span inside = {
        .begin = 1, .end = N + 1, .split = 2, .range = yoke_range_3d(N, N, N)};
    void *const args[] = {expected, from};

    (void)state;
    for (size_t i = 0; i < ROW * PLANE; i++) {
        from[i] = (float)(i % 17);
        to[i] = expected[i] = -1;
    }
    heat_planes(&inside, args);
    assert_ok_pool(pool, heat(pool, kernel, to, from, N));
    assert_memory_equal(to, expected, bytes);
    yoke_kernel_destroy(kernel);
}

static void tile_is_inverted(void **state)
{
    enum { PITCH = 100, ROWS = 40 };
    yoke_kernel *kernel = native_kernel("invert", invert_rows);
    unsigned char *picture = yoke_alloc(pool, PITCH * ROWS);

    (void)state;
    memset(picture, 50, PITCH * ROWS);
    assert_ok_pool(pool,
                   invert(pool, kernel, picture + 10 * PITCH + 70, 30, 30, PITCH));
    for (size_t i = 0; i < PITCH * ROWS; i++) {
        const bool inside = i / PITCH >= 10 && i % PITCH >= 70;

        assert_int_equal(picture[i], inside ? 205 : 50);
    }
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

static void add_one(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((float *)args[0])[i] += 1;
    }
}

static void report_failure(const yoke_span *span, void *const args[])
{
    (void)args;
    yoke_span_fail(span, 1, "the state is not finite");
}

static void steps_are_forgotten(void **state)
{
    yoke_kernel *good = native_kernel("step", add_one);
    yoke_kernel *bad = native_kernel("diverge", report_failure);
    float *cells = grid();

    (void)state;
    memset(cells, 0, CELLS * sizeof *cells);
    assert_true(simulate(pool, good, cells, CELLS));
    print_idle_workers(good);
    assert_true(cells[0] == 100 && cells[CELLS - 1] == 100);
    assert_false(simulate(pool, bad, cells, CELLS));
    assert_contains(yoke_pool_error(pool), "not finite");
    yoke_kernel_destroy(good);
    yoke_kernel_destroy(bad);
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

/* Row i has i elements, all 2; x is 0, 1, 2 ... */
static void sparse_rows_are_multiplied(void **state)
{
    enum { N = 50, COUNT = N * (N - 1) / 2 };
    yoke_kernel *kernel = native_kernel("rows", multiply_rows);
    uint32_t *begin = yoke_alloc(pool, (N + 1) * sizeof *begin);
    uint32_t *column = yoke_alloc(pool, COUNT * sizeof *column);
    double *value = yoke_alloc(pool, COUNT * sizeof *value);
    double *vectors = yoke_alloc(pool, 2 * N * sizeof *vectors);

    (void)state;
    for (uint32_t i = 0, k = 0; i < N; i++) {
        vectors[i] = i;
        for (uint32_t c = 0; c < i; c++, k++) {
            column[k] = c;
            value[k] = 2;
        }
        begin[i + 1] = k;
    }
    assert_ok_pool(pool, multiply(pool, kernel, vectors + N, N, begin, column, value,
                                  vectors, N));
    for (int i = 0; i < N; i++) {
        assert_true(vectors[N + i] == (double)i * (i - 1));
    }
    yoke_kernel_destroy(kernel);
}

static void triangle_is_scaled(void **state)
{
    enum { N = 40 };
    yoke_kernel *kernel = native_kernel("scale_rows", scale_rows);
    double *packed = yoke_alloc(pool, (N * (N + 1) / 2 + N) * sizeof *packed);
    double *factors = packed + N * (N + 1) / 2;

    (void)state;
    assert_non_null(packed);
    for (size_t k = 0; k < N * (N + 1) / 2; k++) {
        packed[k] = 2;
    }
    for (size_t i = 0; i < N; i++) {
        factors[i] = (double)i;
    }
    assert_ok_pool(pool, scale_triangle(pool, kernel, packed, factors, N));
    for (size_t i = 0; i < N; i++) {
        assert_true(packed[i * (i + 1) / 2] == 2 * (double)i);
        assert_true(packed[i * (i + 1) / 2 + i] == 2 * (double)i);
    }
    assert_ok(yoke_free(packed));
    assert_ok(yoke_kernel_destroy(kernel));
}

/* One white pixel in a black picture becomes nine of a ninth. */
static void pictures_are_softened(void **state)
{
    const yoke_kernel_options options = {.name = "soften", .source = soften_source};
    yoke_kernel *kernel = NULL;
    unsigned char *from = yoke_alloc(pool, WIDTH * HEIGHT * 4);
    unsigned char *to = yoke_alloc(pool, WIDTH * HEIGHT * 4);
    const yoke_status status = yoke_kernel_create(&kernel, pool, &options);

    (void)state;
    if (status == YOKE_ENODEVICE) {
        skip(); /* PoCL is not installed */
    }
    assert_ok_pool(pool, status);
    memset(from + (2 * WIDTH + 3) * 4, 255, 4);
    assert_ok_pool(pool, soften(pool, kernel, to, from, WIDTH, HEIGHT));
    for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++) {
        const bool is_near = i % WIDTH >= 2 && i % WIDTH <= 4 && i / WIDTH >= 1 && i / WIDTH <= 3;

        assert_int_equal(to[i * 4], is_near ? 28 : 0);
    }
    yoke_kernel_destroy(kernel);
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

static void arrays_are_reduced(void **state)
{
    yoke_kernel *kernel = native_kernel("extent", extent_of_row);
    float *image = grid();
    extent span = {0, 0};

    (void)state;
    image[11] = -2;
    image[CELLS - 1] = 4711;
    assert_ok_pool(pool, print_summary(pool, image, CELLS));
    assert_ok_pool(pool, find_extent(pool, kernel, image, WIDTH, HEIGHT, &span));
    assert_true(span.low == -2 && span.high == 4711);
    yoke_kernel_destroy(kernel);
}

static void pixels_are_counted(void **state)
{
    const yoke_kernel_options options = {
        .name = "count_pixels", .native = count_pixels, .source = count_pixels_source};
    unsigned char *pixels = yoke_alloc(pool, CELLS);
    uint32_t *bins = yoke_alloc(pool, 256 * sizeof *bins);
    yoke_kernel *kernel = NULL;

    (void)state;
    for (size_t i = 0; i < CELLS; i++) {
        pixels[i] = (unsigned char)(i % 100);
    }
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    assert_ok_pool(pool, count_all_pixels(pool, kernel, bins, pixels, CELLS));
    for (size_t b = 0; b < 256; b++) {
        assert_int_equal(bins[b], b < 100 ? CELLS / 100 : 0);
    }
    yoke_kernel_destroy(kernel);
}

static void key_is_found(void **state)
{
    yoke_kernel *kernel = native_kernel("find_key", find_key);
    hit *first = yoke_alloc(pool, sizeof *first);

    (void)state;
    assert_non_null(first);
    assert_ok_pool(pool, find_first_key(pool, kernel, first, hash_of(3 * 777), CELLS));
    assert_int_equal(first->index, 777);
    assert_int_equal(first->key, 3 * 777);
    assert_ok_pool(pool, find_first_key(pool, kernel, first, hash_of(1), CELLS));
    assert_int_equal(first->index, -1);
    assert_ok(yoke_free(first));
    assert_ok(yoke_kernel_destroy(kernel));
}

static void roots(const yoke_span *span, void *const args[])
{
    float *x = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        x[i] = __builtin_sqrtf(x[i]);
    }
}

static void shared_memory_is_used_in_place(void **state)
{
    yoke_kernel *kernel = native_kernel("roots", roots);
    yoke_shm *shm = NULL;
    float *x;

    (void)state;
    assert_ok_pool(pool, yoke_shm_create(&shm, pool, NULL, CELLS * sizeof *x, NULL));
    x = yoke_shm_pointer(shm);
    for (size_t i = 0; i < CELLS; i++) {
        x[i] = (float)(i % 100) * (float)(i % 100);
    }
    assert_ok_pool(pool, map_shared(pool, kernel, yoke_shm_name(shm)));
    assert_ok_pool(pool, yoke_shm_unlink(yoke_shm_name(shm)));
    for (size_t i = 0; i < CELLS; i++) {
        assert_true(x[i] == (float)(i % 100));
    }
    assert_ok_pool(pool, yoke_shm_close(shm));
    yoke_kernel_destroy(kernel);
}

static void large_items_are_reported(void **state)
{
    yoke_kernel *kernel = native_kernel("large", find_large);
    float *x = grid();
    uint64_t total = 0;

    (void)state;
    for (size_t i = 0; i < CELLS; i++) {
        x[i] = i % 97 == 5 ? 200 : 1;
    }
    assert_ok_pool(pool, print_large(pool, kernel, x, CELLS, &total));
    assert_int_equal(total, (CELLS - 5 + 96) / 97);
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

static void tasks_give_up_in_time(void **state)
{
    const attempt self = {pool, 0.5};

    (void)state;
    assert_status_pool(pool, yoke_apply_each(pool, try_in_time, 3,
                                             &(yoke_task_options){.context = &self,
                                                                  .context_bytes = sizeof self},
                                             NULL, 0),
                       YOKE_EKERNEL);
    assert_contains(yoke_pool_error(pool), "-9");
}

static void line_is_read_in_time(void **state)
{
    static const char fifo[] = "/tmp/yoke-guide-fifo";
    char *line = yoke_alloc(pool, 100);
    int code = 77;

    (void)state;
    assert_non_null(line);
    assert_ok_pool(pool, read_in_time(pool, "/proc/version", line, &code));
    assert_int_equal(code, 0);
    assert_contains(line, "Linux");
    assert_ok_pool(pool, read_in_time(pool, "/nowhere", line, &code));
    assert_int_equal(code, 1);
    (void)unlink(fifo);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_ok_pool(pool, read_in_time(pool, fifo, line, &code));
    assert_int_equal(code, -SIGKILL);
    (void)unlink(fifo);
}

static int render_shot(yoke_task *task)
{
    const shot *this_one = task->input;

    if (this_one->number == 1) {
        abort();
    }
    ((rendering *)task->output)->pixel = this_one->number + 10;
    return this_one->number == 2 ? yoke_task_fail(task, 1, "no light") : 0;
}

static void tasks_are_called(void **state)
{
    enum { N = 1000 };
    shot shots[4];
    rendering rendered[4] = {{0}, {0}, {0}, {0}};
    static float vectors[2 * N];
    static float lengths[N];
    static float by[N];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        vectors[2 * i] = 3.0f * (float)i;
        vectors[2 * i + 1] = 4.0f * (float)i;
        by[i] = (float)(i % 3);
    }
    assert_ok_pool(pool, norms(pool, lengths, vectors, N));
    assert_true(lengths[10] == 50 && lengths[N - 1] == 5 * (N - 1));
    assert_ok_pool(pool, scale_all(pool, lengths, by, N));
    assert_true(lengths[10] == 100 && lengths[11] == 220 && lengths[12] == 0);
    vectors[14] = __builtin_nanf("");
    assert_status(norms(pool, lengths, vectors, N), YOKE_EKERNEL);
    assert_contains(yoke_pool_error(pool), "item 7: code 22: vector 7 is no vector");
    for (unsigned i = 0; i < 4; i++) {
        shots[i].number = i;
    }
    assert_int_equal(render_all(pool, render_shot, shots, rendered, 4), 2);
    assert_int_equal(rendered[0].pixel, 10);
    assert_int_equal(rendered[1].pixel, 0);
    assert_int_equal(rendered[3].pixel, 13);
    assert_ok_pool(pool, print_places(pool, "banana", 'a'));
    assert_ok_pool(pool, print_places(pool, "kiwi", 'a'));
}

static void count_call(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    *(int *)context += status == YOKE_OK;
}

static void loop_waits_for_both(void **state)
{
    int ends[2];
    int calls = 0;
    const char letter = 'a';
    const yoke_task_options options = {.on_success = count_call,
                                       .on_context = &calls,
                                       .context = &letter,
                                       .context_bytes = 1};

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_ok_pool(pool, yoke_apply_async(NULL, pool, find_letter, "lava", 4, &options));
    while (calls == 0) {
        assert_false(wait_for_either(pool, ends[0]));
    }
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_true(wait_for_either(pool, ends[0]));
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static int film_frame(void *item, size_t index, void *context)
{
    (void)context;
    for (size_t i = 0; i < CELLS; i++) {
        ((float *)item)[i] = (float)((i + index) % 64);
    }
    return index < 20;
}

static void streams_flow(void **state)
{
    yoke_kernel *kernel = native_kernel("blur", blur_rows);
    yoke_stream *film = NULL;
    FILE *file = tmpfile();
    static float frame[CELLS];
    static float expected[CELLS];
    void *result = NULL;
    double sum = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        fprintf(file, "%d %d\n", 3 * (i % 10), 4 * (i % 10));
    }
    rewind(file);
    assert_ok_pool(pool, add_norms(pool, file, &sum));
    assert_true(sum == 5 * 45 * 100);
    fprintf(file, "1 two");
    rewind(file);
    assert_status(add_norms(pool, file, &sum), YOKE_EKERNEL);
    fclose(file);

    assert_ok_pool(pool, open_film(&film, pool, kernel, WIDTH, HEIGHT, film_frame));
    for (size_t i = 0; i < 20; i++) {
        (void)film_frame(frame, i, NULL);
        blur_here(expected, frame);
        assert_ok_pool(pool, yoke_stream_next(film, &result, 60));
        assert_memory_equal(result, expected, sizeof expected);
    }
    assert_ok_pool(pool, yoke_stream_next(film, &result, 60));
    assert_null(result);
    yoke_stream_destroy(film);
    yoke_kernel_destroy(kernel);
}

static void heat_step(const yoke_span *span, void *const args[])
{
    float *b = args[0];
    const float *a = args[1];
    const unsigned n = *(const unsigned *)args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        b[i] = a[i] + 0.25f * (a[(i + n - 1) % n] - 2 * a[i] + a[(i + 1) % n]);
    }
}

static void heat_flows(void **state)
{
    float *a = yoke_alloc(pool, CELLS * sizeof *a);
    float *b = yoke_alloc(pool, CELLS * sizeof *b);
    float *expected[2] = {calloc(CELLS, sizeof *a), calloc(CELLS, sizeof *a)};
    yoke_kernel *kernel = NULL;
    unsigned n = CELLS;

    (void)state;
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool,
                                            &(yoke_kernel_options){.name = "heat",
                                                                   .native = heat_step}));
    for (size_t i = 0; i < CELLS; i++) {
        a[i] = expected[0][i] = (float)(i % 17);
    }
    assert_ok_pool(pool, run_heat(pool, kernel, a, b, CELLS, 21));
    for (int step = 0; step < 21; step++) {
        heat_step(&(yoke_span){.end = CELLS},
                  (void *[]){expected[1 - step % 2], expected[step % 2], &n});
    }
    assert_memory_equal(b, expected[1], CELLS * sizeof *b);
    free(expected[0]);
    free(expected[1]);
    yoke_kernel_destroy(kernel);
    assert_ok(yoke_free(a));
    assert_ok(yoke_free(b));
}

static void apply_kernel(const yoke_span *span, void *const args[])
{
    double *q = args[0];
    const double *p = args[1];
    const size_t n = *(const size_t *)args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        q[i] = 3 * p[i] - p[(i + n - 1) % n] - p[(i + 1) % n];
    }
}

static void alpha_kernel(const yoke_span *span, void *const args[])
{
    (void)span;
    *(double *)args[0] = *(const double *)args[1] / *(const double *)args[2];
}

static void advance_kernel(const yoke_span *span, void *const args[])
{
    double *x = args[0], *r = args[1];
    const double *p = args[2], *q = args[3];
    const double alpha = *(const double *)args[4];

    for (size_t i = span->begin; i < span->end; i++) {
        x[i] += alpha * p[i];
        r[i] -= alpha * q[i];
    }
}

static void beta_kernel(const yoke_span *span, void *const args[])
{
    double *rr = args[1];

    (void)span;
    *(double *)args[0] = *(const double *)args[2] / *rr;
    *rr = *(const double *)args[2];
}

static void turn_kernel(const yoke_span *span, void *const args[])
{
    double *p = args[0];
    const double *r = args[1];
    const double beta = *(const double *)args[2];

    for (size_t i = span->begin; i < span->end; i++) {
        p[i] = r[i] + beta * p[i];
    }
}

static void solver_init(solver *s)
{
    double **const vectors[] = {&s->x, &s->r, &s->p, &s->q, &s->alpha, &s->beta};
    yoke_reduced **const sums[] = {&s->pq, &s->rr, &s->new_rr};

    s->pool = pool;
    s->n = CELLS;
    s->apply = native_kernel("apply", apply_kernel);
    s->find_alpha = native_kernel("find_alpha", alpha_kernel);
    s->advance = native_kernel("advance", advance_kernel);
    s->find_beta = native_kernel("find_beta", beta_kernel);
    s->turn = native_kernel("turn", turn_kernel);
    for (size_t i = 0; i < 6; i++) {
        *vectors[i] = yoke_alloc(pool, s->n * sizeof(double));
        memset(*vectors[i], 0, s->n * sizeof(double));
    }
    for (size_t i = 0; i < 3; i++) {
        *sums[i] = yoke_alloc(pool, sizeof **sums[i]);
        (*sums[i])->value.f = 0;
    }
    for (size_t i = 0; i < s->n; i++) {
        s->r[i] = s->p[i] = (double)(i % 13);
        s->rr->value.f += s->r[i] * s->r[i];
    }
}

static void solver_fini(solver *s)
{
    double *const vectors[] = {s->x, s->r, s->p, s->q, s->alpha, s->beta};
    yoke_reduced *const sums[] = {s->pq, s->rr, s->new_rr};
    yoke_kernel *const kernels[] = {s->apply, s->find_alpha, s->advance, s->find_beta, s->turn};

    for (size_t i = 0; i < 6; i++) {
        assert_ok(yoke_free(vectors[i]));
    }
    for (size_t i = 0; i < 3; i++) {
        assert_ok(yoke_free(sums[i]));
    }
    for (size_t i = 0; i < 5; i++) {
        yoke_kernel_destroy(kernels[i]);
    }
}

static void equations_are_solved(void **state)
{
    solver s;
    yoke_graph *graph = NULL;
    yoke_graph_options options = {.steps = 500, .tolerance = 1e-12, .every = 4};

    (void)state;
    solver_init(&s);
    options.value = &s.rr->value.f;
    assert_ok_pool(s.pool, yoke_graph_create(&graph, s.pool));
    assert_ok_pool(s.pool, record_iteration(&s, graph));
    assert_ok_pool(s.pool, yoke_graph_run_with(graph, &options));
    assert_true(yoke_graph_steps(graph) < 500);
    for (size_t i = 0; i < s.n; i++) {
        const double b = 3 * s.x[i] - s.x[(i + s.n - 1) % s.n] - s.x[(i + 1) % s.n];

        assert_true(b - (double)(i % 13) < 1e-5 && b - (double)(i % 13) > -1e-5);
    }
    assert_ok_pool(s.pool, yoke_graph_destroy(graph));
    solver_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_initializer),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(workers_are_printed),
        cmocka_unit_test(blur_is_that_of_one_process),
        cmocka_unit_test(ghosts_are_read),
        cmocka_unit_test(tile_is_inverted),
        cmocka_unit_test(steps_follow_each_other),
        cmocka_unit_test(steps_are_forgotten),
        cmocka_unit_test(groups_are_summed),
        cmocka_unit_test(triangle_is_scaled),
        cmocka_unit_test(pictures_are_softened),
        cmocka_unit_test(columns_are_summed),
        cmocka_unit_test(sparse_rows_are_multiplied),
        cmocka_unit_test(arrays_are_reduced),
        cmocka_unit_test(heat_flows),
        cmocka_unit_test(equations_are_solved),
        cmocka_unit_test(pixels_are_counted),
        cmocka_unit_test(key_is_found),
        cmocka_unit_test(shared_memory_is_used_in_place),
        cmocka_unit_test(failure_is_explained),
        cmocka_unit_test(line_is_read_in_time),
        cmocka_unit_test(tasks_give_up_in_time),
        cmocka_unit_test(tasks_are_called),
        cmocka_unit_test(loop_waits_for_both),
        cmocka_unit_test(streams_flow),
        cmocka_unit_test(large_items_are_reported),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
