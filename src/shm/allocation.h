/* SPDX-License-Identifier: MIT */
/* What the books say about an allocation. */
#ifndef YK_SHM_ALLOCATION_H
#define YK_SHM_ALLOCATION_H

#include <stdbool.h>
#include <stdint.h>

enum {
    YK_ALLOCATION_PLAIN = 0,
    /* address space for a result, which will take what it needs */
    YK_ALLOCATION_RESERVED = 1,
    YK_ALLOCATION_SLAB = 2,    /* pages that small allocations share: not an allocation */
    YK_ALLOCATION_SEGMENT = 3, /* a named segment's pages instead of the arena's own */
    /* objects that processes share, or the place of one that was just destroyed */
    YK_ALLOCATION_OBJECT = 4,
    /* addresses of closed segments that some process may still have: not an allocation */
    YK_ALLOCATION_RESTING = 5,
};

/* An allocation. */
typedef struct yk_allocation {
    uint64_t offset; /* from the mapping's base */
    uint64_t bytes;  /* as requested */
    uint64_t span;   /* bytes taken from its offset on: to the end of a page or of a slot */
    uint64_t id;     /* never used twice in an arena; from 1 */
    uint64_t table;  /* address of its yk_residency; 0: it is not lent */
    /* of a resting range: how many segments had been closed when it began to rest */
    uint64_t epoch;
    uint32_t lead;       /* bytes taken before it: whole pages begin there */
    uint32_t users;      /* jobs that use it */
    uint32_t attachment; /* number of the named segment it shows, from 1; 0: none */
    uint32_t guard;      /* its entry in the table of guarded allocations, from 1; 0: none */
    uint8_t kind;        /* YK_ALLOCATION_... */
    uint8_t zone;        /* yk_zone_kind */
    bool read_only;      /* a segment that may not be written */
    bool shares_pages;   /* there may be other allocations on its pages */
} yk_allocation;

/* The offset where what it takes begins, and where that of the next may begin. */
static inline uint64_t yk_allocation_begin(const yk_allocation *allocation)
{
    return allocation->offset - allocation->lead;
}

static inline uint64_t yk_allocation_end(const yk_allocation *allocation)
{
    return allocation->offset + allocation->span;
}

/* The number of bytes that it takes. */
static inline uint64_t yk_allocation_taken(const yk_allocation *allocation)
{
    return allocation->lead + allocation->span;
}

#endif
