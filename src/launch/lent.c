/* SPDX-License-Identifier: MIT */
#include "launch/lent.h"

#include "base/bits.h"

void yk_lent_changed(const yk_launch *launch, uint64_t begin, uint64_t end)
{
    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        const yk_arg *arg = &launch->args[i];
        yk_extent extent;

        if (arg->table == 0 ||
            yk_footprint_write(launch, arg, begin, end, &extent) == 0) {
            continue;
        }
        for (uint64_t k = 0; k < yk_extent_pieces(&extent); k++) {
            const uint64_t low = yk_extent_piece(&extent, k);

            yk_residency_raise(yk_lent_table(arg), low, low + extent.bytes);
        }
    }
}

bool yk_lent_may_stay(const yk_arg *arg)
{
    return arg->kind == YK_ARG_ARRAY && arg->table != 0 &&
           (arg->access & YK_WRITE) != 0 && arg->parts != YK_PARTS_WHOLE &&
           (arg->flags & (YK_ARG_READS_ALL | YK_ARG_IMAGE)) == 0 && arg->blocks <= 1 &&
           yk_arg_pitch(arg) == arg->bytes;
}

size_t yk_lent_ends(const yk_residency *table, const yk_extent *run, yk_extent ends[2])
{
    const uint64_t high = run->address + run->bytes;
    const yk_pages covered = yk_residency_covered(table, run->address, high);
    uint64_t first;
    uint64_t bytes;
    size_t count = 0;

    if (covered.first == covered.end) {
        ends[0] = *run;
        return 1;
    }
    bytes = yk_residency_bytes(table, covered, &first);
    if (run->address < first) {
        ends[count++] = yk_extent_run(run->address, first - run->address);
    }
    if (first + bytes < high) {
        ends[count++] = yk_extent_run(first + bytes, high - first - bytes);
    }
    return count;
}

yk_pages yk_lent_replaced(const yk_launch *launch, const yk_arg *arg)
{
    const uint64_t begin = launch->begin[launch->split];
    const uint64_t end = begin + launch->size[launch->split];
    yk_extent all;

    if ((arg->access & YK_READ) != 0 || yk_arg_leaves_some(arg) ||
        yk_footprint_write(launch, arg, begin, end, &all) == 0 ||
        yk_extent_pieces(&all) > 1) {
        return (yk_pages){0, 0};
    }
    return yk_residency_covered(yk_lent_table(arg), all.address,
                                all.address + all.bytes);
}
