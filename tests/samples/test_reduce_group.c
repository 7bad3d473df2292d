/* SPDX-License-Identifier: MIT */
#include "sample_setup.h"

enum { GROUP = 64 };

static float sum_tree(const float *in, size_t count)
{
    float level[GROUP] = {0};

    memcpy(level, in, count * sizeof *in);
    for (size_t width = GROUP / 2; width > 0; width /= 2) {
        for (size_t k = 0; k < width; k++) {
            level[k] = level[k] + level[k + width];
        }
    }
    return level[0];
}

/* The last group is not full: the launch is rounded up and the kernel tests the bound.
 */
static void sums_each_group(void **state)
{
    enum { N = 100 * GROUP + 17, GROUPS = 101 };
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "reduce_group");
    float *in = setup_array(pool, N * sizeof *in);
    float *partial = setup_array(pool, GROUPS * sizeof *partial);
    const yoke_map_options options = {.round_up = true};

    fill_floats(in, N, -1.0f, 2.0f);
    assert_ok_pool(
        pool,
        yoke_map_with(pool, kernel, yoke_range_1d(N), &options,
                      YOKE_ARGS(yoke_arg_per_group(yoke_out(partial, sizeof *partial)),
                                yoke_in(in, sizeof *in), yoke_scalar((uint32_t)N),
                                yoke_local(GROUP * sizeof(float)))));
    for (size_t g = 0; g < GROUPS; g++) {
        const size_t left = N - g * GROUP;
        const float expected = sum_tree(in + g * GROUP, left < GROUP ? left : GROUP);
        assert_memory_equal(&partial[g], &expected, sizeof expected);
    }
    setup_close(pool, kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SAMPLE_TESTS(sums_each_group)};

    return yt_run_group(tests);
}
