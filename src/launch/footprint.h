/* SPDX-License-Identifier: MIT */
/*
 * The footprint: which bytes of an array argument a chunk of items accesses. Pure arithmetic.
 * This is the only place that knows it: transfers, the undo log, conflicts between jobs and the
 * checks of arguments all ask here.
 *
 * Items are counted by global id in the split dimension, from launch->begin[split]. Extents are
 * joined (see yk_extent_joined()), and contain no gap between parts or blocks.
 *
 * The offsets of a ragged array are read here, except for the footprint of the whole range.
 */
#ifndef YK_LAUNCH_FOOTPRINT_H
#define YK_LAUNCH_FOOTPRINT_H

#include <stddef.h>
#include <stdint.h>

#include "launch/extent.h"
#include "launch/launch.h"

enum { YK_MAX_EXTENTS = 3 };

/* What the items [begin, end) may read. Returns the number of extents; 0 if the argument is not
 * read or not an array. */
size_t yk_footprint_read(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                         uint64_t end, yk_extent out[YK_MAX_EXTENTS]);

/* What the items [begin, end) may write: 0 or 1 extent. */
size_t yk_footprint_write(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                          uint64_t end, yk_extent out[1]);

/* The items' own parts, read or written. */
yk_extent yk_footprint_own(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                           uint64_t end);

/* The parts that belong to the range's items, or groups: the number of the first, counted from
 * the array's part 0, and of the one after the last. */
typedef struct yk_part_run {
    uint64_t begin;
    uint64_t end;
} yk_part_run;

yk_part_run yk_footprint_owned(const yk_launch *launch, const yk_arg *arg);

/* What has to be there before the items [begin, end) run on a copy of the array: what they
 * read, and what they may leave unchanged. Returns the number of extents. */
size_t yk_footprint_load(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                         uint64_t end, yk_extent out[YK_MAX_EXTENTS]);

/* What the kernel's pointer differs by from the argument's address, in bytes, in a chunk that
 * begins with this item: 0, unless each block of items has a copy. */
uint64_t yk_footprint_shift(const yk_launch *launch, const yk_arg *arg, uint64_t begin);

/* One run of bytes [*low, *high) that contains the argument's address, all that any item may
 * access, and all of an image. *low is below the address if parts of a halo lie before it. */
void yk_footprint_span(const yk_launch *launch, const yk_arg *arg, uint64_t *low,
                       uint64_t *high);

#endif
