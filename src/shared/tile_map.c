/* SPDX-License-Identifier: MIT */
#include "shared/tile_map.h"

static uint16_t look(const yk_tile *map, uint32_t i)
{
    return atomic_load_explicit(&map[i], memory_order_acquire);
}

void yk_tile_map_clear(yk_tile *map, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        atomic_store_explicit(&map[i], YK_TILE_OPEN, memory_order_relaxed);
    }
}

void yk_tile_map_mark(yk_tile *map, yk_tiles tiles, uint16_t by)
{
    for (uint32_t i = tiles.begin; i < tiles.end; i++) {
        atomic_store_explicit(&map[i], by, memory_order_release);
    }
}

void yk_tile_map_mark_open(yk_tile *map, yk_tiles tiles, uint16_t by)
{
    for (uint32_t i = tiles.begin; i < tiles.end; i++) {
        uint16_t open = YK_TILE_OPEN;

        (void)atomic_compare_exchange_strong(&map[i], &open, by);
    }
}

bool yk_tile_map_is_full(const yk_tile *map, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (look(map, i) == YK_TILE_OPEN) {
            return false;
        }
    }
    return true;
}

bool yk_tile_map_next_open(const yk_tile *map, uint32_t from, uint32_t count,
                           yk_tiles *run)
{
    uint32_t i = from;

    while (i < count && look(map, i) != YK_TILE_OPEN) {
        i++;
    }
    run->begin = i;
    while (i < count && look(map, i) == YK_TILE_OPEN) {
        i++;
    }
    run->end = i;
    return run->begin < run->end;
}

uint32_t yk_tile_map_done(const yk_tile *map, uint32_t count)
{
    uint32_t done = 0;

    for (uint32_t i = 0; i < count; i++) {
        const uint16_t tile = look(map, i);

        done += tile != YK_TILE_OPEN && tile != YK_TILE_GIVEN_UP;
    }
    return done;
}
