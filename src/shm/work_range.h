/* SPDX-License-Identifier: MIT */
/*
 * A work range: the tiles of a job that one worker is to compute, as one word that owner and
 * thieves change by compare-and-swap. The owner takes from the front, thieves from the
 * back. The generation of the job is part of the word, so that a late swap on a slot that
 * has been given to another job fails.
 */
#ifndef YK_SHM_WORK_RANGE_H
#define YK_SHM_WORK_RANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { YK_MAX_TILES = 65536 };

typedef _Atomic uint64_t yk_work_range;

/* Tiles [begin, end). */
typedef struct yk_tiles {
    uint32_t begin;
    uint32_t end;
} yk_tiles;

static inline uint32_t yk_tiles_count(yk_tiles tiles)
{
    return tiles.end - tiles.begin;
}

enum { YK_WORK_RANGE_TILE_BITS = 17, YK_WORK_RANGE_GENERATION_BITS = 30 };

static inline uint64_t yk_work_range_pack(uint32_t generation, yk_tiles tiles)
{
    const uint64_t mask = (UINT64_C(1) << YK_WORK_RANGE_GENERATION_BITS) - 1;

    return (generation & mask) << (2 * YK_WORK_RANGE_TILE_BITS) |
           (uint64_t)tiles.begin << YK_WORK_RANGE_TILE_BITS | tiles.end;
}

static inline yk_tiles yk_work_range_unpack(uint64_t word)
{
    const uint64_t mask = (UINT64_C(1) << YK_WORK_RANGE_TILE_BITS) - 1;

    return (yk_tiles){(uint32_t)(word >> YK_WORK_RANGE_TILE_BITS & mask),
                      (uint32_t)(word & mask)};
}

static inline bool yk_work_range_is_of(uint64_t word, uint32_t generation)
{
    const uint64_t mask = (UINT64_C(1) << YK_WORK_RANGE_GENERATION_BITS) - 1;

    return word >> (2 * YK_WORK_RANGE_TILE_BITS) == (generation & mask);
}

/* Whether begin <= end <= YK_MAX_TILES. */
bool yk_work_range_valid(uint64_t word);

/* The tiles left in a work range; none if it has another generation. */
yk_tiles yk_work_range_peek(const yk_work_range *work_range, uint32_t generation);

/* Sets a work range that no other process changes: before the job is published. */
void yk_work_range_set(yk_work_range *work_range, uint32_t generation, yk_tiles tiles);

/* Takes up to `max_count` tiles from the front or from the back. False if there are none. */
bool yk_work_range_take_front(yk_work_range *work_range, uint32_t generation, uint32_t max_count,
                        yk_tiles *taken);
bool yk_work_range_take_back(yk_work_range *work_range, uint32_t generation, uint32_t max_count,
                       yk_tiles *taken);

/* Puts tiles into an empty work range of the same generation. False if it is not empty or has
 * another generation. */
bool yk_work_range_refill(yk_work_range *work_range, uint32_t generation, yk_tiles tiles);

#endif
