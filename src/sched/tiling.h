/* SPDX-License-Identifier: MIT */
/* How a range becomes tiles. Pure arithmetic. */
#ifndef YK_SCHED_TILING_H
#define YK_SCHED_TILING_H

#include <stdint.h>

#include "shm/work_range.h"

/* A range of `items` items in `count` tiles of `tile_items` (the last may have fewer). */
typedef struct yk_tiling {
    uint64_t items;
    uint64_t tile_items;
    uint32_t count;
    /* tiles that fill cache lines, a power of two; 1: it does not matter */
    uint32_t row_tiles;
} yk_tiling;

/* What tiles have to respect; zero: no restriction. */
typedef struct yk_tiling_limits {
    uint64_t group;   /* work-group size: each tile is a multiple of it */
    uint64_t grain;   /* minimum number of items of a tile */
    /* maximum number of items of a tile; the others take precedence */
    uint64_t max_count;
    uint32_t workers; /* number of workers that are to share them */
    uint32_t is_flat; /* an item is an element, not a row or a plane */
    uint32_t is_fine; /* each item counts: tiles as small as possible */
} yk_tiling_limits;

/* The tiles of a range: as many as are useful to share it evenly. */
yk_tiling yk_tiling_choose(uint64_t items, const yk_tiling_limits *limits);

/* A tile for each block of so many items. */
yk_tiling yk_tiling_blocks(uint64_t items, uint64_t block_items);

/* One tile for the whole range. */
yk_tiling yk_tiling_whole(uint64_t items);

/* Items [*begin, *end) of the tiles [first, last), counted from 0. */
void yk_tiling_items(const yk_tiling *tiling, uint32_t first, uint32_t last,
                     uint64_t *begin, uint64_t *end);

/* The number of tiles to take from the front, or from the back, of a work range instead of
 * `count`: about that many, up to a boundary that suits a vector loop, since elements that do
 * not fill its vectors cost as much as full vectors. At least 1 if `count` is, and at most all. */
uint32_t yk_tiling_even_front(const yk_tiling *tiling, yk_tiles work_range, uint32_t count);
uint32_t yk_tiling_even_back(const yk_tiling *tiling, yk_tiles work_range, uint32_t count);

#endif
