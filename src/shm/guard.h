/* SPDX-License-Identifier: MIT */
/*
 * The table of guarded allocations, for all processes of a pool, and which of their pages may be
 * accessed. With YOKE_GUARD the zone of guarded allocations is shut in every process. The
 * application opens and shuts allocations as it makes and frees them; each other process compares
 * the table's ids with what it has opened.
 *
 *     step                                       by            if it dies here
 *     open the pages, fill in an entry, its id   application   the pool dies, too
 *     changes + 1                                application
 *     id = 0, changes + 1; shut the pages        application   the pool dies, too
 *     changes differs: open what is new,         each          its replacement starts from
 *     shut what was freed                                      the supervisor's view
 *
 * Entries are used in turn, so that the entry of a freed allocation is kept for a while and can
 * still be reported. All pages are the arena's own: if a process still has a freed allocation
 * open, fewer errors are found, but no harm is done.
 */
#ifndef YK_SHM_GUARD_H
#define YK_SHM_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Each one takes two of the 65,530 mappings that a process may have. */
enum { YK_MAX_GUARDED = 16384 };

/* Offsets in the window. */
typedef struct yk_guarded_allocation {
    uint64_t id;
    uint64_t offset;
    uint64_t bytes; /* as requested */
    uint64_t begin; /* the pages that may be accessed */
    uint64_t end;
} yk_guarded_allocation;

typedef struct yk_guard_entry {
    _Atomic uint64_t id; /* app: set last, cleared first; 0: freed, or never used */
    /* app, before id */
    _Atomic uint64_t offset;
    _Atomic uint64_t bytes;
    _Atomic uint64_t begin;
    _Atomic uint64_t end;
} yk_guard_entry;

typedef struct yk_guard_table {
    _Atomic uint64_t changes; /* app */
    _Atomic uint32_t used;    /* app: entries ever used, from 0 */
    uint32_t next;            /* app: the entry to use next */
    yk_guard_entry entries[YK_MAX_GUARDED];
} yk_guard_table;

/* The entry's number, from 1; 0: all are in use. */
uint32_t yk_guard_add(yk_guard_table *table, const yk_guarded_allocation *block);
void yk_guard_remove(yk_guard_table *table, uint32_t number);

/* Copies an entry, counted from 1. False if it is being changed, or was never used. The id is 0
 * if the allocation was freed. */
bool yk_guard_get(const yk_guard_table *table, uint32_t number,
                  yk_guarded_allocation *block);

/* The allocation at an offset, or the nearest one if its pages are at most a page away; a freed
 * one only if no other is as near. False if there is none. */
bool yk_guard_find(const yk_guard_table *table, uint64_t offset, uint64_t page,
                   yk_guarded_allocation *block);

#endif
