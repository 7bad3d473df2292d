/* SPDX-License-Identifier: MIT */
#include <stdint.h>

#include "kernels.h"

enum { SIDE = 16 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One square of the output; the input has `height` rows of `width` values. */
static void turn_square(float *out, const float *in, size_t width, size_t height,
                        sample_interval x, sample_interval y)
{
    for (size_t row = y.begin; row < y.end; row++) {
        for (size_t column = x.begin; column < x.end; column++) {
            out[row * height + column] = in[column * width + row];
        }
    }
}

void sample_transpose(const yoke_span *span, void *const args[])
{
    const size_t width = *(const uint32_t *)args[2];
    const size_t height = *(const uint32_t *)args[3];
    const sample_interval x = sample_span(span, 0);
    const sample_interval y = sample_span(span, 1);
    const size_t right = smaller(x.end, height);
    const size_t bottom = smaller(y.end, width);

    for (size_t row = y.begin; row < bottom; row += SIDE) {
        for (size_t column = x.begin; column < right; column += SIDE) {
            turn_square(args[0], args[1], width, height,
                        (sample_interval){column, smaller(column + SIDE, right)},
                        (sample_interval){row, smaller(row + SIDE, bottom)});
        }
    }
}
