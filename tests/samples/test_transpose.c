/* SPDX-License-Identifier: MIT */
#include "sample_setup.h"

enum { TILE_BYTES = 16 * 17 * sizeof(float) };

/* An item is a row of the output, which is a column of the input. */
static void turn(void **state, uint32_t width, uint32_t height)
{
    const size_t count = (size_t)width * height;
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "transpose");
    float *in = setup_array(pool, count * sizeof *in);
    float *out = setup_array(pool, count * sizeof *out);
    const yoke_map_options options = {.round_up = true};

    fill_floats(in, count, 0.0f, 1.0f);
    assert_ok_pool(pool,
                   yoke_map_with(pool, kernel, yoke_range_2d(height, width), &options,
                                 YOKE_ARGS(yoke_out(out, height * sizeof *out),
                                           yoke_arg_strided(yoke_in(in, sizeof *in),
                                                            height, width * sizeof *in),
                                           yoke_scalar(width), yoke_scalar(height),
                                           yoke_local(TILE_BYTES))));
    for (size_t i = 0; i < count; i++) {
        const size_t x = i % height;
        const size_t y = i / height;
        assert_memory_equal(&out[i], &in[x * width + y], sizeof(float));
    }
    setup_close(pool, kernel);
}

static void turns_whole_squares(void **state)
{
    turn(state, 96, 64);
}

static void turns_any_size(void **state)
{
    turn(state, 131, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SAMPLE_TESTS(turns_whole_squares),
                                       SAMPLE_TESTS(turns_any_size)};

    return yt_run_group(tests);
}
