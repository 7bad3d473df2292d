/* SPDX-License-Identifier: MIT */
#include "filter_reference.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_SIDE = 2 * MAX_RADIUS + 1, MAX_CHANNELS = 3 };

void gaussian_weights(float *weights, uint32_t radius)
{
    const int reach = (int)radius;
    const double sigma = radius / 2.5;
    double sum = 0.0;

    for (int k = -reach; k <= reach; k++) {
        sum += exp(-k * k / (2.0 * sigma * sigma));
    }
    for (int k = -reach; k <= reach; k++) {
        weights[k + reach] = (float)(exp(-k * k / (2.0 * sigma * sigma)) / sum);
    }
}

void bilateral_weights(uint32_t *near, uint32_t *alike, uint32_t radius,
                       uint32_t channels)
{
    const int reach = (int)radius;
    const int side = 2 * reach + 1;
    const double sigma = radius / 2.0;
    const double contrast = 30.0 * channels;

    for (int i = 0; i < side * side; i++) {
        const int dx = i % side - reach;
        const int dy = i / side - reach;
        near[i] =
            (uint32_t)lrint(255.0 * exp(-(dx * dx + dy * dy) / (2 * sigma * sigma)));
    }
    for (int d = 0; d <= 255 * (int)channels; d++) {
        alike[d] = (uint32_t)lrint(255.0 * exp(-d * d / (2 * contrast * contrast)));
    }
}

/* The pixel at (x, y), or the nearest one inside the picture. */
static const uint8_t *pixel_near(const filter_job *job, int x, int y)
{
    const int width = (int)job->width;
    const int height = (int)job->height;
    const int column = x < 0 ? 0 : x < width ? x : width - 1;
    const int row = y < 0 ? 0 : y < height ? y : height - 1;

    return job->in + ((size_t)row * job->width + (size_t)column) * job->channels;
}

/* The blur along row y at column x. */
static float blur_row(const filter_job *job, const float *weights, int x, int y,
                      uint32_t c)
{
    const int reach = (int)job->radius;
    float sum = 0.0f;

    for (int k = -reach; k <= reach; k++) {
        sum += weights[k + reach] * (float)pixel_near(job, x + k, y)[c];
    }
    return sum;
}

void gaussian_reference(uint8_t *row, const filter_job *job, uint32_t y)
{
    const int reach = (int)job->radius;
    float weights[MAX_SIDE];

    gaussian_weights(weights, job->radius);
    for (uint32_t i = 0; i < job->width * job->channels; i++) {
        const int x = (int)(i / job->channels);
        float sum = 0.0f;
        for (int k = -reach; k <= reach; k++) {
            const int near = (int)y + k < 0                  ? 0
                             : (int)y + k < (int)job->height ? (int)y + k
                                                             : (int)job->height - 1;
            sum +=
                weights[k + reach] * blur_row(job, weights, x, near, i % job->channels);
        }
        row[i] = (uint8_t)fminf(sum + 0.5f, 255.0f);
    }
}

static int brightness(const uint8_t *p, uint32_t channels)
{
    return channels == 1 ? p[0] : (77 * p[0] + 150 * p[1] + 29 * p[2]) / 256;
}

void sobel_reference(uint8_t *row, const filter_job *job, uint32_t y)
{
    static const int weights[3] = {1, 2, 1};

    for (int x = 0; x < (int)job->width; x++) {
        int gx = 0;
        int gy = 0;
        for (int k = -1; k <= 1; k++) {
            const int w = weights[k + 1];
            const int line = (int)y + k;
            gx += w * brightness(pixel_near(job, x + 1, line), job->channels);
            gx -= w * brightness(pixel_near(job, x - 1, line), job->channels);
            gy += w * brightness(pixel_near(job, x + k, (int)y + 1), job->channels);
            gy -= w * brightness(pixel_near(job, x + k, (int)y - 1), job->channels);
        }
        row[x] = (uint8_t)fmin(floor(sqrt((double)(gx * gx + gy * gy))), 255.0);
    }
}

static uint32_t difference(const uint8_t *a, const uint8_t *b, uint32_t channels)
{
    int sum = 0;

    for (uint32_t c = 0; c < channels; c++) {
        sum += abs(a[c] - b[c]);
    }
    return (uint32_t)sum;
}

static void bilateral_pixel(uint8_t *pixel, const filter_job *job, const uint32_t *near,
                            const uint32_t *alike, int x, int y)
{
    const int reach = (int)job->radius;
    const int side = 2 * reach + 1;
    const uint8_t *own = pixel_near(job, x, y);
    uint64_t total = 0;
    uint64_t sums[MAX_CHANNELS] = {0};

    for (int i = 0; i < side * side; i++) {
        const int nx = x + i % side - reach;
        const int ny = y + i / side - reach;
        if (nx < 0 || nx >= (int)job->width || ny < 0 || ny >= (int)job->height) {
            continue;
        }
        const uint8_t *other = pixel_near(job, nx, ny);
        const uint64_t weight =
            (uint64_t)near[i] * alike[difference(own, other, job->channels)];
        total += weight;
        for (uint32_t c = 0; c < job->channels; c++) {
            sums[c] += weight * other[c];
        }
    }
    for (uint32_t c = 0; c < job->channels; c++) {
        pixel[c] = (uint8_t)((sums[c] + total / 2) / total);
    }
}

void bilateral_reference(uint8_t *row, const filter_job *job, uint32_t y)
{
    uint32_t near[MAX_SIDE * MAX_SIDE];
    uint32_t alike[255 * MAX_CHANNELS + 1];

    bilateral_weights(near, alike, job->radius, job->channels);
    for (uint32_t x = 0; x < job->width; x++) {
        bilateral_pixel(row + x * job->channels, job, near, alike, (int)x, (int)y);
    }
}
