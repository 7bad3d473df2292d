/* SPDX-License-Identifier: MIT */
#include "reduce/reduction.h"

void yk_reduce_pairs(void *partials, size_t count, size_t bytes,
                     void (*combine)(void *into, const void *from, void *context),
                     void *context)
{
    char *first = partials;

    for (size_t step = 1; step < count; step *= 2) {
        for (size_t k = 0; k + step < count; k += 2 * step) {
            combine(first + k * bytes, first + (k + step) * bytes, context);
        }
    }
}
