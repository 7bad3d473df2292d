/* SPDX-License-Identifier: MIT */
#include "storage.h"

#include <stdio.h>
#include <stdlib.h>

void *sim_array(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);

    if (memory == NULL) {
        fprintf(stderr, "yoke_simulate: no memory for %zu x %zu bytes\n", count, size);
        exit(1);
    }
    return memory;
}
