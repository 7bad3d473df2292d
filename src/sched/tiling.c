/* SPDX-License-Identifier: MIT */
#include "sched/tiling.h"

#include "base/bits.h"

/* More tiles balance no better, and the end of a job looks at every one of them. */
enum { USEFUL_TILES = 8192 };

/* Long 1D ranges are cut at cache lines and vector widths. */
enum { ALIGN_ITEMS = 64, ALIGN_FROM = 64 * 64 };

yk_tiling yk_tiling_choose(uint64_t items, const yk_tiling_limits *limits)
{
    uint64_t unit = limits->group > 1     ? limits->group
                    : items >= ALIGN_FROM ? ALIGN_ITEMS
                                          : 1;
    const uint64_t grain = yk_min(yk_max(limits->grain, 1), items);
    yk_tiling tiling = {.items = items};

    tiling.tile_items =
        yk_round_up(yk_max(yk_div_up(items, USEFUL_TILES), grain), unit);
    tiling.count = (uint32_t)yk_div_up(items, tiling.tile_items);
    return tiling;
}

yk_tiling yk_tiling_whole(uint64_t items)
{
    return (yk_tiling){.items = items, .tile_items = items, .count = 1};
}

void yk_tiling_items(const yk_tiling *tiling, uint32_t first, uint32_t last,
                     uint64_t *begin, uint64_t *end)
{
    *begin = yk_min(first * tiling->tile_items, tiling->items);
    *end = yk_min(last * tiling->tile_items, tiling->items);
}
