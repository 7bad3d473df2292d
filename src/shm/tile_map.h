/* SPDX-License-Identifier: MIT */
/*
 * Which tiles of a job are done: one 16-bit word a tile, written after the tile's results
 * are in shared memory. This map is the only truth about completion.
 *
 * A word is 0 while its tile is not done, then the number of the worker that did it, from
 * 1, or YK_TILE_GIVEN_UP for a tile that kills whoever runs it.
 */
#ifndef YK_SHM_TILE_MAP_H
#define YK_SHM_TILE_MAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shm/work_range.h"

enum { YK_TILE_OPEN = 0, YK_TILE_GIVEN_UP = 0xffff };

typedef _Atomic uint16_t yk_tile;

/* All tiles [0, count) open. Before the job is published. */
void yk_tile_map_clear(yk_tile *map, uint32_t count);

/* Marks tiles as done by a worker (its slot + 1): what the caller wrote before is visible
 * to whoever sees the mark. */
void yk_tile_map_mark(yk_tile *map, yk_tiles tiles, uint16_t by);

/* As mark, but leaves tiles that are not open. */
void yk_tile_map_mark_open(yk_tile *map, yk_tiles tiles, uint16_t by);

bool yk_tile_map_is_full(const yk_tile *map, uint32_t count);

/* The next run of open tiles within [from, count): false if there is none. */
bool yk_tile_map_next_open(const yk_tile *map, uint32_t from, uint32_t count,
                           yk_tiles *run);

/* How many are done, given-up ones not counted. */
uint32_t yk_tile_map_done(const yk_tile *map, uint32_t count);

#endif
