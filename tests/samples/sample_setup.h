/* SPDX-License-Identifier: MIT */
/*
 * Every test of a sample kernel runs on several pools: the host form on cores, the
 * source on cores, the source on an OpenCL device, both together, the host form on
 * devices whose memory is their own, and the source compiled as C.
 */
#ifndef SAMPLE_SETUP_H
#define SAMPLE_SETUP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "support/yoke_test.h"

#include "kernels.h"

typedef struct sample_setup {
    const char *devices;
    unsigned forms;
} sample_setup;

extern sample_setup sample_setups[];

/* The entries of a group: the test once per setup. */
#define SAMPLE_TESTS(test)                                                             \
    SAMPLE_TEST(test, "host form on cores", 0),                                        \
        SAMPLE_TEST(test, "source on cores", 1),                                       \
        SAMPLE_TEST(test, "source on an OpenCL device", 2),                            \
        SAMPLE_TEST(test, "both forms on both", 3),                                    \
        SAMPLE_TEST(test, "host form in private memory", 4),                           \
        SAMPLE_TEST(test, "source as C on cores", 5)

#define SAMPLE_TEST(test, where, index)                                                \
    {                                                                                  \
#test ": " where, test, NULL, yt_test_teardown, &sample_setups[index]          \
    }

/* The pool of a test's setup; all its devices are up. */
yoke_pool *setup_pool(void **state);

/* A sample kernel in the forms of the test's setup. */
yoke_kernel *setup_kernel(void **state, yoke_pool *pool, const char *name);

/* Memory of the pool. */
void *setup_array(yoke_pool *pool, size_t bytes);

/* Destroys the kernel and closes the pool. */
void setup_close(yoke_pool *pool, yoke_kernel *kernel);

/* A reproducible sequence of numbers. */
uint32_t next_random(uint32_t *seed);

/* Fills an array with floats between low and high, or with bytes. */
void fill_floats(float *values, size_t count, float low, float high);
void fill_bytes(uint8_t *values, size_t count);

/* Values that differ by more than `tolerance` times the largest expected one fail. */
void assert_floats_near(const float *values, const float *expected, size_t count,
                        double tolerance);

#endif
