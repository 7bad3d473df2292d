/* SPDX-License-Identifier: MIT */
/* The filters in their simplest form, to check results, and their weights. */
#ifndef FILTER_REFERENCE_H
#define FILTER_REFERENCE_H

#include <stdint.h>

enum { MAX_RADIUS = 7 };

typedef struct filter_job {
    const uint8_t *in;
    uint8_t *out;
    uint32_t width, height;
    uint32_t channels;     /* of in */
    uint32_t out_channels; /* of out */
    uint32_t radius;
} filter_job;

/* 2 radius + 1 weights with a sum of 1. */
void gaussian_weights(float *weights, uint32_t radius);

/* (2 radius + 1)^2 weights by position and 255 channels + 1 by difference, 0 to 255. */
void bilateral_weights(uint32_t *near, uint32_t *alike, uint32_t radius,
                       uint32_t channels);

/* Computes row y of the job's result. */
typedef void filter_reference(uint8_t *row, const filter_job *job, uint32_t y);

filter_reference gaussian_reference;
filter_reference sobel_reference;
filter_reference bilateral_reference;

#endif
