/* SPDX-License-Identifier: MIT */
/*
 * Works on arrays that Python has put into shared memory: share.py starts this program with
 * the segment's name. It holds three arrays of floats, x, y and z; z becomes 2 x + y.
 */
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: share NAME\nComputes z = 2 x + y in place, in shared memory of "
              "that "
              "name that holds x, y and z.\n",
              stderr);
        return EXIT_FAILURE;
    }
    yoke_pool *pool = example_pool();
    yoke_kernel *kernel = example_kernel(pool, "saxpy");
    yoke_shm *shm = NULL;

    example_check(pool, yoke_shm_open(&shm, pool, argv[1], NULL), argv[1]);
    const size_t count = yoke_shm_bytes(shm) / (3 * sizeof(float));
    float *x = yoke_shm_pointer(shm), *y = x + count, *z = y + count;
    const double start = example_seconds();
    const yoke_status status =
        yoke_map(pool, kernel, yoke_range_1d(count), yoke_out(z, sizeof *z),
                 yoke_in(x, sizeof *x), yoke_in(y, sizeof *y), yoke_scalar(2.0f));
    const double seconds = example_seconds() - start;
    example_check(pool, status, "share");

    char size[32];
    snprintf(size, sizeof size, "%zu", count);
    const int result = example_summary(pool, "share", size, seconds,
                                       count > 0 && z[0] == 2.0f * x[0] + y[0]);
    yoke_kernel_destroy(kernel);
    example_close(pool);
    return result;
}
