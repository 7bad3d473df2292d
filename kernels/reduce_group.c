/* SPDX-License-Identifier: MIT */
#include <stdint.h>

#include "kernels.h"

/* The same tree as in the source, so that the sums have the same bits. */
static float sum_tree(float *scratch, size_t size)
{
    for (size_t width = size / 2; width > 0; width /= 2) {
        for (size_t k = 0; k < width; k++) {
            scratch[k] += scratch[k + width];
        }
    }
    return scratch[0];
}

void sample_reduce_group(const yoke_span *span, void *const args[])
{
    float *partial = args[0];
    const float *in = args[1];
    const size_t count = *(const uint32_t *)args[2];
    float *scratch = args[3];
    const size_t size = span->group[0];

    for (size_t first = span->begin; first < span->end; first += size) {
        for (size_t k = 0; k < size; k++) {
            scratch[k] = first + k < count ? in[first + k] : 0.0f;
        }
        partial[(first - span->range.begin[0]) / size] = sum_tree(scratch, size);
    }
}
