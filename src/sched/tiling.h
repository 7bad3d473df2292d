/* SPDX-License-Identifier: MIT */
/* How a range becomes tiles. Pure arithmetic. */
#ifndef YK_SCHED_TILING_H
#define YK_SCHED_TILING_H

#include <stdint.h>

/* A range of `items` items in `count` tiles of `tile_items` (the last may have fewer). */
typedef struct yk_tiling {
    uint64_t items;
    uint64_t tile_items;
    uint32_t count;
} yk_tiling;

/* Tiles for a range: each a multiple of `group` items (the work-group size, 0 or 1 if
 * there is none) and at least `grain` items. */
yk_tiling yk_tiling_choose(uint64_t items, uint64_t group, uint64_t grain);

/* One tile for the whole range. */
yk_tiling yk_tiling_whole(uint64_t items);

/* Items [*begin, *end) of the tiles [first, last), counted from 0. */
void yk_tiling_items(const yk_tiling *tiling, uint32_t first, uint32_t last,
                     uint64_t *begin, uint64_t *end);

#endif
