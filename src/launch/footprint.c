/* SPDX-License-Identifier: MIT */
#include "launch/footprint.h"

#include <stdbool.h>

#include "base/bits.h"
#include "launch/pixels.h"

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

/* ---- whose parts they are ---- */

/* The numbers of the items [begin, end), or of their groups, as the array counts them. */
static yk_part_run item_numbers(const yk_launch *launch, const yk_arg *arg,
                                uint64_t begin, uint64_t end)
{
    const uint64_t first = launch->begin[launch->split];
    const uint64_t group = launch->group[launch->split];

    if (arg->parts == YK_PARTS_GROUP) {
        return group == 0 ? (yk_part_run){0, 0}
                          : (yk_part_run){(begin - first) / group,
                                          yk_div_up(end - first, group)};
    }
    return (arg->flags & YK_ARG_FROM_BEGIN) != 0
               ? (yk_part_run){begin - first, end - first}
               : (yk_part_run){begin, end};
}

/* floor(number * up / down), without an overflow that the result does not have. */
static uint64_t footprint_scale(const yk_arg *arg, uint64_t number)
{
    const uint64_t rest = number % arg->scale_down;

    return add_sat(mul_sat(number / arg->scale_down, arg->scale_up),
                   rest * arg->scale_up / arg->scale_down);
}

static uint64_t offset_in(const yk_arg *arg, uint64_t table, uint64_t number)
{
    const void *at = (const void *)(uintptr_t)(table + number * arg->offset_bytes);
    const uint64_t offset =
        arg->offset_bytes == 4 ? *(const uint32_t *)at : *(const uint64_t *)at;

    return yk_max(arg->offsets_low, yk_min(offset, arg->offsets_high));
}

static uint64_t offset_of(const yk_arg *arg, uint64_t number)
{
    return offset_in(arg, arg->offsets, number);
}

/* From the least begin to the greatest end of the items that have parts. */
static yk_part_run footprint_between(const yk_arg *arg, yk_part_run n)
{
    yk_part_run all = {arg->offsets_high, arg->offsets_low};

    if ((arg->flags & YK_ARG_ASCENDS) != 0) {
        return (yk_part_run){offset_of(arg, n.begin), offset_in(arg, arg->ends, n.end - 1)};
    }
    for (uint64_t i = n.begin; i < n.end; i++) {
        const uint64_t begin = offset_of(arg, i);
        const uint64_t end = offset_in(arg, arg->ends, i);

        if (begin < end) {
            all.begin = yk_min(all.begin, begin);
            all.end = yk_max(all.end, end);
        }
    }
    return all.begin < all.end ? all : (yk_part_run){arg->offsets_low, arg->offsets_low};
}

/* The parts that belong to items with the numbers [n.begin, n.end), of which there is one. */
static yk_part_run footprint_map(const yk_arg *arg, yk_part_run n)
{
    switch (arg->map) {
    case YK_MAP_SCALED:
        return (yk_part_run){footprint_scale(arg, n.begin),
                             yk_max(footprint_scale(arg, n.end),
                                    footprint_scale(arg, n.end - 1) + 1)};
    case YK_MAP_MIRRORED:
        return (yk_part_run){arg->mirror - n.end, arg->mirror - n.begin};
    case YK_MAP_OFFSETS:
        return (yk_part_run){offset_of(arg, n.begin), offset_of(arg, n.end)};
    case YK_MAP_BETWEEN:
        return footprint_between(arg, n);
    default:
        return n;
    }
}

yk_part_run yk_footprint_owned(const yk_launch *launch, const yk_arg *arg)
{
    const uint64_t first = launch->begin[launch->split];

    if (arg->map == YK_MAP_OFFSETS || arg->map == YK_MAP_BETWEEN) {
        return (yk_part_run){arg->offsets_low, arg->offsets_high};
    }
    return footprint_map(
        arg, item_numbers(launch, arg, first, add_sat(first, launch->size[launch->split])));
}

/* ---- parts, counted from the first that exists ---- */

static yk_part_run all_parts(const yk_launch *launch, const yk_arg *arg)
{
    const yk_part_run owned = yk_footprint_owned(launch, arg);

    return (yk_part_run){
        0, add_sat(arg->before, add_sat(owned.end - owned.begin, arg->after))};
}

/* The parts that belong to the items [begin, end). */
static yk_part_run own_parts(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                             uint64_t end)
{
    const uint64_t first = launch->begin[launch->split];
    const yk_part_run owned = yk_footprint_owned(launch, arg);
    /* Offsets are not read for the whole range: a job's footprint outlives them. */
    const yk_part_run own =
        begin == first && end - first == launch->size[launch->split]
            ? owned
            : footprint_map(arg, item_numbers(launch, arg, begin, end));

    return (yk_part_run){arg->before + own.begin - owned.begin,
                         arg->before + own.end - owned.begin};
}

/* Modulo 2^64: parts before the array's pointer have negative numbers. */
static uint64_t part_address(const yk_launch *launch, const yk_arg *arg, uint64_t part)
{
    const uint64_t number = yk_footprint_owned(launch, arg).begin - arg->before + part;

    return arg->address + arg->offset + number * yk_arg_pitch(arg);
}

static size_t put_parts(const yk_launch *launch, const yk_arg *arg, yk_part_run run,
                        yk_extent *out)
{
    const uint64_t address = part_address(launch, arg, run.begin);

    if (run.begin >= run.end) {
        *out = yk_extent_run(address, 0);
        return 0;
    }
    *out = yk_extent_joined((yk_extent){
        .address = address,
        .bytes = arg->bytes,
        .blocks = run.end - run.begin,
        .stride = yk_arg_pitch(arg),
        .planes = block_count(arg),
        .plane_stride = arg->stride,
    });
    return 1;
}

