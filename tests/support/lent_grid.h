/* SPDX-License-Identifier: MIT */
/* Two lent grids that take turns in a time loop, beside a serial computation. */
#ifndef LENT_GRID_H
#define LENT_GRID_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/yoke_test.h"
#include "yoke/yoke.h"

/* A row is 4 KiB: whole blocks of whatever remembers what devices have. */
enum { GRID_WIDTH = 1024, GRID_ROW = GRID_WIDTH * sizeof(uint32_t) };

typedef struct lent_grid {
    yoke_pool *pool;
    yoke_kernel *kernel;
    size_t rows;
    uint32_t *grids[2];
    uint32_t *wanted[2];
    int steps; /* submitted so far */
} lent_grid;

static const char grid_source[] =
    "__kernel void grid_step(__global uint *out, __global const uint *in, uint rows)\n"
    "{ uint x = get_global_id(0), y = get_global_id(1), w = get_global_size(0);\n"
    "  uint up = y > 0 ? y - 1 : 0, down = y + 1 < rows ? y + 1 : y;\n"
    "  out[y * w + x] = in[y * w + x] * 3u + in[up * w + x] - (in[down * w + x] >> 2); }\n";

static inline void grid_rows(uint32_t *out, const uint32_t *in, size_t rows,
                             size_t begin, size_t end)
{
    for (size_t y = begin; y < end; y++) {
        const size_t up = y > 0 ? y - 1 : 0;
        const size_t down = y + 1 < rows ? y + 1 : y;

        for (size_t x = 0; x < GRID_WIDTH; x++) {
            out[y * GRID_WIDTH + x] = in[y * GRID_WIDTH + x] * 3 +
                                      in[up * GRID_WIDTH + x] -
                                      (in[down * GRID_WIDTH + x] >> 2);
        }
    }
}

static inline void grid_native(const yoke_span *span, void *const args[])
{
    grid_rows(args[0], args[1], *(const uint32_t *)args[2], span->begin, span->end);
}

static inline void grid_fill(lent_grid *g, uint32_t seed)
{
    for (size_t i = 0; i < g->rows * GRID_WIDTH; i++) {
        g->wanted[0][i] = (uint32_t)i * 2654435761U + seed;
    }
    memcpy(g->grids[0], g->wanted[0], g->rows * GRID_ROW);
    g->steps = 0;
}

static inline void grid_lend(lent_grid *g)
{
    for (int k = 0; k < 2; k++) {
        assert_ok_pool(g->pool, yoke_lend(g->grids[k]));
    }
}

static inline void grid_init(lent_grid *g, yoke_pool *pool, size_t rows, bool lend)
{
    *g = (lent_grid){.pool = pool, .rows = rows};
    assert_ok_pool(pool,
                   yoke_kernel_create(&g->kernel, pool,
                                      &(yoke_kernel_options){.name = "grid_step",
                                                             .source = grid_source,
                                                             .native = grid_native}));
    for (int k = 0; k < 2; k++) {
        g->grids[k] = yoke_alloc(pool, rows * GRID_ROW);
        g->wanted[k] = calloc(rows, GRID_ROW);
        assert_non_null(g->grids[k]);
        assert_non_null(g->wanted[k]);
    }
    grid_fill(g, 17);
    if (lend) {
        grid_lend(g);
    }
}

/* Submits one more step. */
static inline yoke_future *grid_step(lent_grid *g, const yoke_map_options *options)
{
    const int from = g->steps % 2;
    yoke_future *future = NULL;

    grid_rows(g->wanted[1 - from], g->wanted[from], g->rows, 0, g->rows);
    assert_ok_pool(
        g->pool,
        yoke_map_async(
            &future, g->pool, g->kernel, yoke_range_2d(GRID_WIDTH, g->rows), options,
            YOKE_ARGS(yoke_out(g->grids[1 - from], GRID_ROW),
                      yoke_in_halo(g->grids[from], GRID_ROW, 1, 1, YOKE_EDGE_CLIPPED),
                      yoke_scalar((uint32_t)g->rows))));
    g->steps++;
    return future;
}

/* Several steps, one after the other. */
static inline void grid_steps(lent_grid *g, int steps, const yoke_map_options *options)
{
    for (int i = 0; i < steps; i++) {
        yoke_future *future = grid_step(g, options);

        assert_ok_pool(g->pool, yoke_future_wait(future, 60));
        yoke_future_destroy(future);
    }
}

/* Gets the grids back. */
static inline void grid_reclaim(lent_grid *g)
{
    for (int k = 0; k < 2; k++) {
        assert_ok_pool(g->pool, yoke_reclaim(g->grids[k]));
    }
}

static inline bool grid_is_right(const lent_grid *g)
{
    const int last = g->steps % 2;

    return memcmp(g->grids[last], g->wanted[last], g->rows * GRID_ROW) == 0;
}

static inline void grid_fini(lent_grid *g)
{
    yoke_kernel_destroy(g->kernel);
    for (int k = 0; k < 2; k++) {
        assert_ok_pool(g->pool, yoke_free(g->grids[k]));
        free(g->wanted[k]);
    }
}

/* Bytes that workers whose names start so have moved to their devices, and back. */
static inline uint64_t grid_moved(yoke_pool *pool, const char *name, bool back)
{
    yoke_worker_stats stats[16];
    uint64_t bytes = 0;
    size_t count = 0;

    assert_ok_pool(pool, yoke_pool_stats(pool, stats, 16, &count));
    for (size_t i = 0; i < count && i < 16; i++) {
        if (strncmp(stats[i].name, name, strlen(name)) == 0) {
            bytes += back ? stats[i].received_bytes : stats[i].sent_bytes;
        }
    }
    return bytes;
}

#endif
