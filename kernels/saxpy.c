/* SPDX-License-Identifier: MIT */
#include "kernels.h"

void sample_saxpy(const yoke_span *span, void *const args[])
{
    float *restrict z = args[0];
    const float *x = args[1];
    const float *y = args[2];
    const float a = *(const float *)args[3];

    for (size_t i = span->begin; i < span->end; i++) {
        z[i] = a * x[i] + y[i];
    }
}
