/* SPDX-License-Identifier: MIT */
/* What lies where in an arena. */
#include "base/bits.h"
#include "shm/arena_inner.h"

yk_books *yk_arena_books_of(yk_arena *arena, uint32_t zone)
{
    return &arena->books[arena->is_divided ? zone : 0];
}

uint64_t yk_arena_offset_of(const yk_arena *arena, const void *pointer)
{
    return (uint64_t)((uintptr_t)pointer - (uintptr_t)arena->mapping.base);
}

void *yk_arena_pointer_to(const yk_arena *arena, uint64_t offset)
{
    return (char *)arena->mapping.base + offset;
}

bool yk_arena_contains(const yk_arena *arena, const void *pointer)
{
    return (uintptr_t)pointer >= (uintptr_t)arena->mapping.base &&
           yk_arena_offset_of(arena, pointer) < arena->mapping.size;
}

size_t yk_arena_count(const yk_arena *arena)
{
    size_t count = 0;

    for (int zone = 0; zone < YK_ZONES; zone++) {
        count += arena->books[zone].count;
    }
    return count;
}

uint64_t yk_arena_used(const yk_arena *arena)
{
    uint64_t used = 0;

    for (int zone = 0; zone < YK_ZONES; zone++) {
        used += arena->books[zone].used;
    }
    return used;
}

/* ---- gaps ---- */

/* Where a stale pointer should not soon meet a new object: searches after the last one found, and
 * from the start again only at the end of the zone. */
static bool arena_is_reused_late(uint32_t zone)
{
    return zone == YK_ZONE_GUARDED || zone == YK_ZONE_SEGMENTS;
}

static bool arena_search(yk_arena *arena, uint32_t zone, const yk_wish *wish,
                         uint64_t *offset)
{
    const yk_books *books = yk_arena_books_of(arena, zone);
    yk_wish later = *wish;

    if (!arena_is_reused_late(zone)) {
        return yk_books_find_gap(books, wish, offset);
    }
    later.from = yk_max(wish->from, arena->next[zone]);
    if (!yk_books_find_gap(books, &later, offset) &&
        !yk_books_find_gap(books, wish, offset)) {
        return false;
    }
    arena->next[zone] = *offset + wish->span;
    return true;
}

void yk_arena_release_slab(yk_arena *arena, yk_entry *entry)
{
    yk_slab_destroy(&arena->slabs, entry);
    yk_mapping_punch(&arena->mapping, entry->allocation.offset, entry->allocation.span);
    yk_arena_remove(arena, entry);
}

/* Gives the pages of the empty slabs back to the system. Whether there were any. */
static bool arena_release_empty(yk_arena *arena)
{
    const bool any = arena->slabs.empty > 0;
    yk_slab *slab;

    while ((slab = yk_slab_find_empty(&arena->slabs)) != NULL) {
        yk_arena_release_slab(arena, slab->entry);
    }
    return any;
}

bool yk_arena_find_gap(yk_arena *arena, uint32_t zone, uint64_t span,
                       yk_alignment alignment, uint64_t *offset)
{
    const yk_zone *range = &arena->layout.zones[zone];
    const yk_wish wish = {range->begin, range->end, span, alignment};

    return arena_search(arena, zone, &wish, offset) ||
           (arena_release_empty(arena) && arena_search(arena, zone, &wish, offset));
}

/* ---- entries ---- */

bool yk_allocation_takes_no_memory(const yk_allocation *allocation)
{
    return allocation->kind == YK_ALLOCATION_RESERVED ||
           allocation->kind == YK_ALLOCATION_SEGMENT ||
           allocation->kind == YK_ALLOCATION_RESTING;
}

yk_entry *yk_arena_enter(yk_arena *arena, yk_allocation *allocation, yk_error *error)
{
    yk_entry *entry;

    allocation->id = arena->next_id++;
    allocation->users = allocation->kind == YK_ALLOCATION_RESERVED;
    entry = yk_books_add(yk_arena_books_of(arena, allocation->zone), allocation);
    if (entry == NULL) {
        (void)yk_fail(error, YOKE_ENOMEM, "out of memory");
        return NULL;
    }
    arena->reserved += yk_allocation_takes_no_memory(allocation)
                           ? yk_allocation_taken(allocation)
                           : 0;
    return entry;
}

void yk_arena_remove(yk_arena *arena, yk_entry *entry)
{
    yk_books_remove(yk_arena_books_of(arena, entry->allocation.zone), entry);
}

/* The zone in which an offset lies; YK_ZONES: it lies between two. */
static uint32_t arena_zone_at(const yk_arena *arena, uint64_t offset)
{
    uint32_t zone = 0;

    while (arena->is_divided && zone < YK_ZONES &&
           !yk_zone_holds(&arena->layout.zones[zone], offset, 1)) {
        zone++;
    }
    return zone;
}

