/* SPDX-License-Identifier: MIT */
/*
 * Both passes work on BLOCK values of a row at once: the loop over them is inside the
 * one over the weights, so that it vectorises while each value is still summed in
 * order.
 */
#include <stdint.h>

#include "kernels.h"

enum { BLOCK = 64 };

static size_t clamp_index(ptrdiff_t i, size_t count)
{
    if (i < 0) {
        return 0;
    }
    return (size_t)i < count ? (size_t)i : count - 1;
}

typedef struct row_pass {
    const float *weights;
    ptrdiff_t reach;
    size_t width;
    size_t channels;
} row_pass;

/* One value near an edge; in points to the row. */
static float blur_value(const row_pass *pass, const uint8_t *in, size_t i)
{
    const ptrdiff_t x = (ptrdiff_t)(i / pass->channels);
    const size_t c = i % pass->channels;
    float sum = 0.0f;

    for (ptrdiff_t k = -pass->reach; k <= pass->reach; k++) {
        const size_t near = clamp_index(x + k, pass->width);
        sum += pass->weights[k + pass->reach] * (float)in[near * pass->channels + c];
    }
    return sum;
}

/* BLOCK values whose neighbours are all within the row. */
static void blur_block(const row_pass *pass, float *out, const uint8_t *in)
{
    float sums[BLOCK] = {0};

    for (ptrdiff_t k = -pass->reach; k <= pass->reach; k++) {
        const float weight = pass->weights[k + pass->reach];
        const uint8_t *near = in + k * (ptrdiff_t)pass->channels;
        for (size_t i = 0; i < BLOCK; i++) {
            sums[i] += weight * (float)near[i];
        }
    }
    for (size_t i = 0; i < BLOCK; i++) {
        out[i] = sums[i];
    }
}

static void blur_row(const row_pass *pass, float *out, const uint8_t *in,
                     sample_interval x)
{
    const size_t margin = (size_t)pass->reach * pass->channels;
    const size_t values = pass->width * pass->channels;
    const size_t end = x.end * pass->channels;

    for (size_t i = x.begin * pass->channels; i < end;) {
        if (i >= margin && i + BLOCK + margin <= values && i + BLOCK <= end) {
            blur_block(pass, out + i, in + i);
            i += BLOCK;
        } else {
            out[i] = blur_value(pass, in, i);
            i++;
        }
    }
}

void sample_gaussian_rows(const yoke_span *span, void *const args[])
{
    float *out = args[0];
    const uint8_t *in = args[1];
    const row_pass pass = {args[2], *(const uint32_t *)args[3],
                           *(const uint32_t *)args[4], *(const uint32_t *)args[5]};
    const size_t pitch = pass.width * pass.channels;
    const sample_interval y = sample_span(span, 1);

    for (size_t row = y.begin; row < y.end; row++) {
        blur_row(&pass, out + row * pitch, in + row * pitch, sample_span(span, 0));
    }
}

typedef struct column_pass {
    const float *weights;
    ptrdiff_t reach;
    size_t pitch; /* values in a row */
    size_t height;
} column_pass;

/* `count` values of a row, at most BLOCK, starting with value `first`. */
static void blur_columns(const column_pass *pass, uint8_t *out, const float *in,
                         size_t row, size_t first, size_t count)
{
    float sums[BLOCK] = {0};

    for (ptrdiff_t k = -pass->reach; k <= pass->reach; k++) {
        const float weight = pass->weights[k + pass->reach];
        const size_t near = clamp_index((ptrdiff_t)row + k, pass->height);
        const float *values = in + near * pass->pitch + first;
        for (size_t i = 0; i < count; i++) {
            sums[i] += weight * values[i];
        }
    }
    for (size_t i = 0; i < count; i++) {
        const float rounded = sums[i] + 0.5f;
        out[row * pass->pitch + first + i] =
            (uint8_t)(rounded < 255.0f ? rounded : 255.0f);
    }
}

void sample_gaussian_columns(const yoke_span *span, void *const args[])
{
    const size_t channels = *(const uint32_t *)args[6];
    const column_pass pass = {args[2], *(const uint32_t *)args[3],
                              *(const uint32_t *)args[4] * channels,
                              *(const uint32_t *)args[5]};
    const sample_interval x = sample_span(span, 0);
    const sample_interval y = sample_span(span, 1);

    for (size_t row = y.begin; row < y.end; row++) {
        const size_t end = x.end * channels;
        for (size_t first = x.begin * channels; first < end; first += BLOCK) {
            const size_t count = end - first < BLOCK ? end - first : BLOCK;
            blur_columns(&pass, args[0], args[1], row, first, count);
        }
    }
}
