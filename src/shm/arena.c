/* SPDX-License-Identifier: MIT */
#include "shm/arena.h"

#include <string.h>

#include "base/bits.h"
#include "shm/arena_inner.h"

yoke_status yk_arena_init(yk_arena *arena, yk_mapping mapping, bool limited,
                          yk_error *error)
{
    int problem;

    memset(arena, 0, sizeof *arena);
    arena->mapping = mapping;
    arena->next_id = 1;
    arena->limited = limited;
    for (uint32_t kind = 0; kind < YK_ZONES; kind++) {
        arena->layout.zones[kind] = (yk_zone){0, mapping.size};
        arena->books[kind].base = (uint64_t)(uintptr_t)mapping.base;
    }
    problem = pthread_mutex_init(&arena->lock, NULL);
    if (problem != 0) {
        return yk_fail(error, YOKE_ESYSTEM, "cannot create a lock: %s", strerror(problem));
    }
    return YOKE_OK;
}

void yk_arena_divide(yk_arena *arena, const yk_layout *layout)
{
    arena->layout = *layout;
    arena->is_divided = true;
}

static void arena_drop_slabs(yk_arena *arena)
{
    uint64_t end = 0;
    yk_entry *entry;

    while ((entry = yk_books_after(&arena->books[YK_ZONE_BLOCKS], end)) != NULL) {
        end = yk_allocation_end(&entry->allocation);
        if (entry->slab != NULL) {
            yk_slab_destroy(&arena->slabs, entry);
        }
    }
}

void yk_arena_fini(yk_arena *arena)
{
    (void)pthread_mutex_destroy(&arena->lock);
    arena_drop_slabs(arena);
    for (uint32_t zone = 0; zone < YK_ZONES; zone++) {
        yk_books_clear(&arena->books[zone]);
    }
    yk_mapping_destroy(&arena->mapping);
    memset(arena, 0, sizeof *arena);
}

/* ---- allocating ---- */

static void *alloc_kind(yk_arena *arena, size_t bytes, uint8_t kind, yk_zone_kind zone,
                        yk_error *error)
{
    yk_allocation allocation = {.bytes = bytes, .kind = kind, .zone = (uint8_t)zone};

    return yk_arena_place(arena, &allocation, error);
}

