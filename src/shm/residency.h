/* SPDX-License-Identifier: MIT */
/*
 * The page table of a lent allocation: for each page of 4 KiB a version, and its holder. Devices
 * with memory of their own keep copies of pages, with the versions that they had. A copy is
 * current as long as the table has the same version. If a page has a holder, its current content
 * is on the holder's device alone, and the arena's is older.
 *
 * A worker that changes bytes of a page raises its version before it begins, and again when the
 * bytes are in place. So a copy that was made in between, or by a chunk whose worker died, is
 * never taken for current. A page that is written as a whole has one writer at a time. Parts of a
 * page may be written by several workers; then the page has no holder.
 */
#ifndef YK_SHM_RESIDENCY_H
#define YK_SHM_RESIDENCY_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { YK_RESIDENCY_PAGE = 4096 };

/* A bit of each id, so that no other word of a table looks like one. */
#define YK_LENDING (UINT64_C(1) << 63)

typedef struct yk_page_state {
    /* a worker that runs a chunk that writes there; 0: as it was when lent */
    _Atomic uint64_t version;
    /* see yk_holder_pack(); 0: the arena has it. Written by the worker that is named, or by one
     * that overwrites the page */
    _Atomic uint64_t holder;
} yk_page_state;

typedef struct yk_residency {
    /* app, before any job sees it */
    uint64_t id;      /* of this lending, never used twice in a pool */
    uint64_t address; /* of the allocation */
    uint64_t bytes;
    uint64_t count; /* pages; the last one may be shorter */
    /* app: of the last job whose results may stay on devices, 0: the arena has all of it. Later
     * jobs have to check. Back to 0 only under the lock, after all devices gave back and if no
     * other such job has come meanwhile */
    uint64_t keeper;
    yk_page_state pages[];
} yk_residency;

static_assert(sizeof(yk_residency) == 40, "no padding");
static_assert(sizeof(yk_page_state) == 16, "no padding");

/* Pages [first, end). */
typedef struct yk_pages {
    uint64_t first;
    uint64_t end;
} yk_pages;

/* The size of the table of an allocation. */
size_t yk_residency_size(uint64_t bytes);

/* Fills in a table that is all zero. */
void yk_residency_init(yk_residency *table, uint64_t id, uint64_t address,
                       uint64_t bytes);

/* The pages that contain any of the bytes [low, high) of the allocation. */
yk_pages yk_residency_touched(const yk_residency *table, uint64_t low, uint64_t high);

/* The pages that lie completely in [low, high). */
yk_pages yk_residency_covered(const yk_residency *table, uint64_t low, uint64_t high);

/* Raises the versions of the pages that [low, high) touches. The pages that it covers have no
 * holder then: the arena has their content, or they are about to be overwritten. */
void yk_residency_raise(yk_residency *table, uint64_t low, uint64_t high);

static inline uint64_t yk_residency_version(const yk_residency *table, uint64_t page)
{
    return atomic_load_explicit(&table->pages[page].version, memory_order_acquire);
}

/* A holder: a worker, in one of its lives. */
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

/* The number of bytes of a run of pages, and their address. */
uint64_t yk_residency_bytes(const yk_residency *table, yk_pages pages,
                            uint64_t *address);

/* By the holder, after it wrote [low, high): the pages that this covers are on its device
 * alone. */
void yk_residency_hold(yk_residency *table, uint64_t low, uint64_t high,
                       uint64_t holder);

/* The next run of pages that this holder has, within the given ones. False if there is none. */
bool yk_residency_next_held(const yk_residency *table, yk_pages pages,
                            uint64_t holder, yk_pages *run);

/* By the holder, after it copied them there: the arena has these pages. */
void yk_residency_mark_written(yk_residency *table, yk_pages pages);

/* Removes a page's holder; a no-op if the page has another holder. */
void yk_residency_drop(yk_residency *table, uint64_t page, uint64_t holder);

/* Whether it describes an allocation of this many bytes at this address. */
bool yk_residency_valid(const yk_residency *table, uint64_t address, uint64_t bytes);

#endif
