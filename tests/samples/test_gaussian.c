/* SPDX-License-Identifier: MIT */
#include "sample_setup.h"

#include <math.h>

enum { WIDTH = 181, HEIGHT = 67, RADIUS = 6 };

static void fill_weights(float weights[2 * RADIUS + 1])
{
    double sum = 0;

    for (int k = -RADIUS; k <= RADIUS; k++) {
        sum += exp(-k * k / 8.0);
    }
    for (int k = -RADIUS; k <= RADIUS; k++) {
        weights[k + RADIUS] = (float)(exp(-k * k / 8.0) / sum);
    }
}

static int clamp(int i, int count)
{
    return i < 0 ? 0 : i < count ? i : count - 1;
}

static void reference(uint8_t *out, float *between, const uint8_t *in,
                      const float *weights, int channels)
{
    const int pitch = WIDTH * channels;

    for (int i = 0; i < HEIGHT * pitch; i++) {
        const int x = i % pitch / channels;
        between[i] = 0;
        for (int k = -RADIUS; k <= RADIUS; k++) {
            const int near = i + (clamp(x + k, WIDTH) - x) * channels;
            between[i] += weights[k + RADIUS] * (float)in[near];
        }
    }
    for (int i = 0; i < HEIGHT * pitch; i++) {
        const int y = i / pitch;
        float sum = 0;
        for (int k = -RADIUS; k <= RADIUS; k++) {
            const int near = i + (clamp(y + k, HEIGHT) - y) * pitch;
            sum += weights[k + RADIUS] * between[near];
        }
        out[i] = (uint8_t)fminf(sum + 0.5f, 255.0f);
    }
}

static void blur(void **state, uint32_t channels)
{
    const size_t pitch = WIDTH * channels;
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *rows = setup_kernel(state, pool, "gaussian_rows");
    yoke_kernel *columns = setup_kernel(state, pool, "gaussian_columns");
    uint8_t *in = setup_array(pool, HEIGHT * pitch);
    float *between = setup_array(pool, HEIGHT * pitch * sizeof *between);
    uint8_t *out = setup_array(pool, HEIGHT * pitch);
    const size_t weight_bytes = (2 * RADIUS + 1) * sizeof(float);
    float *weights = setup_array(pool, weight_bytes);
    static uint8_t expected[WIDTH * HEIGHT * 3];
    static float expected_between[WIDTH * HEIGHT * 3];

    fill_weights(weights);
    fill_bytes(in, HEIGHT * pitch);
    assert_ok_pool(pool,
                   yoke_map(pool, rows, yoke_range_2d(WIDTH, HEIGHT),
                            yoke_out(between, pitch * sizeof *between),
                            yoke_in(in, pitch), yoke_in_whole(weights, weight_bytes),
                            yoke_scalar((uint32_t)RADIUS), yoke_scalar((uint32_t)WIDTH),
                            yoke_scalar(channels)));
    assert_ok_pool(pool,
                   yoke_map(pool, columns, yoke_range_2d(WIDTH, HEIGHT),
                            yoke_out(out, pitch),
                            yoke_in_halo(between, pitch * sizeof *between, RADIUS,
                                         RADIUS, YOKE_EDGE_CLIPPED),
                            yoke_in_whole(weights, weight_bytes),
                            yoke_scalar((uint32_t)RADIUS), yoke_scalar((uint32_t)WIDTH),
                            yoke_scalar((uint32_t)HEIGHT), yoke_scalar(channels)));
    reference(expected, expected_between, in, weights, (int)channels);
    assert_memory_equal(between, expected_between, HEIGHT * pitch * sizeof *between);
    assert_memory_equal(out, expected, HEIGHT * pitch);
    yoke_kernel_destroy(rows);
    setup_close(pool, columns);
}

static void blurs_grey(void **state)
{
    blur(state, 1);
}

static void blurs_colour(void **state)
{
    blur(state, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SAMPLE_TESTS(blurs_grey),
                                       SAMPLE_TESTS(blurs_colour)};

    return yt_run_group(tests);
}
