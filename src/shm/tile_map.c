/* SPDX-License-Identifier: MIT */
#include "shm/tile_map.h"

/* Four tiles at once. */
typedef uint64_t __attribute__((may_alias)) tile_word;

enum { TILES_PER_WORD = sizeof(tile_word) / sizeof(yk_tile) };

static uint16_t tile_map_load(const yk_tile *map, uint32_t i)
{
    return atomic_load_explicit(&map[i], memory_order_acquire);
}

static bool is_at_word(const yk_tile *map, uint32_t i)
{
    return (uintptr_t)&map[i] % sizeof(tile_word) == 0;
}

static tile_word *word_at(const yk_tile *map, uint32_t i)
{
    return (tile_word *)(uintptr_t)&map[i];
}

/* A single load of four words that are written one by one (yk_tile_map_mark()). Machines on which
 * an aligned load of 64 bits is atomic deliver each lane as a load of its own would: a lane that
 * is not zero was written by a release store, with which this acquire load pairs. A lane that is
 * still zero is looked at again. */
/* Whether none of the four tiles from the i-th on, which begin a word, is open: no 16-bit lane
 * of the word is zero. */
static bool four_are_done(const yk_tile *map, uint32_t i)
{
    const uint64_t ones = UINT64_C(0x0001000100010001);
    const uint64_t word = __atomic_load_n(word_at(map, i), __ATOMIC_ACQUIRE);

    return ((word - ones) & ~word & ones << 15) == 0;
}

/* The first open tile from the i-th on; count if there is none. */
static uint32_t next_open(const yk_tile *map, uint32_t i, uint32_t count)
{
    while (i < count) {
        if (is_at_word(map, i) && count - i >= TILES_PER_WORD &&
            four_are_done(map, i)) {
            i += TILES_PER_WORD;
        } else if (tile_map_load(map, i) != YK_TILE_OPEN) {
            i++;
        } else {
            return i;
        }
    }
    return count;
}

void yk_tile_map_clear(yk_tile *map, uint32_t count)
{
    uint32_t i = 0;

    while (i < count) {
        if (is_at_word(map, i) && count - i >= TILES_PER_WORD) {
            __atomic_store_n(word_at(map, i), 0, __ATOMIC_RELAXED);
            i += TILES_PER_WORD;
        } else {
            atomic_store_explicit(&map[i], YK_TILE_OPEN, memory_order_relaxed);
            i++;
        }
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
    return next_open(map, 0, count) == count;
}

bool yk_tile_map_next_open(const yk_tile *map, uint32_t from, uint32_t count,
                           yk_tiles *run)
{
    uint32_t i = next_open(map, from, count);

    run->begin = i;
    while (i < count && tile_map_load(map, i) == YK_TILE_OPEN) {
        i++;
    }
    run->end = i;
    return run->begin < run->end;
}

uint32_t yk_tile_map_done(const yk_tile *map, uint32_t count)
{
    uint32_t done = 0;

    for (uint32_t i = 0; i < count; i++) {
        const uint16_t tile = tile_map_load(map, i);

        done += tile != YK_TILE_OPEN && tile != YK_TILE_GIVEN_UP;
    }
    return done;
}

uint32_t yk_tile_map_count(const yk_tile *map, uint32_t count, uint16_t by)
{
    uint32_t marked = 0;

    for (uint32_t i = 0; i < count; i++) {
        marked += tile_map_load(map, i) == by;
    }
    return marked;
}
