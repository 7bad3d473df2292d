/* SPDX-License-Identifier: MIT */
/*
 * Which tiles of a job are done: one 16-bit word per tile, written after the tile's results are in
 * shared memory. This map is the only truth about completion.
 *
 * A word is 0 while its tile is open. Then it is the slot of the worker that computed the tile,
 * plus 1, or YK_TILE_GIVEN_UP for a tile that kills every worker that runs it.
 */
#ifndef YK_SHM_TILE_MAP_H
#define YK_SHM_TILE_MAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shm/work_range.h"

enum { YK_TILE_OPEN = 0, YK_TILE_GIVEN_UP = 0xffff };

typedef _Atomic uint16_t yk_tile;

/* Makes all tiles [0, count) open. To be called before the job is published. */
void yk_tile_map_clear(yk_tile *map, uint32_t count);

/* Marks tiles as done by a worker (its slot + 1). What the caller wrote before is visible to
 * every process that sees the mark. */
void yk_tile_map_mark(yk_tile *map, yk_tiles tiles, uint16_t by);

/* As yk_tile_map_mark(), but only for tiles that are open. */
void yk_tile_map_mark_open(yk_tile *map, yk_tiles tiles, uint16_t by);

bool yk_tile_map_is_full(const yk_tile *map, uint32_t count);

/* The next run of open tiles within [from, count). False if there is none. */
bool yk_tile_map_next_open(const yk_tile *map, uint32_t from, uint32_t count,
                           yk_tiles *run);

/* The number of tiles that are marked with a word. */
uint32_t yk_tile_map_count(const yk_tile *map, uint32_t count, uint16_t by);

/* The number of tiles that are done, without those that were given up. */
uint32_t yk_tile_map_done(const yk_tile *map, uint32_t count);

#endif
