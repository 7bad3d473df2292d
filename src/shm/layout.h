/* SPDX-License-Identifier: MIT */
/*
 * The zones of a pool's window. Each kind of memory has a zone of its own, with pages in front
 * of it that no process can access: an overrun of one zone does not reach the next.
 *
 *     blocks      what yoke_alloc() returns, results, copies
 *     cells       values and arrays: the program has pointers into them
 *     objects     queues, locks and the like: only the library writes there; a page in front of
 *                 the zone has the pool's hub (hub.h)
 *     guarded     with YOKE_GUARD, allocations each of which has such a page after it
 *     segments    named segments; never the pool's own memory
 */
#ifndef YK_SHM_LAYOUT_H
#define YK_SHM_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sys/mapping.h"

typedef enum yk_zone_kind {
    YK_ZONE_BLOCKS = 0,
    YK_ZONE_CELLS = 1,
    YK_ZONE_OBJECTS = 2,
    YK_ZONE_GUARDED = 3,
    YK_ZONE_SEGMENTS = 4,
    YK_ZONES = 5
} yk_zone_kind;

/* Offsets in the window; page-aligned. */
typedef struct yk_zone {
    uint64_t begin;
    uint64_t end; /* equal to begin: there is no such zone */
} yk_zone;

typedef struct yk_layout {
    yk_zone zones[YK_ZONES]; /* in ascending order */
    uint64_t hub;            /* offset of the yk_hub: right behind the zone of objects */
    uint64_t bytes;          /* of the whole window */
} yk_layout;

/* The layout for `bytes` bytes of allocations, at least a page. */
yk_layout yk_layout_of(uint64_t bytes, bool guarded);

/* Maps a window with `bytes` bytes of allocations. If so much cannot be had, halves that, down
 * to `least`. */
yoke_status yk_layout_map(yk_mapping *mapping, yk_layout *layout, uint64_t bytes,
                          uint64_t least, bool guarded, yk_error *error);

/* Whether the bytes lie in the zone. */
bool yk_zone_holds(const yk_zone *zone, uint64_t offset, uint64_t bytes);

#endif
