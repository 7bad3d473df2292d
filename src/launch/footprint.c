/* SPDX-License-Identifier: MIT */
#include "launch/footprint.h"

#include <stdbool.h>

#include "base/bits.h"

/* Parts [begin, end), counted from the first part that exists. */
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

/* ---- parts ---- */

/* The number of parts that belong to the range's items. */
static uint64_t owned_count(const yk_launch *launch, const yk_arg *arg)
{
    return arg->parts == YK_PARTS_GROUP ? yk_launch_group_count(launch)
                                        : launch->size[launch->split];
}

/* The number of the first item's part: group 0's, or the first global id. */
static uint64_t first_owned(const yk_launch *launch, const yk_arg *arg)
{
    return arg->parts == YK_PARTS_GROUP ? 0 : launch->begin[launch->split];
}

static part_run all_parts(const yk_launch *launch, const yk_arg *arg)
{
    const uint64_t count = add_sat(owned_count(launch, arg), arg->after);

    return (part_run){0, add_sat(arg->before, count)};
}

/* The parts that belong to the items [begin, end). */
static part_run own_parts(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                          uint64_t end)
{
    const uint64_t first = launch->begin[launch->split];
    const uint64_t group = launch->group[launch->split];

    begin -= first;
    end -= first;
    if (arg->parts == YK_PARTS_GROUP) {
        begin = group == 0 ? 0 : begin / group;
        end = group == 0 ? 0 : yk_div_up(end, group);
    }
    return (part_run){arg->before + begin, arg->before + end};
}

/* Modulo 2^64: parts before the array's pointer have negative numbers. */
static uint64_t part_address(const yk_launch *launch, const yk_arg *arg, uint64_t part)
{
    const uint64_t number = first_owned(launch, arg) - arg->before + part;

    return arg->address + arg->offset + number * yk_arg_pitch(arg);
}

static size_t put_parts(const yk_launch *launch, const yk_arg *arg, part_run run,
                        yk_extent *out)
{
    if (run.begin >= run.end) {
        return 0;
    }
    *out = yk_extent_joined((yk_extent){
        .address = part_address(launch, arg, run.begin),
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

static size_t put_halo(const yk_launch *launch, const yk_arg *arg, part_run all,
                       part_run own, yk_extent *out)
{
    const part_run run = {
        own.begin - yk_min(arg->halo_before, own.begin - all.begin),
        own.end + yk_min(arg->halo_after, all.end - own.end),
    };

    return put_parts(launch, arg, run, out);
}

/* At most three runs: around the items' own parts, and what continues at the other end of the
 * array. */
static size_t put_periodic_halo(const yk_launch *launch, const yk_arg *arg,
                                part_run all, part_run own, yk_extent *out)
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
        count += put_parts(launch, arg, (part_run){all.end - (before - below), all.end},
                           out + count);
    }
    if (after > above) {
        count +=
            put_parts(launch, arg, (part_run){all.begin, all.begin + (after - above)},
                      out + count);
    }
    return count;
}

/* ---- what items touch ---- */

size_t yk_footprint_read(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                         uint64_t end, yk_extent out[YK_MAX_EXTENTS])
{
    part_run all;
    part_run own;

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

/* ---- all of it ---- */

/* The number of bytes from a part's first byte to its last. */
static uint64_t part_reach(const yk_arg *arg)
{
    return add_sat(arg->bytes, mul_sat(block_count(arg) - 1, arg->stride));
}

void yk_footprint_span(const yk_launch *launch, const yk_arg *arg, uint64_t *low,
                       uint64_t *high)
{
    const uint64_t pitch = yk_arg_pitch(arg);
    const uint64_t last = add_sat(first_owned(launch, arg),
                                  add_sat(owned_count(launch, arg), arg->after)) -
                          1;
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
    *high = add_sat(
        *high, add_sat(add_sat(arg->offset, mul_sat(last, pitch)), part_reach(arg)));
    front = part_address(launch, arg, 0) - arg->address;
    if (arg->before > 0 && (int64_t)front < 0) {
        *low += front;
    }
}
