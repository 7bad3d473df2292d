/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdint.h>

#include "kernels.h"

enum { BLOCK = 64 };

typedef struct picture {
    const uint8_t *pixels;
    size_t width;
    size_t height;
    size_t channels;
} picture;

static int brightness(const uint8_t *p, size_t channels)
{
    return channels < 3 ? p[0] : (77 * p[0] + 150 * p[1] + 29 * p[2]) >> 8;
}

/* The brightness of pixels x - 1 to x + count of a row; beyond an edge its pixel is repeated. */
static void load_row(const picture *in, int *values, size_t row, size_t x, size_t count)
{
    const uint8_t *pixels = in->pixels + row * in->width * in->channels;

    for (size_t i = 0; i < count + 2; i++) {
        size_t column = x + i > 0 ? x + i - 1 : 0;
        if (column >= in->width) {
            column = in->width - 1;
        }
        values[i] = brightness(pixels + column * in->channels, in->channels);
    }
}

static uint8_t magnitude(int gx, int gy)
{
    const int square = gx * gx + gy * gy;
    int root = (int)sqrtf((float)square);

    root -= root * root > square ? 1 : 0;
    root += (root + 1) * (root + 1) <= square ? 1 : 0;
    return (uint8_t)(root < 255 ? root : 255);
}

/* `count` pixels of a row, at most BLOCK, starting at (x, y). */
static void sobel_block(const picture *in, uint8_t *out, size_t x, size_t y,
                        size_t count)
{
    int above[BLOCK + 2];
    int here[BLOCK + 2];
    int below[BLOCK + 2];

    load_row(in, above, y > 0 ? y - 1 : 0, x, count);
    load_row(in, here, y, x, count);
    load_row(in, below, y + 1 < in->height ? y + 1 : y, x, count);
    for (size_t i = 0; i < count; i++) {
        const int gx = above[i + 2] - above[i] + 2 * (here[i + 2] - here[i]) +
                       below[i + 2] - below[i];
        const int gy = below[i] - above[i] + 2 * (below[i + 1] - above[i + 1]) +
                       below[i + 2] - above[i + 2];
        out[y * in->width + x + i] = magnitude(gx, gy);
    }
}

void sample_sobel(const yoke_span *span, void *const args[])
{
    const picture in = {args[1], *(const uint32_t *)args[2], *(const uint32_t *)args[3],
                        *(const uint32_t *)args[4]};
    const sample_interval x = sample_span(span, 0);
    const sample_interval y = sample_span(span, 1);

    for (size_t row = y.begin; row < y.end; row++) {
        for (size_t first = x.begin; first < x.end; first += BLOCK) {
            const size_t count = x.end - first < BLOCK ? x.end - first : BLOCK;
            sobel_block(&in, args[0], first, row, count);
        }
    }
}
