/* SPDX-License-Identifier: MIT */
#include "kernel/lent.h"

#include "kernel/footprint.h"

void yk_lent_changed(const yk_launch *launch, uint64_t begin, uint64_t end)
{
    for (uint32_t i = 0; i < launch->arg_count; i++) {
        const yk_arg *arg = &launch->args[i];
        yk_extent extent;

        if (arg->table == 0 ||
            yk_footprint_write(launch, arg, begin, end, &extent) == 0) {
            continue;
        }
        for (uint64_t b = 0; b < extent.blocks; b++) {
            const uint64_t low = extent.address + b * extent.stride;

            yk_residency_raise(yk_lent_table(arg), low, low + extent.bytes);
        }
    }
}
