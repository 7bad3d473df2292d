/* SPDX-License-Identifier: MIT */
#include "surroundings_setup.h"

#include <stdint.h>
#include <stdio.h>

static void number(const yoke_span *span, void *const args[])
{
    uint64_t *out = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        out[i] = i + 1;
    }
}

int surroundings_use(yoke_pool *pool, size_t items)
{
    uint64_t *out = yoke_alloc(pool, items * sizeof *out);
    yoke_kernel *kernel;

    if (out == NULL ||
        yoke_kernel_create(&kernel, pool, &(yoke_kernel_options){.native = number}) !=
            YOKE_OK ||
        yoke_map(pool, kernel, yoke_range_1d(items), yoke_out(out, sizeof *out)) !=
            YOKE_OK) {
        (void)fprintf(stderr, "%s\n", yoke_pool_error(pool));
        return 10;
    }
    for (size_t i = 0; i < items; i++) {
        if (out[i] != i + 1) {
            return 11;
        }
    }
    return 0;
}
