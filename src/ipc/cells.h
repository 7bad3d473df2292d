/* SPDX-License-Identifier: MIT */
/*
 * Items of equal size under one lock that its owner may take again: a value is one of them,
 * an array several. Setting one is all or nothing:
 *
 *     step (with the lock)                     if it dies here
 *     the new bytes go to the shadow           the item is as before
 *     pending = index + 1                      whoever gets the lock copies the shadow
 *     copy the shadow to the item              the same
 *     pending = 0                              done
 *
 * Who holds the lock for longer and writes through a pointer may leave anything: `exposed` says
 * so, and the next one that gets the lock hears of it. It is taken back when that one gives the
 * lock back, not before: he may die, too.
 */
#ifndef YK_IPC_CELLS_H
#define YK_IPC_CELLS_H

#include "ipc/ipc_object.h"

typedef struct yk_cells {
    yk_ipc_object object;
    uint64_t item_bytes;      /* never changes */
    uint64_t count;           /* never changes */
    _Atomic uint64_t pending; /* the lock's owner */
    _Atomic uint32_t exposed; /* the lock's owner */
    uint32_t padding;
    uint64_t shadow; /* offset from here; never changes */
    uint64_t reserved[3];
} yk_cells;

static_assert(sizeof(yk_cells) == 128, "the items follow on a cache line");

/* Bytes that so many items take; 0: more than any memory has. */
uint64_t yk_cells_bytes(uint64_t item_bytes, uint64_t count);

/* In zeroed memory. */
void yk_cells_init(yk_cells *cells, uint64_t item_bytes, uint64_t count);

/* Its first item, which the others follow. */
void *yk_cells_first(const yk_cells *cells);

/* How many items it has; 0 if it is damaged. */
uint64_t yk_cells_count(const yk_cells *cells);

/* YOKE_OK, or YOKE_EOWNERDEAD: done, but a process died while it held the lock for the user.
 * YOKE_EINVAL: there is no such item. YOKE_EDAMAGED. */
yoke_status yk_cells_get(yk_cells *cells, uint64_t index, void *data);
yoke_status yk_cells_set(yk_cells *cells, uint64_t index, const void *data);

/* The lock as the user takes it. As yk_ipc_object_lock_again(). */
yoke_status yk_cells_lock(yk_cells *cells, uint64_t deadline);

/* YOKE_EINVAL: this thread does not have it. */
yoke_status yk_cells_unlock(yk_cells *cells);

#endif
