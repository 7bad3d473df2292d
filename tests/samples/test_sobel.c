/* SPDX-License-Identifier: MIT */
#include "sample_setup.h"

#include <math.h>

enum { WIDTH = 181, HEIGHT = 67 };

static int clamp(int i, int count)
{
    return i < 0 ? 0 : i < count ? i : count - 1;
}

static int grey(const uint8_t *in, int x, int y, int channels)
{
    const uint8_t *p = in + (clamp(y, HEIGHT) * WIDTH + clamp(x, WIDTH)) * channels;

    return channels == 1 ? p[0] : (77 * p[0] + 150 * p[1] + 29 * p[2]) / 256;
}

static uint8_t reference(const uint8_t *in, int x, int y, int channels)
{
    static const int weights[3] = {1, 2, 1};
    int gx = 0;
    int gy = 0;

    for (int k = -1; k <= 1; k++) {
        const int weight = weights[k + 1];
        gx += weight * grey(in, x + 1, y + k, channels);
        gx -= weight * grey(in, x - 1, y + k, channels);
        gy += weight * grey(in, x + k, y + 1, channels);
        gy -= weight * grey(in, x + k, y - 1, channels);
    }
    return (uint8_t)fmin(floor(sqrt((double)gx * gx + (double)gy * gy)), 255.0);
}

static void detect(void **state, uint32_t channels, uint8_t mask)
{
    const size_t pitch = WIDTH * channels;
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "sobel");
    uint8_t *in = setup_array(pool, HEIGHT * pitch);
    uint8_t *out = setup_array(pool, HEIGHT * WIDTH);

    fill_bytes(in, HEIGHT * pitch);
    for (size_t i = 0; i < HEIGHT * pitch; i++) {
        in[i] &= mask;
    }
    assert_ok_pool(
        pool, yoke_map(pool, kernel, yoke_range_2d(WIDTH, HEIGHT), yoke_out(out, WIDTH),
                       yoke_in_halo(in, pitch, 1, 1, YOKE_EDGE_CLIPPED),
                       yoke_scalar((uint32_t)WIDTH), yoke_scalar((uint32_t)HEIGHT),
                       yoke_scalar(channels)));
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        assert_int_equal(out[i], reference(in, i % WIDTH, i / WIDTH, (int)channels));
    }
    setup_close(pool, kernel);
}

/* Weak edges, so that few results are cut off at 255. */
static void finds_edges_in_grey(void **state)
{
    detect(state, 1, 63);
}

static void finds_edges_in_colour(void **state)
{
    detect(state, 3, 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SAMPLE_TESTS(finds_edges_in_grey),
                                       SAMPLE_TESTS(finds_edges_in_colour)};

    return yt_run_group(tests);
}
