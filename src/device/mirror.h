/* SPDX-License-Identifier: MIT */
/*
 * What a device has of a lent allocation in its own memory: which pages, and the versions
 * they had. Books only: bytes are moved by whoever keeps them. Pages are known as a
 * whole; of one that is only touched nothing is remembered.
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
    uint64_t *versions; /* by page, plus 1; 0: it is not there */
} yk_mirror;

/* Where a walk over an extent has got to; starts zeroed. */
typedef struct yk_mirror_walk {
    uint64_t row;
    uint64_t offset;
} yk_mirror_walk;

/* Nothing is there yet. False if there is no memory. */
bool yk_mirror_init(yk_mirror *mirror, yk_residency *table);

/* Frees the books; a no-op on a zeroed one. */
void yk_mirror_fini(yk_mirror *mirror);

/* The next piece of an extent that is missing or old. Its whole pages count as there
 * from now on, as they are in the arena now: bring them after this call. False if there is
 * no more. */
bool yk_mirror_next(yk_mirror *mirror, const yk_residency *table,
                    const yk_extent *extent, yk_mirror_walk *walk, yk_extent *piece);

/* Device and arena have the same bytes in an extent: its whole pages are there. */
void yk_mirror_hold(yk_mirror *mirror, const yk_residency *table,
                    const yk_extent *extent);

/* Whether the lending it belongs to is not over. */
bool yk_mirror_is_live(const yk_mirror *mirror);

/* Nothing is there any more. */
void yk_mirror_forget(yk_mirror *mirror);

#endif
