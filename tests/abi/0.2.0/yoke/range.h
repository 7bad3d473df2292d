/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The index range a kernel is mapped over: one to three dimensions, as in OpenCL.
 */
#ifndef YOKE_RANGE_H
#define YOKE_RANGE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which dimension is cut into the pieces that the workers take. */
typedef enum yoke_split {
    YOKE_SPLIT_SLOWEST = 0, /**< the last dimension, whatever its size */
    YOKE_SPLIT_X = 1,       /**< dimension 0, get_global_id(0) */
    YOKE_SPLIT_Y = 2,       /**< dimension 1, get_global_id(1) */
    YOKE_SPLIT_Z = 3        /**< dimension 2, get_global_id(2) */
} yoke_split;

/**
 * An index range. An *item* is one step of the split dimension: an element in 1D, a row
 * in 2D, a plane in 3D, also if there is only one. Global ids run from begin[d] to
 * begin[d] + size[d] - 1.
 */
typedef struct yoke_range {
    unsigned dimensions; /**< 1 to 3 */
    yoke_split split;
    size_t begin[3]; /**< first global id; 0 where nothing else is said */
    size_t size[3];  /**< work-items; 1 in the dimensions not used */
    size_t reserved[2]; /**< 0 */
} yoke_range;

/** A range of n work-items: an item is one of them. */
static inline yoke_range yoke_range_1d(size_t n)
{
    const yoke_range range = {1, YOKE_SPLIT_SLOWEST, {0, 0, 0}, {n, 1, 1}, {0, 0}};
    return range;
}

/** A range of width (dimension 0) by height (dimension 1): an item is a row. */
static inline yoke_range yoke_range_2d(size_t width, size_t height)
{
    const yoke_range range = {
        2, YOKE_SPLIT_SLOWEST, {0, 0, 0}, {width, height, 1}, {0, 0}};
    return range;
}

/** A range of width by height by depth (dimension 2): an item is a plane. */
static inline yoke_range yoke_range_3d(size_t width, size_t height, size_t depth)
{
    const yoke_range range = {
        3, YOKE_SPLIT_SLOWEST, {0, 0, 0}, {width, height, depth}, {0, 0}};
    return range;
}

/** The same range with x, y and z as the first global ids; 0 in dimensions that are not used. */
static inline yoke_range yoke_range_from(yoke_range range, size_t x, size_t y, size_t z)
{
    range.begin[0] = x;
    range.begin[1] = y;
    range.begin[2] = z;
    return range;
}

/** The same range, cut into pieces in this dimension. */
static inline yoke_range yoke_range_split(yoke_range range, yoke_split split)
{
    range.split = split;
    return range;
}

#ifdef __cplusplus
}
#endif

#endif