static size_t put_whole(const yk_arg *arg, yk_extent *out)
{
    *out = yk_extent_joined((yk_extent){
        .address = arg->address,
        .bytes = arg->bytes,
        .blocks = block_count(arg),
        .stride = arg->stride,
        .planes = 1,
    });
    return 1;
}

/* ---- halos ---- */

static size_t put_halo(const yk_launch *launch, const yk_arg *arg, yk_part_run all,
                       yk_part_run own, yk_extent *out)
{
    const yk_part_run run = {
        own.begin - yk_min(arg->halo_before, own.begin - all.begin),
        own.end + yk_min(arg->halo_after, all.end - own.end),
    };

    return put_parts(launch, arg, run, out);
}

/* At most three runs: around the items' own parts, and what continues at the other end of the
 * array. */
static size_t put_periodic_halo(const yk_launch *launch, const yk_arg *arg,
                                yk_part_run all, yk_part_run own, yk_extent *out)
{
    const uint64_t below = own.begin - all.begin;
    const uint64_t above = all.end - own.end;
    const uint64_t before = yk_min(arg->halo_before, below + above);
    const uint64_t after = yk_min(arg->halo_after, below + above);
    size_t count;

    if (add_sat(before, after) >= below + above) {
        return put_parts(launch, arg, all, out);
    }
    count = put_halo(launch, arg, all, own, out);
    if (before > below) {
        count += put_parts(launch, arg, (yk_part_run){all.end - (before - below), all.end},
                           out + count);
    }
    if (after > above) {
        count +=
            put_parts(launch, arg, (yk_part_run){all.begin, all.begin + (after - above)},
                      out + count);
    }
    return count;
}

/* ---- what items touch ---- */

size_t yk_footprint_read(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                         uint64_t end, yk_extent out[YK_MAX_EXTENTS])
{
    yk_part_run all;
    yk_part_run own;

    if (arg->kind != YK_ARG_ARRAY || (arg->access & YK_READ) == 0 || begin >= end) {
        return 0;
    }
    if (arg->parts == YK_PARTS_WHOLE) {
        return put_whole(arg, out);
    }
    all = all_parts(launch, arg);
    if ((arg->flags & YK_ARG_READS_ALL) != 0) {
        return put_parts(launch, arg, all, out);
    }
    own = own_parts(launch, arg, begin, end);
    if ((arg->flags & YK_ARG_PERIODIC) != 0) {
        return put_periodic_halo(launch, arg, all, own, out);
    }
    return put_halo(launch, arg, all, own, out);
}

yk_extent yk_footprint_own(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                           uint64_t end)
{
    yk_extent own = yk_extent_run(arg->address, 0);

    if (arg->kind == YK_ARG_ARRAY && begin < end) {
        (void)(arg->parts == YK_PARTS_WHOLE
                   ? put_whole(arg, &own)
                   : put_parts(launch, arg, own_parts(launch, arg, begin, end), &own));
    }
    return own;
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

size_t yk_footprint_load(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                         uint64_t end, yk_extent out[YK_MAX_EXTENTS])
{
    return yk_arg_leaves_some(arg) ? yk_footprint_write(launch, arg, begin, end, out)
                                   : yk_footprint_read(launch, arg, begin, end, out);
}

uint64_t yk_footprint_shift(const yk_launch *launch, const yk_arg *arg, uint64_t begin)
{
    return arg->kind == YK_ARG_ARRAY && (arg->flags & YK_ARG_COPIES) != 0
               ? yk_footprint_own(launch, arg, begin, begin + 1).address - arg->address
               : 0;
}

/* ---- all of it ---- */

/* The number of bytes from a part's first byte to its last. */
static uint64_t part_reach(const yk_arg *arg)
{
    return add_sat(arg->bytes, mul_sat(block_count(arg) - 1, arg->stride));
}

static void parts_span(const yk_launch *launch, const yk_arg *arg, uint64_t *low,
                       uint64_t *high)
{
    const uint64_t pitch = yk_arg_pitch(arg);
    yk_part_run owned;
    uint64_t end;
    uint64_t front;

    *low = arg->address;
    *high = arg->address;
    if (arg->kind != YK_ARG_ARRAY) {
        return;
    }
    if (arg->parts == YK_PARTS_WHOLE) {
        *high = add_sat(*high, part_reach(arg));
        return;
    }
    owned = yk_footprint_owned(launch, arg);
    end = add_sat(owned.end, arg->after);
    if (end > 0 && (end > owned.begin || arg->before > 0)) {
        *high = add_sat(*high, add_sat(arg->offset, mul_sat(end - 1, pitch)));
        *high = add_sat(*high, part_reach(arg));
    }
    front = part_address(launch, arg, 0) - arg->address;
    if (arg->before > 0 && (int64_t)front < 0) {
        *low += front;
    }
}

/* An image is all there, whatever items access of it. */
void yk_footprint_span(const yk_launch *launch, const yk_arg *arg, uint64_t *low,
                       uint64_t *high)
{
    const yk_pixels *pixels = yk_launch_pixels(launch, arg);

    parts_span(launch, arg, low, high);
    if (pixels != NULL) {
        *high = yk_max(*high, add_sat(arg->address, pixels->bytes));
    }
}
