/* SPDX-License-Identifier: MIT */
#include <stdint.h>

#include "kernels.h"

static uint64_t sum_below(uint64_t n)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < n; i++) {
        sum += i * i;
    }
    return sum;
}

void sample_sum_squares(const yoke_span *span, void *const args[])
{
    uint64_t *sums = args[0];
    const uint64_t *limits = args[1];

    for (size_t k = span->begin; k < span->end; k++) {
        sums[k] = sum_below(limits[k]);
    }
}
