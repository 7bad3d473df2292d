/* SPDX-License-Identifier: MIT */
/*
 * The page table of a lent allocation: for each 4 KiB of it a version, and who has it.
 * Devices with memory of their own keep copies of pages and the versions they had; a copy
 * is current while the table still says the same. A page with a holder is on the holder's
 * device alone, and the arena has something older.
 *
 * Whoever changes bytes of a page raises its version before it begins and again when the
 * bytes are in place. So a copy that was made in between, or of a chunk whose worker died,
 * is never taken for current. A page that is written as a whole has one writer at a time;
 * pieces of one may be written by several, and nobody holds it then.
 */
#ifndef YK_SHM_RESIDENCY_H
#define YK_SHM_RESIDENCY_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { YK_RESIDENCY_PAGE = 4096 };

/* Part of each id, so that nothing else in a table looks like one. */
#define YK_LENDING (UINT64_C(1) << 63)

typedef struct yk_page_state {
    /* whoever runs a chunk that writes there; 0: as it was when lent */
    _Atomic uint64_t version;
    /* see yk_holder_pack(); 0: the arena has it. The worker that is named; whoever
     * overwrites the page */
    _Atomic uint64_t holder;
} yk_page_state;

typedef struct yk_residency {
    /* app, before any job sees it */
    uint64_t id;      /* of this lending, never used twice in a pool */
    uint64_t address; /* of the allocation */
    uint64_t bytes;
    uint64_t count; /* pages; the last one may be shorter */
    /* app: a job was submitted that may keep some of it. Later jobs have to ask. */
    uint64_t may_be_held;
    yk_page_state pages[];
} yk_residency;

static_assert(sizeof(yk_residency) == 40, "no padding");
static_assert(sizeof(yk_page_state) == 16, "no padding");

/* Pages [first, end). */
typedef struct yk_pages {
    uint64_t first;
    uint64_t end;
} yk_pages;

/* Bytes of the table of an allocation. */
size_t yk_residency_size(uint64_t bytes);

/* Fills in a table that is all zero. */
void yk_residency_init(yk_residency *table, uint64_t id, uint64_t address,
                       uint64_t bytes);

/* The pages that the bytes [low, high) of the allocation lie in. */
yk_pages yk_residency_touched(const yk_residency *table, uint64_t low, uint64_t high);

/* Those of them that lie in [low, high) as a whole. */
yk_pages yk_residency_covered(const yk_residency *table, uint64_t low, uint64_t high);

/* Raises the versions of what [low, high) touches; what it covers is in the arena then, or
 * about to be overwritten. */
void yk_residency_raise(yk_residency *table, uint64_t low, uint64_t high);

static inline uint64_t yk_residency_version(const yk_residency *table, uint64_t page)
{
    return atomic_load_explicit(&table->pages[page].version, memory_order_acquire);
}

/* A worker, in one of its lives. */
static inline uint64_t yk_holder_pack(uint32_t slot, uint32_t life)
{
    return (uint64_t)(slot + 1) << 32 | life;
}

static inline uint32_t yk_holder_slot(uint64_t holder)
{
    return (uint32_t)(holder >> 32) - 1;
}

static inline uint32_t yk_holder_life(uint64_t holder)
{
    return (uint32_t)holder;
}

static inline uint64_t yk_residency_holder(const yk_residency *table, uint64_t page)
{
    return atomic_load_explicit(&table->pages[page].holder, memory_order_acquire);
}

/* The bytes of a run of pages: at an address, so many. */
uint64_t yk_residency_bytes(const yk_residency *table, yk_pages pages,
                            uint64_t *address);

/* The holder, after it wrote [low, high): what that covers is with it alone. */
void yk_residency_hold(yk_residency *table, uint64_t low, uint64_t high,
                       uint64_t holder);

/* The first run of pages from `first` on that this holder has, within the given ones.
 * False if there is none. */
bool yk_residency_next_held(const yk_residency *table, yk_pages pages,
                            uint64_t holder, yk_pages *run);

/* The holder, after it copied them there: the arena has these pages. */
void yk_residency_mark_written(yk_residency *table, yk_pages pages);

/* What a holder has of a page counts no more; a no-op if somebody else has it. */
void yk_residency_drop(yk_residency *table, uint64_t page, uint64_t holder);

/* Whether it describes an allocation of this many bytes at this address. */
bool yk_residency_valid(const yk_residency *table, uint64_t address, uint64_t bytes);

#endif
