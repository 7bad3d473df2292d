/* SPDX-License-Identifier: MIT */
/* z = a x + y over all devices: the smallest complete program. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

static const char usage[] = "usage: saxpy [--count N]\n"
                            "Computes z = 2 x + y for N floats on all devices "
                            "(YOKE_DEVICES chooses them).\n";

static size_t parse(int argc, char **argv)
{
    static const struct option options[] = {{"count", required_argument, NULL, 'n'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    size_t count = 1 << 24;
    int option;

    while ((option = getopt_long(argc, argv, "n:h", options, NULL)) != -1) {
        if (option == 'n') {
            count = example_number(optarg, "count", 1, 1ul << 31);
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE);
        }
    }
    return count;
}

static bool is_right(const float *z, const float *x, const float *y, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float expected = 2.0f * x[i] + y[i];
        if (z[i] < expected || z[i] > expected) {
            fprintf(stderr, "z[%zu] is %g, not %g\n", i, (double)z[i],
                    (double)expected);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    const size_t count = parse(argc, argv);
    yoke_pool *pool = example_pool();
    yoke_kernel *kernel = example_kernel(pool, "saxpy");
    float *x = example_alloc(pool, count * sizeof *x);
    float *y = example_alloc(pool, count * sizeof *y);
    float *z = example_alloc(pool, count * sizeof *z);

    for (size_t i = 0; i < count; i++) {
        x[i] = (float)(i % 1000) * 0.001f;
        y[i] = (float)(i % 77);
    }
    const double start = example_seconds();
    const yoke_status status =
        yoke_map(pool, kernel, yoke_range_1d(count), yoke_out(z, sizeof *z),
                 yoke_in(x, sizeof *x), yoke_in(y, sizeof *y), yoke_scalar(2.0f));
    const double seconds = example_seconds() - start;
    example_check(pool, status, "saxpy");

    char size[32];
    snprintf(size, sizeof size, "%zu", count);
    const int result =
        example_summary(pool, "saxpy", size, seconds, is_right(z, x, y, count));
    yoke_kernel_destroy(kernel);
    example_close(pool);
    return result;
}
