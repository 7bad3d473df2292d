/* SPDX-License-Identifier: MIT */
/*
 * The built-in reductions: order and arithmetic, in both forms.
 *
 * An array is divided into blocks of YOKE_REDUCE_BLOCK elements. A block has YK_REDUCE_LANES
 * lanes: lane l takes the elements l, l + LANES, l + 2 LANES and so on, YK_REDUCE_RUN of
 * them in order, from the operation's identity on; each such run is merged into the lane's
 * total. Then lane l takes lane l + half, for half = LANES / 2, ..., 1. What is left at the
 * array's end is less than a block and belongs to the last block, as further runs of its
 * lanes; if there is no block, it is one. The blocks' results are merged as neighbours, in
 * pairs, until one is left.
 *
 * On the host a row of lanes is a vector or several, on a device a lane is a work-item.
 * A partial result is two numbers of one type: a value, and for the place of an element
 * its index in the block, for compensated sums the rounding error.
 */
#ifndef YK_REDUCE_REDUCTION_H
#define YK_REDUCE_REDUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "yoke/kernel.h"
#include "yoke/reduce.h"

enum { YK_REDUCE_LANES = 64, YK_REDUCE_RUN = 8 };

/* Merges partial results, which it overwrites, into a result. count >= 1. */
typedef void yk_reduce_finish(void *partials, size_t count, yoke_reduced *result);

/*
 * The kernel that makes a result of partial results, where no thread of the program does (graphs).
 * Its range is LANES, one chunk, and its parameters are
 *
 *     result     out, whole: a yoke_reduced
 *     partials   inout, whole
 *     count      uint64: how many, at least 1
 */

/*
 * One operation on one type. The kernel's range is LANES by the number of blocks, an item
 * is a block, and its parameters are
 *
 *     partials   out, partial_bytes per item
 *     x          in, a block per item; not read if `full` is 0
 *     x_rest     in, whole: what belongs to the last item beside, or instead of, its block
 *     last       uint64: the last item
 *     full       uint32: whether items have blocks
 *     rest       uint32: elements of x_rest
 *     y, y_rest  as x, of operations on two arrays
 */
typedef struct yk_reduction {
    const char *name;          /* of the kernel */
    const char *fold_name;     /* of the kernel that makes the result */
    const char *build_options; /* for the source */
    yoke_native *native;
    yoke_native *fold;
    yk_reduce_finish *finish;
    size_t element_bytes;
    size_t partial_bytes;
    bool needs_double;
    bool has_identity; /* the result for no elements is 0 */
    bool takes_two;
} yk_reduction;

enum { YK_REDUCTION_COUNT = 44 };

/* NULL if this type does not have the operation. Its index in the table is its distance from
 * the first. */
const yk_reduction *yk_reduction_find(yoke_reduce_operation operation, yoke_type type);

/* 0 to YK_REDUCTION_COUNT - 1. */
size_t yk_reduction_index(const yk_reduction *reduction);

/* The OpenCL C source of all of them. */
extern const char yk_reduce_source[];
extern const char yk_reduce_fold_source[];

/* Combines `count` >= 1 partial results of `bytes` bytes as neighbours, in pairs, until the
 * first is the result. */
void yk_reduce_pairs(void *partials, size_t count, size_t bytes,
                     void (*combine)(void *into, const void *from, void *context),
                     void *context);

#endif
