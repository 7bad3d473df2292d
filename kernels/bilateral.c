/* SPDX-License-Identifier: MIT */
/*
 * BLOCK pixels of a row at once, one neighbour after the other, so that the loop over
 * the pixels vectorises.
 */
#include <stdint.h>
#include <stdlib.h>

#include "kernels.h"

enum { BLOCK = 32, MAX_CHANNELS = 4 };

typedef struct filter {
    const uint8_t *in;
    const uint32_t *near;
    const uint32_t *alike;
    ptrdiff_t reach;
    ptrdiff_t width;
    ptrdiff_t height;
    size_t channels;
} filter;

typedef struct sums {
    uint32_t total[BLOCK];
    uint32_t channel[MAX_CHANNELS][BLOCK];
} sums;

static const uint8_t *pixel_at(const filter *f, ptrdiff_t x, ptrdiff_t y)
{
    return f->in + (y * f->width + x) * (ptrdiff_t)f->channels;
}

/* Adds the neighbours at a distance of (dx, dy) for the pixels [begin, end) of row y; their
 * place in the table of weights is known. The sums start at pixel `first`. */
static inline void add_neighbours(const filter *f, sums *s, ptrdiff_t first,
                                  ptrdiff_t y, ptrdiff_t begin, ptrdiff_t end,
                                  ptrdiff_t dx, ptrdiff_t dy, size_t channels)
{
    const ptrdiff_t place = (dy + f->reach) * (2 * f->reach + 1) + dx + f->reach;
    const uint32_t near = f->near[place];
    const uint8_t *own = pixel_at(f, begin, y);
    const uint8_t *other = pixel_at(f, begin + dx, y + dy);
    const size_t count = (size_t)(end - begin);
    const size_t skip = (size_t)(begin - first);

    for (size_t i = 0; i < count; i++) {
        int difference = 0;
        for (size_t c = 0; c < channels; c++) {
            difference += abs(own[i * channels + c] - other[i * channels + c]);
        }
        const uint32_t weight = near * f->alike[difference];
        s->total[skip + i] += weight;
        for (size_t c = 0; c < channels; c++) {
            s->channel[c][skip + i] += weight * other[i * channels + c];
        }
    }
}

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static inline void sum_block(const filter *f, sums *s, ptrdiff_t first, ptrdiff_t last,
                             ptrdiff_t y, size_t channels)
{
    const ptrdiff_t top = larger(-f->reach, -y);
    const ptrdiff_t bottom = smaller(f->reach, f->height - 1 - y);

    for (ptrdiff_t dy = top; dy <= bottom; dy++) {
        for (ptrdiff_t dx = -f->reach; dx <= f->reach; dx++) {
            const ptrdiff_t begin = larger(first, -dx);
            const ptrdiff_t end = smaller(last, f->width - dx);
            if (begin < end) {
                add_neighbours(f, s, first, y, begin, end, dx, dy, channels);
            }
        }
    }
}

static void filter_block(const filter *f, uint8_t *out, ptrdiff_t first, ptrdiff_t last,
                         ptrdiff_t y)
{
    uint8_t *pixels = out + (y * f->width + first) * (ptrdiff_t)f->channels;
    sums s = {{0}, {{0}}};

    switch (f->channels) { /* a constant number of channels makes the loops fast */
    case 1:
        sum_block(f, &s, first, last, y, 1);
        break;
    case 3:
        sum_block(f, &s, first, last, y, 3);
        break;
    default:
        sum_block(f, &s, first, last, y, f->channels);
        break;
    }
    for (size_t i = 0; i < (size_t)(last - first); i++) {
        for (size_t c = 0; c < f->channels; c++) {
            pixels[i * f->channels + c] =
                (uint8_t)((s.channel[c][i] + s.total[i] / 2) / s.total[i]);
        }
    }
}

void sample_bilateral(const yoke_span *span, void *const args[])
{
    const filter f = {args[1],
                      args[2],
                      args[3],
                      *(const uint32_t *)args[4],
                      *(const uint32_t *)args[5],
                      *(const uint32_t *)args[6],
                      *(const uint32_t *)args[7]};
    const sample_interval x = sample_span(span, 0);
    const sample_interval y = sample_span(span, 1);

    if (f.channels > MAX_CHANNELS) {
        yoke_span_fail(span, 0, "%zu channels are more than %d", f.channels,
                       MAX_CHANNELS);
        return;
    }
    for (size_t row = y.begin; row < y.end; row++) {
        for (size_t first = x.begin; first < x.end; first += BLOCK) {
            const size_t last = first + BLOCK < x.end ? first + BLOCK : x.end;
            filter_block(&f, args[0], (ptrdiff_t)first, (ptrdiff_t)last,
                         (ptrdiff_t)row);
        }
    }
}
