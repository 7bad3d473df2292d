/* SPDX-License-Identifier: MIT */
/*
 * Small allocations, which share pages. A slab is an entry of the books that is cut into slots of
 * one size. It knows all that the books know of an allocation for each slot, so that small
 * allocations have ids, users and page tables like others. Slots are as large as their alignment,
 * or a multiple of 128: two of them never share a cache line, and any type is aligned there.
 */
#ifndef YK_SHM_SLAB_H
#define YK_SHM_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/books.h"

enum {
    YK_SLOT_LEAST = 64,
    YK_SLOT_STEP = 128,
    YK_SLOT_MOST = 4096,
    YK_SLOT_SIZES = 1 + YK_SLOT_MOST / YK_SLOT_STEP,
    YK_SLAB_BYTES = 64 << 10, /* or a page, if that is larger */
};

typedef struct yk_slab {
    yk_entry *entry;
    /* the slabs of this size that have room */
    struct yk_slab *next;
    struct yk_slab *previous;
    uint32_t slot_bytes;
    uint32_t count;
    uint32_t taken;
    uint32_t touched; /* slots from here on were never taken: they are zero */
    uint32_t freed;   /* number of slots that were, and are free */
    uint32_t *free;   /* their indexes */
    yk_allocation slots[]; /* id 0: free */
} yk_slab;

typedef struct yk_slabs {
    yk_slab *with_room[YK_SLOT_SIZES];
    size_t empty; /* number of slabs without an allocation */
} yk_slabs;

/* The size of the slot for so many bytes, up to YK_SLOT_MOST. */
uint32_t yk_slot_bytes(size_t bytes);

/* Cuts an entry into slots of a size. False: out of memory. */
bool yk_slab_create(yk_slabs *slabs, yk_entry *entry, uint32_t slot_bytes);

/* Releases the slab of an entry, but not the entry. */
void yk_slab_destroy(yk_slabs *slabs, yk_entry *entry);

/* Takes a slot: all of it is filled in but its id. *is_zero: it was never taken before. NULL:
 * there is no slab of this size with room. */
yk_allocation *yk_slab_take(yk_slabs *slabs, size_t bytes, bool *is_zero);

/* Makes the slot free. */
void yk_slab_put(yk_slabs *slabs, yk_slab *slab, yk_allocation *slot);

/* The allocation that an offset lies in; NULL: there is none. */
yk_allocation *yk_slab_find(yk_slab *slab, uint64_t offset);

/* A slab without an allocation; NULL: there is none. */
yk_slab *yk_slab_find_empty(const yk_slabs *slabs);

/* Whether what it counts is right, and its slots lie in its entry. */
bool yk_slab_valid(const yk_slab *slab);

#endif