/* A small allocation among others. NULL: it has to have pages for itself. */
static void *arena_alloc_small(yk_arena *arena, size_t bytes, bool zeroed)
{
    yk_allocation *slot;
    void *pointer = NULL;
    bool is_zero;

    (void)pthread_mutex_lock(&arena->lock);
    slot = yk_arena_take_slot(arena, bytes, &is_zero);
    if (slot != NULL) {
        pointer = yk_arena_pointer_to(arena, slot->offset);
        if (zeroed && !is_zero) {
            memset(pointer, 0, (size_t)slot->span); /* a stale pointer may have written */
        }
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return pointer;
}

void *yk_arena_alloc(yk_arena *arena, size_t bytes, yk_error *error)
{
    void *pointer = bytes != 0 && bytes <= YK_MAX_SHARING && arena->guards == NULL
                        ? arena_alloc_small(arena, bytes, true)
                        : NULL;

    return pointer != NULL
               ? pointer
               : alloc_kind(arena, bytes, YK_ALLOCATION_PLAIN, YK_ZONE_BLOCKS, error);
}

void *yk_arena_alloc_result(yk_arena *arena, size_t bytes, yk_error *error)
{
    void *pointer = bytes != 0 && bytes <= YK_SLOT_MOST
                        ? arena_alloc_small(arena, bytes, false)
                        : NULL;

    return pointer != NULL ? pointer : yk_arena_alloc(arena, bytes, error);
}

void *yk_arena_alloc_object(yk_arena *arena, size_t bytes, yk_zone_kind zone,
                            yk_error *error)
{
    return alloc_kind(arena, bytes, YK_ALLOCATION_OBJECT, zone, error);
}

void *yk_arena_reserve(yk_arena *arena, size_t bytes, yk_error *error)
{
    return alloc_kind(arena, bytes, YK_ALLOCATION_RESERVED, YK_ZONE_BLOCKS, error);
}

/* ---- freeing ---- */

/* Gives the allocation's pages back and shuts them: in this process now, in others when they
 * next compare the table. */
static void release_guarded(yk_arena *arena, const yk_allocation *allocation)
{
    const uint64_t begin = yk_allocation_begin(allocation);
    const uint64_t bytes = yk_allocation_taken(allocation) - yk_page_size();

    yk_guard_remove(arena->guards, allocation->guard);
    yk_mapping_punch(&arena->mapping, begin, bytes);
    (void)yk_mapping_shut(&arena->mapping, begin, bytes);
}

/* What was freed reads as zeros, as far as it has a slot. */
static void arena_free_slot(yk_arena *arena, yk_entry *entry, yk_allocation *slot)
{
    memset(yk_arena_pointer_to(arena, slot->offset), 0, (size_t)slot->span);
    yk_slab_put(&arena->slabs, entry->slab, slot);
    if (arena->slabs.empty > YK_MAX_EMPTY_SLABS) {
        yk_arena_release_slab(arena, entry);
    }
}

static yoke_status arena_free_locked(yk_arena *arena, const void *pointer,
                                     uint32_t kind, yk_error *error)
{
    yk_allocation *allocation;
    yk_entry *entry;
    const yoke_status status =
        yk_arena_lookup_end(arena, pointer, kind, &allocation, &entry, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (entry->slab != NULL) {
        arena_free_slot(arena, entry, allocation);
        return YOKE_OK;
    }
    if (allocation->guard != 0) {
        release_guarded(arena, allocation);
    } else {
        yk_mapping_punch(&arena->mapping, allocation->offset, allocation->span);
    }
    yk_arena_remove(arena, entry);
    return YOKE_OK;
}

static yoke_status free_allocation(yk_arena *arena, const void *pointer, uint32_t kind,
                                   yk_error *error)
{
    yoke_status status;

    (void)pthread_mutex_lock(&arena->lock);
    status = arena_free_locked(arena, pointer, kind, error);
    (void)pthread_mutex_unlock(&arena->lock);
    return status;
}

yoke_status yk_arena_free(yk_arena *arena, const void *pointer, yk_error *error)
{
    return free_allocation(arena, pointer, YK_ALLOCATION_PLAIN, error);
}

void yk_arena_free_object(yk_arena *arena, const void *pointer)
{
    (void)free_allocation(arena, pointer, YK_ALLOCATION_OBJECT, NULL);
}

yoke_status yk_arena_check_free(yk_arena *arena, const void *pointer, yk_error *error)
{
    yk_allocation *allocation;
    yk_entry *entry;
    yoke_status status;

    (void)pthread_mutex_lock(&arena->lock);
    status = yk_arena_lookup_end(arena, pointer, YK_ALLOCATION_PLAIN, &allocation,
                                 &entry, error);
    (void)pthread_mutex_unlock(&arena->lock);
    return status;
}

/* ---- asking ---- */

bool yk_arena_find(yk_arena *arena, const void *pointer, yk_allocation *allocation)
{
    const yk_allocation *found;
    yk_entry *entry;

    (void)pthread_mutex_lock(&arena->lock);
    found = yk_arena_lookup(arena, pointer, &entry);
    if (found != NULL) {
        *allocation = *found;
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return found != NULL;
}

void yk_arena_use(yk_arena *arena, uint64_t address, uint64_t id, int change)
{
    yk_allocation *allocation;
    yk_entry *entry;

    (void)pthread_mutex_lock(&arena->lock);
    allocation = yk_arena_lookup(arena, (const void *)(uintptr_t)address, &entry);
    if (allocation != NULL && allocation->id == id) {
        allocation->users = (uint32_t)((int64_t)allocation->users + change);
    }
    (void)pthread_mutex_unlock(&arena->lock);
}

yoke_status yk_arena_get(yk_arena *arena, const void *pointer,
                         yk_allocation *allocation, yk_error *error)
{
    yk_allocation *found;
    yk_entry *entry;
    yoke_status status;

    (void)pthread_mutex_lock(&arena->lock);
    status = yk_arena_lookup_start(arena, pointer, &found, &entry, error);
    if (status == YOKE_OK) {
        *allocation = *found;
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return status;
}

void yk_arena_set_table(yk_arena *arena, const void *pointer, uint64_t table)
{
    yk_allocation *found;
    yk_entry *entry;

    (void)pthread_mutex_lock(&arena->lock);
    if (yk_arena_lookup_start(arena, pointer, &found, &entry, NULL) == YOKE_OK) {
        found->table = table;
        atomic_fetch_add(&arena->lendings, 1);
    }
    (void)pthread_mutex_unlock(&arena->lock);
}

uint64_t yk_arena_lendings(const yk_arena *arena)
{
    return atomic_load(&arena->lendings);
}
