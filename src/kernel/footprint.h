/* SPDX-License-Identifier: MIT */
/*
 * Which bytes of an array argument a chunk of items touches. Pure arithmetic, the one
 * place that knows it: transfers, the undo log, conflicts between jobs and the checks of
 * arguments all ask here.
 *
 * Items are counted by global id in the split dimension, from launch->begin[split].
 */
#ifndef YK_KERNEL_FOOTPRINT_H
#define YK_KERNEL_FOOTPRINT_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/launch.h"

/* `blocks` pieces of `bytes` bytes, the first at `address`, each `stride` after the last.
 * With one block, stride is of no meaning. */
typedef struct yk_extent {
    uint64_t address;
    uint64_t bytes;
    uint64_t blocks;
    uint64_t stride;
} yk_extent;

enum { YK_MAX_EXTENTS = 3 };

/* What the items [begin, end) may read. Returns how many extents; 0 if the argument is
 * not read or no array. */
size_t yk_footprint_read(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                         uint64_t end, yk_extent out[YK_MAX_EXTENTS]);

/* What the items [begin, end) may write: 0 or 1 extent. */
size_t yk_footprint_write(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                          uint64_t end, yk_extent out[1]);

/* The items' own parts, read or written. */
yk_extent yk_footprint_own(const yk_launch *launch, const yk_arg *arg, uint64_t begin,
                           uint64_t end);

/* One run of bytes [*low, *high) from the argument's address on that contains all that
 * any item may touch; *low is the address itself. */
void yk_footprint_span(const yk_launch *launch, const yk_arg *arg, uint64_t *low,
                       uint64_t *high);

#endif
