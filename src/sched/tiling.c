/* SPDX-License-Identifier: MIT */
#include "sched/tiling.h"

#include "base/bits.h"

/* Marking and checking a tile costs a nanosecond or two, so a job gets as many tiles as balance
 * needs and no more: enough to leave some for the slowest of unlike workers, and so small that
 * a first tile does no harm on a device that turns out to be a thousand times slower. */
enum { TILES_PER_WORKER = 128, LEAST_TILES = 2048 };

/* 1D ranges are divided at cache lines and vector widths where enough tiles are left. */
enum { ALIGN_ITEMS = 64 };

/* Elements of a vector, for loops that are unrolled a little. Finer boundaries than this gain
 * nothing. */
enum { VECTOR_ITEMS = 16 };

static uint64_t useful_tiles(const yk_tiling_limits *limits)
{
    const uint64_t wanted = (uint64_t)TILES_PER_WORKER * limits->workers;

    if (limits->is_fine != 0) {
        return YK_MAX_TILES;
    }
    return yk_min(yk_max(wanted, LEAST_TILES), YK_MAX_TILES);
}

static uint64_t unit_of(uint64_t items, const yk_tiling_limits *limits, uint64_t tiles)
{
    uint64_t unit = limits->max_count > 0 || limits->is_fine != 0 ? 1 : ALIGN_ITEMS;

    if (limits->group > 1) {
        return limits->group;
    }
    while (unit > 1 && items / unit < tiles) {
        unit /= 2;
    }
    return unit;
}

static uint32_t tiling_row_of(uint64_t tile_items, const yk_tiling_limits *limits)
{
    const bool matters = limits->is_flat != 0 && limits->is_fine == 0 &&
                         limits->max_count == 0 && limits->group <= 1;

    return matters && tile_items < ALIGN_ITEMS && ALIGN_ITEMS % tile_items == 0
               ? (uint32_t)(ALIGN_ITEMS / tile_items)
               : 1;
}

yk_tiling yk_tiling_choose(uint64_t items, const yk_tiling_limits *limits)
{
    const uint64_t tiles = useful_tiles(limits);
    const uint64_t unit = unit_of(items, limits, tiles);
    const uint64_t least =
        yk_max(yk_min(yk_max(limits->grain, 1), items), yk_div_up(items, YK_MAX_TILES));
    uint64_t wanted = yk_div_up(items, tiles);
    yk_tiling tiling = {.items = items};

    if (limits->max_count > 0) {
        wanted = yk_min(wanted, limits->max_count);
    }
    tiling.tile_items = yk_round_up(yk_max(wanted, least), unit);
    tiling.count = (uint32_t)yk_div_up(items, tiling.tile_items);
    tiling.row_tiles = tiling_row_of(tiling.tile_items, limits);
    return tiling;
}

yk_tiling yk_tiling_blocks(uint64_t items, uint64_t block_items)
{
    return (yk_tiling){.items = items,
                       .tile_items = block_items,
                       .count = (uint32_t)yk_div_up(items, block_items),
                       .row_tiles = 1};
}

yk_tiling yk_tiling_whole(uint64_t items)
{
    return (yk_tiling){.items = items, .tile_items = items, .count = 1, .row_tiles = 1};
}

void yk_tiling_items(const yk_tiling *tiling, uint32_t first, uint32_t last,
                     uint64_t *begin, uint64_t *end)
{
    *begin = yk_min(first * tiling->tile_items, tiling->items);
    *end = yk_min(last * tiling->tile_items, tiling->items);
}

/* The multiple of tiles at which a chunk of `count` tiles is best divided: rows, or halves and so
 * on of them if that is closer to `count`. 1: anywhere. */
static uint32_t step_of(const yk_tiling *tiling, uint32_t count)
{
    uint32_t step = tiling->row_tiles;

    while (step > 2 * count) {
        step /= 2;
    }
    return step * tiling->tile_items < VECTOR_ITEMS ? 1 : step;
}

static uint32_t tiling_nearest(uint32_t tile, uint32_t step)
{
    return (tile + step / 2) & ~(step - 1);
}

uint32_t yk_tiling_even_front(const yk_tiling *tiling, yk_tiles work_range,
                              uint32_t count)
{
    const uint32_t step = step_of(tiling, count);
    const uint32_t end = tiling_nearest(work_range.begin + count, step);

    return step == 1 || end <= work_range.begin
               ? count
               : (uint32_t)yk_min(end - work_range.begin, yk_tiles_count(work_range));
}

uint32_t yk_tiling_even_back(const yk_tiling *tiling, yk_tiles work_range,
                             uint32_t count)
{
    const uint32_t step = step_of(tiling, count);
    const uint32_t begin = tiling_nearest(work_range.end - count, step);

    return step == 1 || begin >= work_range.end
               ? count
               : (uint32_t)yk_min(work_range.end - begin, yk_tiles_count(work_range));
}
