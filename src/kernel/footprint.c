/* SPDX-License-Identifier: MIT */
#include "kernel/footprint.h"

#include <stdbool.h>

#include "base/bits.h"

/* Parts by number, [begin, end). */
typedef struct part_run {
    uint64_t begin;
    uint64_t end;
} part_run;

static uint64_t add_sat(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return yk_add(a, b, &sum) ? sum : UINT64_MAX;
}

static uint64_t mul_sat(uint64_t a, uint64_t b)
{
    uint64_t product;

    return yk_mul(a, b, &product) ? product : UINT64_MAX;
}

static uint64_t block_count(const yk_arg *arg)
{
    return yk_max(arg->blocks, 1);
}

/* The parts that exist. */
static part_run all_parts(const yk_launch *launch, const yk_arg *arg)
{
    const uint64_t first = launch->begin[launch->split];

    if (arg->parts == YK_PARTS_GROUP) {
        return (part_run){0, yk_launch_group_count(launch)};
    }
    return (part_run){first, add_sat(first, launch->size[launch->split])};
}

/* The parts that belong to the items [begin, end). */
static part_run own_parts(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                          uint64_t end)
{
    const uint64_t first = launch->begin[launch->split];
    const uint64_t group = launch->group[launch->split];

    if (arg->parts != YK_PARTS_GROUP) {
        return (part_run){begin, end};
    }
    if (group == 0) {
        return (part_run){0, 0};
    }
    return (part_run){(begin - first) / group, yk_div_up(end - first, group)};
}

/* Blocks without gaps between them are one block. */
static yk_extent extent_joined(yk_extent extent)
{
    if (extent.blocks > 1 && extent.stride <= extent.bytes) {
        extent.bytes += (extent.blocks - 1) * extent.stride;
        extent.blocks = 1;
    }
    if (extent.blocks == 1) {
        extent.stride = extent.bytes;
    }
    return extent;
}

static yk_extent extent_of_bytes(uint64_t address, uint64_t bytes)
{
    return (yk_extent){address, bytes, 1, bytes};
}

static yk_extent extent_of_parts(const yk_arg *arg, part_run run)
{
    return extent_joined((yk_extent){
        .address = arg->address + arg->offset + run.begin * arg->bytes,
        .bytes = (run.end - run.begin) * arg->bytes,
        .blocks = block_count(arg),
        .stride = arg->stride,
    });
}

static size_t put_parts(const yk_arg *arg, part_run run, yk_extent *out)
{
    *out = extent_of_parts(arg, run);
    return out->bytes > 0 ? 1 : 0;
}

static size_t put_clipped_halo(const yk_arg *arg, part_run all, part_run own,
                               yk_extent *out)
{
    const part_run run = {
        own.begin - yk_min(arg->halo, own.begin - all.begin),
        own.end + yk_min(arg->halo, all.end - own.end),
    };

    return put_parts(arg, run, out);
}

static size_t put_periodic_halo(const yk_arg *arg, part_run all, part_run own,
                                yk_extent *out)
{
    const uint64_t below = own.begin - all.begin;
    const uint64_t above = all.end - own.end;
    part_run wrapped;
    size_t count;

    if (arg->halo <= below && arg->halo <= above) {
        return put_clipped_halo(arg, all, own, out);
    }
    if (arg->halo >= yk_div_up(below + above, 2)) {
        return put_parts(arg, all, out);
    }
    wrapped = arg->halo > below
                  ? (part_run){all.end - (arg->halo - below), all.end}
                  : (part_run){all.begin, all.begin + (arg->halo - above)};
    count = put_clipped_halo(arg, all, own, out);
    return count + put_parts(arg, wrapped, out + count);
}

/* All parts in one run; with an extent, from the address to its end or the last part's.
 */
static size_t put_reads_all(const yk_launch *launch, const yk_arg *arg, yk_extent *out)
{
    uint64_t low;
    uint64_t high;

    yk_footprint_span(launch, arg, &low, &high);
    *out = extent_of_bytes(low, high - low);
    return 1;
}

size_t yk_footprint_read(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                         uint64_t end, yk_extent out[YK_MAX_EXTENTS])
{
    part_run all;
    part_run own;

    if (arg->kind != YK_ARG_ARRAY || (arg->access & YK_READ) == 0 || begin >= end) {
        return 0;
    }
    if (arg->parts == YK_PARTS_WHOLE) {
        out[0] = extent_of_bytes(arg->address, arg->bytes);
        return 1;
    }
    if ((arg->flags & YK_ARG_READS_ALL) != 0) {
        return put_reads_all(launch, arg, out);
    }
    all = all_parts(launch, arg);
    own = own_parts(launch, arg, begin, end);
    if ((arg->flags & YK_ARG_PERIODIC) != 0) {
        return put_periodic_halo(arg, all, own, out);
    }
    return put_clipped_halo(arg, all, own, out);
}

yk_extent yk_footprint_own(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                           uint64_t end)
{
    if (arg->kind != YK_ARG_ARRAY || begin >= end) {
        return extent_of_bytes(arg->address, 0);
    }
    if (arg->parts == YK_PARTS_WHOLE) {
        return extent_of_bytes(arg->address, arg->bytes);
    }
    return extent_of_parts(arg, own_parts(launch, arg, begin, end));
}

size_t yk_footprint_write(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                          uint64_t end, yk_extent out[1])
{
    if (arg->kind != YK_ARG_ARRAY || (arg->access & YK_WRITE) == 0) {
        return 0;
    }
    out[0] = yk_footprint_own(launch, arg, begin, end);
    return out[0].bytes > 0 ? 1 : 0;
}

void yk_footprint_span(const yk_launch *launch, const yk_arg *arg, uint64_t *low,
                       uint64_t *high)
{
    const uint64_t parts = mul_sat(all_parts(launch, arg).end, arg->bytes);
    const uint64_t blocks = mul_sat(block_count(arg) - 1, arg->stride);
    uint64_t bytes = arg->bytes;

    if (arg->kind != YK_ARG_ARRAY) {
        bytes = 0;
    } else if (arg->parts != YK_PARTS_WHOLE) {
        bytes = add_sat(arg->offset, add_sat(parts, blocks));
        if ((arg->flags & YK_ARG_READS_ALL) != 0) {
            bytes = yk_max(bytes, arg->extent);
        }
    }
    *low = arg->address;
    *high = add_sat(arg->address, bytes);
}
