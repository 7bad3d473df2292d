/* SPDX-License-Identifier: MIT */
/*
 * The loop diverges: each pixel leaves it after a number of steps of its own. Compilers do
 * not vectorise such a loop. Here LANES pixels go through it together. A mask is all ones
 * while a lane is still inside, and decides which results of a step count.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "kernels.h"

enum { LANES = 16, STEPS_PER_CHECK = 8 };

typedef float real __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t mask __attribute__((vector_size(LANES * sizeof(int32_t))));

typedef struct view {
    float left;
    float top;
    float step;
    uint32_t limit;
} view;

typedef struct orbit {
    real zx, zy;
    real cx, cy;
    real norm;   /* |z|^2 when the lane was last inside, or as it left */
    mask inside; /* -1 or 0 */
    mask count;
} orbit;

static void assign_where(const mask *where, real *target, const real *value)
{
    *target = (real)((*where & (mask)*value) | (~*where & (mask)*target));
}

static bool any(const mask *lanes)
{
    int32_t all[LANES];
    int32_t found = 0;

    memcpy(all, lanes, sizeof all);
    for (int i = 0; i < LANES; i++) {
        found |= all[i];
    }
    return found != 0;
}

static inline void take_step(orbit *o)
{
    const real x2 = o->zx * o->zx;
    const real y2 = o->zy * o->zy;
    const real norm = x2 + y2;

    assign_where(&o->inside, &o->norm, &norm);
    o->inside &= (mask)(norm <= 256.0f);
    o->count -= o->inside;
    o->zy = 2.0f * o->zx * o->zy + o->cy;
    o->zx = x2 - y2 + o->cx;
}

static void iterate(orbit *o, uint32_t limit)
{
    uint32_t n = 0;

    for (; n + STEPS_PER_CHECK <= limit && any(&o->inside); n += STEPS_PER_CHECK) {
        for (int i = 0; i < STEPS_PER_CHECK; i++) {
            take_step(o);
        }
    }
    for (; n < limit && any(&o->inside); n++) {
        take_step(o);
    }
    const real norm = o->zx * o->zx + o->zy * o->zy;
    assign_where(&o->inside, &o->norm, &norm);
}

/* Pixels [x.begin, x.end) of row y; counts and norms point to the row. */
static void compute_row(uint32_t *counts, float *norms, const view *v, size_t y,
                        sample_interval x)
{
    const float cy = v->top + v->step * (float)y;

    for (size_t first = x.begin; first < x.end; first += LANES) {
        const size_t left = x.end - first;
        const size_t n = left < LANES ? left : LANES;
        orbit o = {.inside = (mask){0} == 0};

        for (size_t i = 0; i < LANES; i++) {
            o.cx[i] = v->left + v->step * (float)(first + i);
            o.cy[i] = cy;
        }
        iterate(&o, v->limit);
        memcpy(counts + first, &o.count, n * sizeof *counts);
        memcpy(norms + first, &o.norm, n * sizeof *norms);
    }
}

void sample_mandelbrot(const yoke_span *span, void *const args[])
{
    uint32_t *counts = args[0];
    float *norms = args[1];
    const size_t width = *(const uint32_t *)args[2];
    const view v = {*(const float *)args[3], *(const float *)args[4],
                    *(const float *)args[5], *(const uint32_t *)args[6]};
    const sample_interval x = sample_span(span, 0);
    const sample_interval y = sample_span(span, 1);

    for (size_t row = y.begin; row < y.end; row++) {
        compute_row(counts + row * width, norms + row * width, &v, row, x);
    }
}
