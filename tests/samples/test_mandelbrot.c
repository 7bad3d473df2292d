/* SPDX-License-Identifier: MIT */
#include "sample_setup.h"

enum { WIDTH = 203, HEIGHT = 117, LIMIT = 213 };

static const float left = -2.2f;
static const float top = -1.2f;
static const float step = 0.0163f;

static uint32_t iterate(size_t x, size_t y, float *norm)
{
    const float cx = left + step * (float)x;
    const float cy = top + step * (float)y;
    float zx = 0;
    float zy = 0;
    uint32_t n = 0;

    for (; n < LIMIT && zx * zx + zy * zy <= 256.0f; n++) {
        const float next = zx * zx - zy * zy + cx;
        zy = 2.0f * zx * zy + cy;
        zx = next;
    }
    *norm = zx * zx + zy * zy;
    return n;
}

static void assert_picture(const uint32_t *counts, const float *norms)
{
    for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++) {
        float norm;
        const uint32_t count = iterate(i % WIDTH, i / WIDTH, &norm);
        assert_int_equal(counts[i], count);
        assert_memory_equal(&norms[i], &norm, sizeof norm);
    }
}

static void counts_rows(void **state)
{
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "mandelbrot");
    uint32_t *counts = setup_array(pool, WIDTH * HEIGHT * sizeof *counts);
    float *norms = setup_array(pool, WIDTH * HEIGHT * sizeof *norms);

    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_2d(WIDTH, HEIGHT),
                                  yoke_out(counts, WIDTH * sizeof *counts),
                                  yoke_out(norms, WIDTH * sizeof *norms),
                                  yoke_scalar((uint32_t)WIDTH), yoke_scalar(left),
                                  yoke_scalar(top), yoke_scalar(step),
                                  yoke_scalar((uint32_t)LIMIT)));
    assert_picture(counts, norms);
    setup_close(pool, kernel);
}

static void counts_columns(void **state)
{
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "mandelbrot");
    uint32_t *counts = setup_array(pool, WIDTH * HEIGHT * sizeof *counts);
    float *norms = setup_array(pool, WIDTH * HEIGHT * sizeof *norms);
    yoke_range range = yoke_range_2d(WIDTH, HEIGHT);
    const size_t pitch = WIDTH * sizeof *counts;

    range.split = YOKE_SPLIT_X;
    assert_ok_pool(
        pool,
        yoke_map(pool, kernel, range,
                 yoke_arg_strided(yoke_out(counts, sizeof *counts), HEIGHT, pitch),
                 yoke_arg_strided(yoke_out(norms, sizeof *norms), HEIGHT, pitch),
                 yoke_scalar((uint32_t)WIDTH), yoke_scalar(left), yoke_scalar(top),
                 yoke_scalar(step), yoke_scalar((uint32_t)LIMIT)));
    assert_picture(counts, norms);
    setup_close(pool, kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SAMPLE_TESTS(counts_rows),
                                       SAMPLE_TESTS(counts_columns)};

    return yt_run_group(tests);
}
