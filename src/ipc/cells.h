/* SPDX-License-Identifier: MIT */
/*
 * Items of equal size under one recursive lock: a value is one item, an array several. Setting an
 * item is atomic:
 *
 *     step (with the lock)                     if it dies here
 *     copy the new bytes to the shadow         the item is as before
 *     pending = index + 1                      the next owner of the lock copies the shadow
 *     copy the shadow to the item              the same
 *     pending = 0                              done
 *
 * A thread that holds the lock for the user and writes through a pointer may die half-way:
 * `exposed` is set while it does, and the next owner of the lock gets YOKE_EOWNERDEAD. The mark is
 * cleared when that owner releases the lock, not before, since it may die, too.
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

/* The number of bytes that `count` items need; 0: more than any memory has. */
uint64_t yk_cells_bytes(uint64_t item_bytes, uint64_t count);

/* Initialises cells in zeroed memory. */
void yk_cells_init(yk_cells *cells, uint64_t item_bytes, uint64_t count);

/* Its first item, which the others follow. */
void *yk_cells_first(const yk_cells *cells);

/* The number of items; 0 if the cells are damaged. */
uint64_t yk_cells_count(const yk_cells *cells);

/* YOKE_OK, or YOKE_EOWNERDEAD: done, but a process died while it held the lock for the user.
 * YOKE_EINVAL: the index is out of range. YOKE_EDAMAGED. */
yoke_status yk_cells_get(yk_cells *cells, uint64_t index, void *data);
yoke_status yk_cells_set(yk_cells *cells, uint64_t index, const void *data);

/* Takes the lock for the user. As yk_ipc_object_lock_again(). */
yoke_status yk_cells_lock(yk_cells *cells, uint64_t deadline);

/* YOKE_EINVAL: this thread does not hold it. */
yoke_status yk_cells_unlock(yk_cells *cells);

#endif