yk_allocation *yk_arena_lookup(yk_arena *arena, const void *pointer, yk_entry **entry)
{
    const uint64_t offset = yk_arena_offset_of(arena, pointer);
    uint32_t zone;

    if (!yk_arena_contains(arena, pointer)) {
        return NULL;
    }
    zone = arena_zone_at(arena, offset);
    *entry = zone < YK_ZONES ? yk_books_at(&arena->books[zone], offset) : NULL;
    if (*entry == NULL || (*entry)->allocation.kind == YK_ALLOCATION_RESTING) {
        return NULL;
    }
    return (*entry)->slab != NULL ? yk_slab_find((*entry)->slab, offset)
                                  : &(*entry)->allocation;
}

yoke_status yk_arena_lookup_start(yk_arena *arena, const void *pointer,
                                  yk_allocation **allocation, yk_entry **entry,
                                  yk_error *error)
{
    *allocation = yk_arena_lookup(arena, pointer, entry);
    if (*allocation == NULL ||
        (*allocation)->offset != yk_arena_offset_of(arena, pointer)) {
        return yk_fail(error, YOKE_EINVAL,
                       "%p is not the start of an allocation of this pool", pointer);
    }
    return YOKE_OK;
}

/* Checks that this kind of allocation is freed by such a call: segments and objects have calls
 * of their own. */
static yoke_status arena_check_kind(const yk_allocation *allocation,
                                    const void *pointer, uint32_t kind, yk_error *error)
{
    if ((allocation->kind == YK_ALLOCATION_SEGMENT) !=
        (kind == YK_ALLOCATION_SEGMENT)) {
        return yk_fail(error, YOKE_EINVAL, "%p is %sa named segment (yoke_shm_close())",
                       pointer, kind == YK_ALLOCATION_SEGMENT ? "not " : "");
    }
    if ((allocation->kind == YK_ALLOCATION_OBJECT) != (kind == YK_ALLOCATION_OBJECT)) {
        return yk_fail(
            error, YOKE_EINVAL,
            "%p is a queue, a lock or another object: destroy it instead of freeing it",
            pointer);
    }
    return YOKE_OK;
}

yoke_status yk_arena_lookup_end(yk_arena *arena, const void *pointer, uint32_t kind,
                                yk_allocation **allocation, yk_entry **entry,
                                yk_error *error)
{
    yoke_status status =
        yk_arena_lookup_start(arena, pointer, allocation, entry, error);

    if (status == YOKE_OK) {
        status = arena_check_kind(*allocation, pointer, kind, error);
    }
    if (status == YOKE_OK && (*allocation)->users != 0) {
        status =
            yk_fail(error, YOKE_EBUSY,
                    "%p (%llu bytes) is used by %u job(s) that have not ended", pointer,
                    (unsigned long long)(*allocation)->bytes, (*allocation)->users);
    }
    return status;
}

/* ---- checking ---- */

static bool arena_entry_is_valid(const yk_arena *arena, const yk_entry *entry,
                                 uint64_t end)
{
    const yk_allocation *allocation = &entry->allocation;
    const uint64_t page = yk_page_size();

    return yk_allocation_begin(allocation) >= end &&
           yk_allocation_begin(allocation) % page == 0 &&
           yk_allocation_end(allocation) % page == 0 &&
           allocation->bytes <= allocation->span &&
           yk_zone_holds(&arena->layout.zones[allocation->zone],
                         yk_allocation_begin(allocation),
                         yk_allocation_taken(allocation)) &&
           (entry->slab == NULL || yk_slab_valid(entry->slab));
}

bool yk_arena_valid(const yk_arena *arena)
{
    uint64_t reserved = 0;
    size_t empty = 0;

    for (int zone = 0; zone < YK_ZONES; zone++) {
        const yk_books *books = &arena->books[zone];
        uint64_t end = 0;
        uint64_t used = 0;
        size_t count = 0;

        for (const yk_entry *entry = yk_books_after(books, 0); entry != NULL;
             entry = yk_books_after(books, end)) {
            if (!arena_entry_is_valid(arena, entry, end)) {
                return false;
            }
            end = yk_allocation_end(&entry->allocation);
            used += yk_allocation_taken(&entry->allocation);
            reserved += yk_allocation_takes_no_memory(&entry->allocation)
                            ? entry->allocation.span
                            : 0;
            empty += entry->slab != NULL && entry->slab->taken == 0;
            count++;
        }
        if (used != books->used || count != books->count) {
            return false;
        }
    }
    return reserved == arena->reserved && empty == arena->slabs.empty;
}
