/* SPDX-License-Identifier: MIT */
#include <stdint.h>

#include "kernels.h"

typedef struct rates {
    float du, dv, feed, kill;
} rates;

/* A row of one substance and its neighbours. */
typedef struct rows {
    const float *north;
    const float *here;
    const float *south;
} rows;

static rows rows_at(const float *grid, size_t y, size_t width, size_t height)
{
    return (rows){grid + (y > 0 ? y - 1 : height - 1) * width, grid + y * width,
                  grid + (y + 1 < height ? y + 1 : 0) * width};
}

static inline float laplacian(const rows *r, size_t x, size_t west, size_t east)
{
    return r->north[x] + r->south[x] + r->here[west] + r->here[east] -
           4.0f * r->here[x];
}

static inline void react(float *u_next, float *v_next, const rows *u, const rows *v,
                         const rates *k, size_t x, size_t west, size_t east)
{
    const float a = u->here[x];
    const float b = v->here[x];
    const float lap_a = laplacian(u, x, west, east);
    const float lap_b = laplacian(v, x, west, east);
    const float reaction = a * b * b;

    u_next[x] = a + (k->du * lap_a - reaction + k->feed * (1.0f - a));
    v_next[x] = b + (k->dv * lap_b + reaction - (k->feed + k->kill) * b);
}

/* Cells [x.begin, x.end) of a row; only the first and the last of a row wrap around. */
static void react_row(float *restrict u_next, float *restrict v_next, rows u, rows v,
                      rates k, size_t width, sample_interval x)
{
    const size_t inner_begin = x.begin > 0 ? x.begin : 1;
    const size_t inner_end = x.end < width ? x.end : width - 1;

    if (x.begin == 0) {
        react(u_next, v_next, &u, &v, &k, 0, width - 1, width > 1 ? 1 : 0);
    }
    for (size_t i = inner_begin; i < inner_end; i++) {
        react(u_next, v_next, &u, &v, &k, i, i - 1, i + 1);
    }
    if (x.end == width && width > 1) {
        react(u_next, v_next, &u, &v, &k, width - 1, width - 2, 0);
    }
}

void sample_reaction_diffusion(const yoke_span *span, void *const args[])
{
    float *u_next = args[0];
    float *v_next = args[1];
    const size_t width = *(const uint32_t *)args[4];
    const size_t height = *(const uint32_t *)args[5];
    const rates k = {*(const float *)args[6], *(const float *)args[7],
                     *(const float *)args[8], *(const float *)args[9]};
    const sample_interval y = sample_span(span, 1);

    for (size_t row = y.begin; row < y.end; row++) {
        react_row(u_next + row * width, v_next + row * width,
                  rows_at(args[2], row, width, height),
                  rows_at(args[3], row, width, height), k, width, sample_span(span, 0));
    }
}
