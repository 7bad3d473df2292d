/* SPDX-License-Identifier: MIT */
/*
 * An extent: bytes that lie in memory as a grid, pieces of equal size at two constant
 * distances. One run of bytes, the rows of a tile, columns of a matrix and the rows of a box
 * all have this form. Pure arithmetic.
 */
#ifndef YK_LAUNCH_EXTENT_H
#define YK_LAUNCH_EXTENT_H

#include <stdbool.h>
#include <stdint.h>

/* `blocks` pieces of `bytes` bytes, each `stride` after the previous one, and all of this
 * `planes` times, each `plane_stride` after the previous time. Both counts are at least 1. If a
 * count is 1, its distance has no meaning. */
typedef struct yk_extent {
    uint64_t address; /* of the first piece */
    uint64_t bytes;   /* of one piece */
    uint64_t blocks;
    uint64_t stride;
    uint64_t planes;
    uint64_t plane_stride;
} yk_extent;

/* One run of bytes. */
static inline yk_extent yk_extent_run(uint64_t address, uint64_t bytes)
{
    return (yk_extent){address, bytes, 1, bytes, 1, bytes};
}

static inline uint64_t yk_extent_pieces(const yk_extent *extent)
{
    return extent->blocks * extent->planes;
}

/* The address of piece k. */
static inline uint64_t yk_extent_piece(const yk_extent *extent, uint64_t k)
{
    if (extent->planes == 1) {
        return extent->address + k * extent->stride;
    }
    return extent->address + k / extent->blocks * extent->plane_stride +
           k % extent->blocks * extent->stride;
}

/* The number of bytes of all pieces. */
static inline uint64_t yk_extent_bytes(const yk_extent *extent)
{
    return extent->bytes * extent->blocks * extent->planes;
}

/* The address after the last byte. */
static inline uint64_t yk_extent_end(const yk_extent *extent)
{
    return extent->address + (extent->planes - 1) * extent->plane_stride +
           (extent->blocks - 1) * extent->stride + extent->bytes;
}

/* The same bytes with the shorter distance first, and with adjacent pieces joined. */
yk_extent yk_extent_joined(yk_extent extent);

/* Whether the two have a byte in common. If that would take very long to find out, the answer
 * is true. */
bool yk_extents_meet(const yk_extent *a, const yk_extent *b);

#endif
