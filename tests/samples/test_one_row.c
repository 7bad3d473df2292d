/* SPDX-License-Identifier: MIT */
/* Pictures one pixel high, one pixel wide, or both: an item is a row all the same. */
#include "sample_setup.h"

#include <string.h>

#include "kernels.h"

enum { RADIUS = 3, MOST = 200, CHANNELS = 3 };

typedef struct picture_size {
    uint32_t width;
    uint32_t height;
} picture_size;

static const picture_size sizes[] = {
    {MOST, 1}, {1, MOST}, {1, 1}, {MOST, 2}, {2, MOST}};

/* The host form over the whole picture, in this process. */
static void compute_here(yoke_native *native, picture_size size, void *const args[])
{
    const yoke_span whole = {.end = size.height,
                             .split = 1,
                             .range = yoke_range_2d(size.width, size.height)};

    native(&whole, args);
}

static void check_edges(yoke_pool *pool, yoke_kernel *kernel, picture_size size)
{
    const size_t pitch = (size_t)size.width * CHANNELS;
    const size_t pixels = (size_t)size.width * size.height;
    uint8_t *in = setup_array(pool, pixels * CHANNELS);
    uint8_t *out = setup_array(pool, pixels);
    uint8_t expected[MOST * 2];
    uint32_t channels = CHANNELS;

    fill_bytes(in, pixels * CHANNELS);
    compute_here(sample_sobel, size,
                 (void *[]){expected, in, &size.width, &size.height, &channels});
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_2d(size.width, size.height),
                                  yoke_out(out, size.width),
                                  yoke_in_halo(in, pitch, 1, 1, YOKE_EDGE_CLIPPED),
                                  yoke_scalar(size.width), yoke_scalar(size.height),
                                  yoke_scalar(channels)));
    assert_memory_equal(out, expected, pixels);
    assert_ok(yoke_free(in));
    assert_ok(yoke_free(out));
}

static void finds_edges(void **state)
{
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "sobel");

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check_edges(pool, kernel, sizes[i]);
    }
    setup_close(pool, kernel);
}

static void check_columns(yoke_pool *pool, yoke_kernel *kernel, picture_size size)
{
    const size_t pitch = size.width * sizeof(float);
    const size_t pixels = (size_t)size.width * size.height;
    float *weights = setup_array(pool, (2 * RADIUS + 1) * sizeof *weights);
    float *in = setup_array(pool, pixels * sizeof *in);
    uint8_t *out = setup_array(pool, pixels);
    uint8_t expected[MOST * 2];
    uint32_t radius = RADIUS, channels = 1;

    for (int k = 0; k <= 2 * RADIUS; k++) {
        weights[k] = 1.0f / (2 * RADIUS + 1);
    }
    for (size_t i = 0; i < pixels; i++) {
        in[i] = (float)(i * 37 % 251);
    }
    compute_here(sample_gaussian_columns, size,
                 (void *[]){expected, in, weights, &radius, &size.width, &size.height,
                            &channels});
    assert_ok_pool(pool,
                   yoke_map(pool, kernel, yoke_range_2d(size.width, size.height),
                            yoke_out(out, size.width),
                            yoke_in_halo(in, pitch, RADIUS, RADIUS, YOKE_EDGE_CLIPPED),
                            yoke_in_whole(weights, (2 * RADIUS + 1) * sizeof *weights),
                            yoke_scalar(radius), yoke_scalar(size.width),
                            yoke_scalar(size.height), yoke_scalar(channels)));
    assert_memory_equal(out, expected, pixels);
}

static void blurs_columns(void **state)
{
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "gaussian_columns");

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check_columns(pool, kernel, sizes[i]);
    }
    setup_close(pool, kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SAMPLE_TESTS(finds_edges),
                                       SAMPLE_TESTS(blurs_columns)};

    return yt_run_group(tests);
}
