/* SPDX-License-Identifier: MIT */
#include "sample_setup.h"

#include <math.h>

sample_setup sample_setups[] = {
    {"cpu", SAMPLE_NATIVE},
    {"cpu", SAMPLE_SOURCE},
    {"opencl:pocl", SAMPLE_BOTH},
    {"cpu,opencl:pocl", SAMPLE_BOTH},
    {"fake:2x1/private", SAMPLE_NATIVE},
    {"cpu", SAMPLE_CLC},
};

yoke_pool *setup_pool(void **state)
{
    const sample_setup *setup = *state;
    const yoke_pool_options options = {.devices = setup->devices, .wait_ready = true};
    yoke_pool *pool = NULL;

    assert_ok_pool(NULL, yoke_pool_create(&pool, &options));
    return pool;
}

yoke_kernel *setup_kernel(void **state, yoke_pool *pool, const char *name)
{
    const sample_setup *setup = *state;
    yoke_kernel *kernel = NULL;

    assert_ok_pool(pool, sample_kernel_create(&kernel, pool, name, setup->forms));
    return kernel;
}

void *setup_array(yoke_pool *pool, size_t bytes)
{
    void *array = yoke_alloc(pool, bytes);

    assert_non_null(array);
    return array;
}

void setup_close(yoke_pool *pool, yoke_kernel *kernel)
{
    yoke_kernel_destroy(kernel);
    assert_ok(yoke_pool_close(pool));
}

uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return *seed >> 8;
}

void fill_floats(float *values, size_t count, float low, float high)
{
    uint32_t seed = 1;

    for (size_t i = 0; i < count; i++) {
        const float unit = (float)next_random(&seed) / 16777216.0f;
        values[i] = low + (high - low) * unit;
    }
}

void fill_bytes(uint8_t *values, size_t count)
{
    uint32_t seed = 7;

    for (size_t i = 0; i < count; i++) {
        values[i] = (uint8_t)next_random(&seed);
    }
}

void assert_floats_near(const float *values, const float *expected, size_t count,
                        double tolerance)
{
    double largest = 0;

    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)expected[i]));
    }
    for (size_t i = 0; i < count; i++) {
        const double error = fabs((double)values[i] - (double)expected[i]);
        if (!(error <= tolerance * largest)) {
            fail_msg("value %zu is %.9g, expected %.9g", i, (double)values[i],
                     (double)expected[i]);
        }
    }
}
