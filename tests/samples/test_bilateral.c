/* SPDX-License-Identifier: MIT */
#include "sample_setup.h"

#include <math.h>
#include <stdlib.h>

enum { WIDTH = 101, HEIGHT = 43, RADIUS = 5, SIDE = 2 * RADIUS + 1 };

static void fill_weights(uint32_t *near, uint32_t *alike, int channels)
{
    for (int i = 0; i < SIDE * SIDE; i++) {
        const int dx = i % SIDE - RADIUS;
        const int dy = i / SIDE - RADIUS;
        near[i] = (uint32_t)(255.0 * exp(-(dx * dx + dy * dy) / 18.0));
    }
    for (int d = 0; d <= 255 * channels; d++) {
        alike[d] = (uint32_t)(255.0 * exp(-d * d / (5000.0 * channels)));
    }
}

static void reference(uint8_t *pixel, const uint8_t *in, const uint32_t *near,
                      const uint32_t *alike, int x, int y, int channels)
{
    const uint8_t *own = in + (y * WIDTH + x) * channels;
    uint64_t total = 0;
    uint64_t sums[4] = {0};

    for (int i = 0; i < SIDE * SIDE; i++) {
        const int nx = x + i % SIDE - RADIUS;
        const int ny = y + i / SIDE - RADIUS;
        if (nx < 0 || nx >= WIDTH || ny < 0 || ny >= HEIGHT) {
            continue;
        }
        const uint8_t *other = in + (ny * WIDTH + nx) * channels;
        int difference = 0;
        for (int c = 0; c < channels; c++) {
            difference += abs(own[c] - other[c]);
        }
        const uint64_t weight = (uint64_t)near[i] * alike[difference];
        total += weight;
        for (int c = 0; c < channels; c++) {
            sums[c] += weight * other[c];
        }
    }
    for (int c = 0; c < channels; c++) {
        pixel[c] = (uint8_t)((sums[c] + total / 2) / total);
    }
}

static void smooth(void **state, uint32_t channels)
{
    const size_t pitch = WIDTH * channels;
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "bilateral");
    uint8_t *in = setup_array(pool, HEIGHT * pitch);
    uint8_t *out = setup_array(pool, HEIGHT * pitch);
    const size_t near_bytes = SIDE * SIDE * sizeof(uint32_t);
    const size_t alike_bytes = (255 * channels + 1) * sizeof(uint32_t);
    uint32_t *near = setup_array(pool, near_bytes);
    uint32_t *alike = setup_array(pool, alike_bytes);

    fill_bytes(in, HEIGHT * pitch);
    fill_weights(near, alike, (int)channels);
    assert_ok_pool(
        pool,
        yoke_map(pool, kernel, yoke_range_2d(WIDTH, HEIGHT), yoke_out(out, pitch),
                 yoke_in_halo(in, pitch, RADIUS, RADIUS, YOKE_EDGE_CLIPPED),
                 yoke_in_whole(near, near_bytes), yoke_in_whole(alike, alike_bytes),
                 yoke_scalar((uint32_t)RADIUS), yoke_scalar((uint32_t)WIDTH),
                 yoke_scalar((uint32_t)HEIGHT), yoke_scalar(channels)));
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        uint8_t pixel[4];
        reference(pixel, in, near, alike, i % WIDTH, i / WIDTH, (int)channels);
        assert_memory_equal(out + (size_t)i * channels, pixel, channels);
    }
    setup_close(pool, kernel);
}

static void smooths_grey(void **state)
{
    smooth(state, 1);
}

static void smooths_colour(void **state)
{
    smooth(state, 3);
}

static void smooths_with_alpha(void **state)
{
    smooth(state, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SAMPLE_TESTS(smooths_grey),
                                       SAMPLE_TESTS(smooths_colour),
                                       SAMPLE_TESTS(smooths_with_alpha)};

    return yt_run_group(tests);
}
