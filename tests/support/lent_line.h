/* SPDX-License-Identifier: MIT */
/* A lent line of numbers of which chunks share blocks, changed by turns: from one array to
 * another, with neighbours, or in place. Beside a serial computation. */
#ifndef LENT_LINE_H
#define LENT_LINE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/yoke_test.h"
#include "yoke/yoke.h"

enum { LINE_ITEMS = 100003, LINE_BYTES = LINE_ITEMS * sizeof(uint32_t), LINE_HALO = 3 };

typedef struct lent_line {
    yoke_pool *pool;
    yoke_kernel *spread;
    yoke_kernel *change;
    uint32_t *lines[2];
    uint32_t *wanted[2];
    int at; /* which of the two is current */
} lent_line;

static const char line_source[] =
    "__kernel void spread(__global uint *out, __global const uint *in, uint n)\n"
    "{ uint i = get_global_id(0);\n"
    "  out[i] = in[i] * 5u + in[i < 3 ? 0 : i - 3] - in[i + 3 < n ? i + 3 : n - 1]; }\n"
    "__kernel void change(__global uint *x) { x[get_global_id(0)] += 7u; }\n";

static inline void line_spread_to(uint32_t *out, const uint32_t *in, size_t begin,
                                  size_t end)
{
    for (size_t i = begin; i < end; i++) {
        out[i] = in[i] * 5 + in[i < LINE_HALO ? 0 : i - LINE_HALO] -
                 in[i + LINE_HALO < LINE_ITEMS ? i + LINE_HALO : LINE_ITEMS - 1];
    }
}

static inline void line_spread(const yoke_span *span, void *const args[])
{
    line_spread_to(args[0], args[1], span->begin, span->end);
}

static inline void line_change(const yoke_span *span, void *const args[])
{
    for (size_t i = span->begin; i < span->end; i++) {
        ((uint32_t *)args[0])[i] += 7;
    }
}

static inline yoke_kernel *line_kernel(yoke_pool *pool, const char *name,
                                       yoke_native *native)
{
    yoke_kernel *kernel = NULL;

    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool,
                                            &(yoke_kernel_options){
                                                .name = name,
                                                .source = line_source,
                                                .native = native}));
    return kernel;
}

/* Fills the line, which is the program's, and lends it. */
static inline void line_start(lent_line *l)
{
    for (uint32_t i = 0; i < LINE_ITEMS; i++) {
        l->wanted[0][i] = i * 2654435761U;
    }
    memcpy(l->lines[0], l->wanted[0], LINE_BYTES);
    l->at = 0;
    assert_ok_pool(l->pool, yoke_lend(l->lines[0]));
    assert_ok_pool(l->pool, yoke_lend(l->lines[1]));
}

static inline void line_init(lent_line *l, yoke_pool *pool)
{
    *l = (lent_line){.pool = pool};
    l->spread = line_kernel(pool, "spread", line_spread);
    l->change = line_kernel(pool, "change", line_change);
    for (int k = 0; k < 2; k++) {
        l->lines[k] = yoke_alloc(pool, LINE_BYTES);
        l->wanted[k] = calloc(1, LINE_BYTES);
        assert_non_null(l->lines[k]);
        assert_non_null(l->wanted[k]);
    }
    line_start(l);
}

/* Submits a step from one line to the other. */
static inline yoke_future *line_spread_once(lent_line *l, const yoke_map_options *options)
{
    const int to = 1 - l->at;
    yoke_future *future = NULL;

    line_spread_to(l->wanted[to], l->wanted[l->at], 0, LINE_ITEMS);
    assert_ok_pool(
        l->pool,
        yoke_map_async(&future, l->pool, l->spread, yoke_range_1d(LINE_ITEMS), options,
                       YOKE_ARGS(yoke_out(l->lines[to], sizeof(uint32_t)),
                                 yoke_in_halo(l->lines[l->at], sizeof(uint32_t),
                                              LINE_HALO, LINE_HALO, YOKE_EDGE_CLIPPED),
                                 yoke_scalar((uint32_t)LINE_ITEMS))));
    l->at = to;
    return future;
}

/* Submits a step in place. */
static inline yoke_future *line_change_once(lent_line *l, const yoke_map_options *options)
{
    yoke_future *future = NULL;

    for (uint32_t i = 0; i < LINE_ITEMS; i++) {
        l->wanted[l->at][i] += 7;
    }
    assert_ok_pool(
        l->pool,
        yoke_map_async(&future, l->pool, l->change, yoke_range_1d(LINE_ITEMS), options,
                       YOKE_ARGS(yoke_inout(l->lines[l->at], sizeof(uint32_t)))));
    return future;
}

static inline bool line_is_right(const lent_line *l)
{
    return memcmp(l->lines[l->at], l->wanted[l->at], LINE_BYTES) == 0;
}

static inline void line_fini(lent_line *l)
{
    yoke_kernel_destroy(l->spread);
    yoke_kernel_destroy(l->change);
    for (int k = 0; k < 2; k++) {
        assert_ok_pool(l->pool, yoke_free(l->lines[k]));
        free(l->wanted[k]);
    }
}

#endif
