/* SPDX-License-Identifier: MIT */
/*
 * Mean, deviation and maximum of a large array. reduce.py beside this file does the same in
 * Python, by hand. There the last bits depend on the number of parts; here they are always the
 * same.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char usage[] = "usage: reduce [N]\n"
                            "Mean, deviation and maximum of N elements (16777216).\n";

/* Whole numbers from 0 to 999, in no order; one is greater. */
static void fill(float *x, size_t n)
{
    uint32_t state = 1;

    for (size_t i = 0; i < n; i++) {
        state = state * 1664525 + 1013904223;
        x[i] = (float)((state >> 8) % 1000);
    }
    x[n / 3] = 1000;
}

/* Integer sums are exact; float sums are within the bound that the header gives. */
static bool is_right(const float *x, size_t n, yoke_reduced sum, yoke_reduced squares,
                     yoke_reduced greatest)
{
    uint64_t exact = 0;
    uint64_t exact_squares = 0;

    for (size_t i = 0; i < n; i++) {
        exact += (uint64_t)x[i];
        exact_squares += (uint64_t)x[i] * (uint64_t)x[i];
    }
    return fabs(sum.value.f - (double)exact) <= 5e-6 * (double)exact &&
           fabs(squares.value.f - (double)exact_squares) <=
               5e-6 * (double)exact_squares &&
           greatest.index == n / 3 && greatest.value.f == 1000;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    const size_t n =
        argc > 1 ? example_number(argv[1], "N", 1, 1ul << 32) : (size_t)1 << 24;
    yoke_pool *pool = example_pool();
    float *x = example_alloc(pool, n * sizeof *x);
    yoke_reduced sum;
    yoke_reduced squares;
    yoke_reduced greatest;

    fill(x, n);
    const double start = example_seconds();
    example_check(pool,
                  yoke_reduce(pool,
                              yoke_reduction_of(YOKE_REDUCE_SUM_COMPENSATED,
                                                YOKE_TYPE_FLOAT, x, n),
                              &sum, NULL),
                  "sum");
    example_check(
        pool,
        yoke_reduce(pool,
                    yoke_reduction_of_two(YOKE_REDUCE_DOT, YOKE_TYPE_FLOAT, x, x, n),
                    &squares, NULL),
        "squares");
    example_check(
        pool,
        yoke_reduce(pool, yoke_reduction_of(YOKE_REDUCE_ARGMAX, YOKE_TYPE_FLOAT, x, n),
                    &greatest, NULL),
        "greatest");
    const double seconds = example_seconds() - start;
    const double mean = sum.value.f / (double)n;

    printf("mean %.6g, deviation %.6g, greatest %g at %llu\n", mean,
           sqrt(fmax(0, squares.value.f / (double)n - mean * mean)), greatest.value.f,
           (unsigned long long)greatest.index);
    char size[32];
    snprintf(size, sizeof size, "%zu", n);
    const int result = example_summary(pool, "reduce", size, seconds,
                                       is_right(x, n, sum, squares, greatest));
    example_close(pool);
    return result;
}
