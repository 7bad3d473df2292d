/* SPDX-License-Identifier: MIT */
/* Allocations of an arena that are kept for the next use: a new one costs page faults. The caller
 * has a lock. */
#ifndef YK_SHM_SPARES_H
#define YK_SHM_SPARES_H

#include <stddef.h>

#include "base/error.h"
#include "shm/arena.h"

enum { YK_MAX_SPARES = 4 };

typedef struct yk_spare {
    void *memory; /* NULL: none */
    size_t bytes;
} yk_spare;

typedef struct yk_spares {
    yk_spare kept[YK_MAX_SPARES];
} yk_spares;

/* At least *bytes bytes that are kept, whose number becomes *bytes. NULL: there are none; *bytes
 * is what is worth allocating then. */
void *yk_spares_take(yk_spares *spares, size_t *bytes);

/* Keeps the allocation, or frees it. */
void yk_spares_put(yk_spares *spares, yk_arena *arena, void *memory, size_t bytes);

#endif
