/* SPDX-License-Identifier: MIT */
/* What the files of the arena share. The caller has the arena's lock. */
#ifndef YK_SHM_ARENA_INNER_H
#define YK_SHM_ARENA_INNER_H

#include "shm/arena.h"

/* ---- arena_books.c: what lies where ---- */

yk_books *yk_arena_books_of(yk_arena *arena, uint32_t zone);
uint64_t yk_arena_offset_of(const yk_arena *arena, const void *pointer);

/* Finds room in a zone. If there is none, once more without the empty slabs. */
bool yk_arena_find_gap(yk_arena *arena, uint32_t zone, uint64_t span,
                       yk_alignment alignment, uint64_t *offset);

/* Enters an allocation, which gets an id. NULL: out of memory, in error. */
yk_entry *yk_arena_enter(yk_arena *arena, yk_allocation *allocation, yk_error *error);
void yk_arena_remove(yk_arena *arena, yk_entry *entry);

/* Gives the pages of an empty slab back. */
void yk_arena_release_slab(yk_arena *arena, yk_entry *entry);

/* The allocation whose bytes contain an address, NULL if there is none; and the entry that it is
 * or lies in. */
yk_allocation *yk_arena_lookup(yk_arena *arena, const void *pointer, yk_entry **entry);

/* The allocation that starts at an address, or YOKE_EINVAL. */
yoke_status yk_arena_lookup_start(yk_arena *arena, const void *pointer,
                                  yk_allocation **allocation, yk_entry **entry,
                                  yk_error *error);

/* The same, if it is of a kind that the caller may end and has no users. */
yoke_status yk_arena_lookup_end(yk_arena *arena, const void *pointer, uint32_t kind,
                                yk_allocation **allocation, yk_entry **entry,
                                yk_error *error);

/* Whether an allocation's pages are not the arena's, or not yet. */
bool yk_allocation_takes_no_memory(const yk_allocation *allocation);

/* ---- arena_memory.c: what the system has left ---- */

/* Asks the system. */
yoke_status yk_arena_ask(yk_arena *arena, uint64_t bytes, yk_error *error);

/* Takes so many bytes of what the system was found to have; asks it if that is not enough. */
yoke_status yk_arena_promise(yk_arena *arena, uint64_t bytes, yk_error *error);

/* ---- arena_place.c ---- */

void *yk_arena_place(yk_arena *arena, yk_allocation *allocation, yk_error *error);

/* Takes a slot for a small allocation. NULL: it can only have pages of its own. */
yk_allocation *yk_arena_take_slot(yk_arena *arena, size_t bytes, bool *is_zero);

/* The address of an offset. */
void *yk_arena_pointer_to(const yk_arena *arena, uint64_t offset);

#endif
