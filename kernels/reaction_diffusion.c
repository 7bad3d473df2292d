/* SPDX-License-Identifier: MIT */
/*
 * BLOCK cells of a row at a time; only the first and the last of a block may have their
 * neighbour at the other end of the row, so that the loops in between vectorise.
 */
#include <stdint.h>

#include "kernels.h"

enum { BLOCK = 128 };

typedef struct rates {
    float du, dv, feed, kill;
} rates;

typedef struct grid {
    const float *values;
    size_t width;
    size_t height;
} grid;

/* What diffuses into `count` cells of row y, starting with cell `first`. */
static void laplacian(float *restrict out, grid g, size_t first, size_t y, size_t count)
{
    const float *row = g.values + y * g.width;
    const float *here = row + first;
    const float *north = g.values + (y > 0 ? y - 1 : g.height - 1) * g.width + first;
    const float *south = g.values + (y + 1 < g.height ? y + 1 : 0) * g.width + first;
    const float west = row[first > 0 ? first - 1 : g.width - 1];
    const float east = row[first + count < g.width ? first + count : 0];
    const size_t last = count - 1;

    for (size_t i = 1; i < last; i++) {
        out[i] = north[i] + south[i] + here[i - 1] + here[i + 1] - 4.0f * here[i];
    }
    out[0] = north[0] + south[0] + west + (last > 0 ? here[1] : east) - 4.0f * here[0];
    if (last > 0) {
        out[last] =
            north[last] + south[last] + here[last - 1] + east - 4.0f * here[last];
    }
}

/* Cells of a row and what diffuses into them. */
typedef struct cells {
    const float *u;
    const float *v;
    const float *lap_u;
    const float *lap_v;
} cells;

static void react(float *restrict u_next, float *restrict v_next, cells c, rates k,
                  size_t count)
{
    const float *u = c.u;
    const float *v = c.v;
    const float *lap_u = c.lap_u;
    const float *lap_v = c.lap_v;

    for (size_t i = 0; i < count; i++) {
        const float reaction = u[i] * v[i] * v[i];
        const float next =
            v[i] + (k.dv * lap_v[i] + reaction - (k.feed + k.kill) * v[i]);

        u_next[i] = u[i] + (k.du * lap_u[i] - reaction + k.feed * (1.0f - u[i]));
        v_next[i] = next >= 1e-18f ? next : 0.0f;
    }
}

void sample_reaction_diffusion(const yoke_span *span, void *const args[])
{
    float *u_next = args[0];
    float *v_next = args[1];
    const size_t width = *(const uint32_t *)args[4];
    const size_t height = *(const uint32_t *)args[5];
    const grid u = {args[2], width, height};
    const grid v = {args[3], width, height};
    const rates k = {*(const float *)args[6], *(const float *)args[7],
                     *(const float *)args[8], *(const float *)args[9]};
    const sample_interval x = sample_span(span, 0);
    const sample_interval y = sample_span(span, 1);
    float lap_u[BLOCK], lap_v[BLOCK];

    for (size_t row = y.begin; row < y.end; row++) {
        for (size_t first = x.begin; first < x.end; first += BLOCK) {
            const size_t count = x.end - first < BLOCK ? x.end - first : BLOCK;
            const size_t cell = row * width + first;
            laplacian(lap_u, u, first, row, count);
            laplacian(lap_v, v, first, row, count);
            const cells c = {u.values + cell, v.values + cell, lap_u, lap_v};
            react(u_next + cell, v_next + cell, c, k, count);
        }
    }
}
