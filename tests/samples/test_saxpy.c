/* SPDX-License-Identifier: MIT */
#include "sample_setup.h"

static void scales_and_adds(void **state)
{
    enum { N = 100003 };
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "saxpy");
    float *x = setup_array(pool, N * sizeof *x);
    float *y = setup_array(pool, N * sizeof *y);
    float *z = setup_array(pool, N * sizeof *z);

    fill_floats(x, N, -1.0f, 1.0f);
    fill_floats(y, N, 0.0f, 5.0f);
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(N),
                                  yoke_out(z, sizeof *z), yoke_in(x, sizeof *x),
                                  yoke_in(y, sizeof *y), yoke_scalar(2.5f)));
    for (size_t i = 0; i < N; i++) {
        const float product = 2.5f * x[i];
        const float expected = product + y[i];
        assert_memory_equal(&z[i], &expected, sizeof expected);
    }
    setup_close(pool, kernel);
}

/* A range that does not start at 0 leaves the rest as it is. */
static void starts_where_the_range_does(void **state)
{
    enum { N = 1000, BEGIN = 300, COUNT = 501 };
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "saxpy");
    float *x = setup_array(pool, N * sizeof *x);
    float *z = setup_array(pool, N * sizeof *z);
    yoke_range range = yoke_range_1d(COUNT);

    fill_floats(x, N, 1.0f, 2.0f);
    range.begin[0] = BEGIN;
    assert_ok_pool(pool, yoke_map(pool, kernel, range, yoke_out(z, sizeof *z),
                                  yoke_in(x, sizeof *x), yoke_in(x, sizeof *x),
                                  yoke_scalar(1.0f)));
    for (size_t i = 0; i < N; i++) {
        const float expected = i >= BEGIN && i < BEGIN + COUNT ? x[i] + x[i] : 0.0f;
        assert_memory_equal(&z[i], &expected, sizeof expected);
    }
    setup_close(pool, kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SAMPLE_TESTS(scales_and_adds),
                                       SAMPLE_TESTS(starts_where_the_range_does)};

    return yt_run_group(tests);
}
