/* SPDX-License-Identifier: MIT */
/*
 * What a device has of a lent allocation in its own memory: which pages, and their versions. It
 * only keeps account; the owner of the memory moves the bytes. Pages count only as a whole: a
 * page of which only a part was moved is not recorded.
 */
#ifndef YK_DEVICE_MIRROR_H
#define YK_DEVICE_MIRROR_H

#include <stdbool.h>
#include <stdint.h>

#include "launch/footprint.h"
#include "shm/residency.h"

typedef struct yk_mirror {
    uint64_t id; /* of the lending; 0: none */
    yk_residency *table;
    uint64_t count;
    uint64_t *versions; /* by page, plus 1; 0: not present */
} yk_mirror;

/* The position of a walk over an extent; starts zeroed. */
typedef struct yk_mirror_walk {
    uint64_t row;
    uint64_t offset;
} yk_mirror_walk;

/* Starts with no pages. False if there is no memory. */
bool yk_mirror_init(yk_mirror *mirror, yk_residency *table);

/* Frees it; a no-op on a zeroed one. */
void yk_mirror_fini(yk_mirror *mirror);

/* The next piece of an extent that is missing or old. From now on its whole pages count as
 * present, with their present content in the arena: copy them after this call. False if there
 * are no more. */
bool yk_mirror_next(yk_mirror *mirror, const yk_residency *table,
                    const yk_extent *extent, yk_mirror_walk *walk, yk_extent *piece);

/* Records that device and arena have the same bytes in an extent: its whole pages are present. */
void yk_mirror_hold(yk_mirror *mirror, const yk_residency *table,
                    const yk_extent *extent);

/* Whether the lending that it belongs to is not over. */
bool yk_mirror_is_live(const yk_mirror *mirror);

/* No page is present any more. */
void yk_mirror_forget(yk_mirror *mirror);

#endif
