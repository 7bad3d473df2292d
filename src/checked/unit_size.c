/* SPDX-License-Identifier: MIT */
#include "checked/unit_size.h"

#include "base/bits.h"
#include "launch/footprint.h"

/* The maximum number of units of a launch, given what calling a kernel costs, and the maximum
 * number of bytes that all of them may move. */
static const uint64_t max_native_units = (uint64_t)1 << 17;
static const uint64_t max_source_units = (uint64_t)1 << 15;
static const uint64_t max_bytes = (uint64_t)16 << 30;

static bool unit_is_read_by_all(const yk_arg *arg)
{
    return (arg->access & YK_READ) != 0 &&
           (arg->parts == YK_PARTS_WHOLE || (arg->flags & YK_ARG_READS_ALL) != 0);
}

/* About how many bytes the checks move for a unit in the middle of the range. */
static uint64_t unit_cost(const yk_launch *launch, uint64_t items)
{
    enum { RUNS = 5, PAGE = 4096 };
    const uint64_t first = launch->begin[launch->split];
    const uint64_t begin = first + (launch->size[launch->split] - items) / 2;
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < launch->arg_count; i++) {
        const yk_arg *arg = &launch->args[i];
        yk_extent all[YK_MAX_EXTENTS + 1];
        size_t count = yk_footprint_read(launch, arg, begin, begin + items, all);

        if (unit_is_read_by_all(arg) && yk_extent_pieces(&all[0]) == 1) {
            count = 0; /* it is copied once */
        }
        count += yk_footprint_write(launch, arg, begin, begin + items, all + count);
        for (size_t k = 0; k < count; k++) {
            bytes += PAGE + yk_extent_end(&all[k]) - all[k].address;
        }
    }
    return RUNS * bytes;
}

/* One item at a time, or one work-group, unless that would take too long. */
uint64_t yk_unit_choose(const yk_launch *launch, bool is_source)
{
    const uint64_t items = launch->size[launch->split];
    const uint64_t least = yk_max(launch->group[launch->split], 1);
    const uint64_t max_count = is_source ? max_source_units : max_native_units;
    uint64_t unit = least * yk_div_up(yk_div_up(items, least), max_count);

    if (launch->whole != 0) {
        return items;
    }
    while (unit < items &&
           yk_div_up(items, unit) * unit_cost(launch, unit) > max_bytes) {
        unit *= 2;
    }
    return unit;
}
