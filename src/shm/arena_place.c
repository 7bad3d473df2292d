/* SPDX-License-Identifier: MIT */
/* Places for new allocations. */
#include "base/bits.h"
#include "shm/arena_inner.h"

static uint64_t zone_bytes(const yk_arena *arena, uint32_t zone)
{
    return arena->layout.zones[zone].end - arena->layout.zones[zone].begin;
}

static void fail_full(yk_arena *arena, const yk_allocation *allocation, yk_error *error)
{
    static const char *const what[YK_ZONES] = {
        [YK_ZONE_BLOCKS] = "the pool's memory",
        [YK_ZONE_CELLS] = "the pool's memory for values and arrays",
        [YK_ZONE_OBJECTS] = "the pool's memory for queues and other objects",
        [YK_ZONE_GUARDED] = "the pool's memory",
        [YK_ZONE_SEGMENTS] = "the pool's window for named segments"};

    (void)yk_fail(
        error, YOKE_ENOMEM,
        "cannot allocate %llu bytes: %llu of the %llu bytes of %s are in use "
        "(arena_bytes, YOKE_ARENA)",
        (unsigned long long)allocation->bytes,
        (unsigned long long)yk_arena_books_of(arena, allocation->zone)->used,
        (unsigned long long)zone_bytes(arena, allocation->zone),
        what[allocation->zone]);
}

/* Checks that the zone is large enough and that there is memory. */
static yoke_status check_room(yk_arena *arena, const yk_allocation *allocation,
                              yk_error *error)
{
    const uint64_t max_count = zone_bytes(arena, allocation->zone);

    if (allocation->bytes > max_count) {
        return yk_fail(error, YOKE_ENOMEM,
                       "cannot allocate %llu bytes: the pool's window has %llu bytes "
                       "(arena_bytes, YOKE_ARENA)",
                       (unsigned long long)allocation->bytes,
                       (unsigned long long)max_count);
    }
    return yk_allocation_takes_no_memory(allocation)
               ? YOKE_OK
               : yk_arena_promise(
                     arena, yk_round_up(allocation->bytes, yk_page_size()), error);
}

/* Enters it; its address, or NULL. */
static void *place_enter(yk_arena *arena, yk_allocation *allocation, yk_error *error)
{
    return yk_arena_enter(arena, allocation, error) != NULL
               ? yk_arena_pointer_to(arena, allocation->offset)
               : NULL;
}

static void *place_locked(yk_arena *arena, yk_allocation *allocation, yk_error *error)
{
    if (check_room(arena, allocation, error) != YOKE_OK) {
        return NULL;
    }
    allocation->span = yk_round_up(allocation->bytes, yk_page_size());
    if (!yk_arena_find_gap(
            arena, allocation->zone, allocation->span,
            allocation->bytes >= YK_LARGE_PAGE ? YK_ALIGN_LARGE : YK_ALIGN_PAGE,
            &allocation->offset)) {
        fail_full(arena, allocation, error);
        return NULL;
    }
    return place_enter(arena, allocation, error);
}

/* ---- small allocations ---- */

/* Adds a slab. Without enough memory or address space the caller tries less than that. */
static bool place_slab(yk_arena *arena, size_t bytes)
{
    const uint64_t span = yk_round_up(YK_SLAB_BYTES, yk_page_size());
    yk_allocation allocation = {.bytes = span,
                                .span = span,
                                .kind = YK_ALLOCATION_SLAB,
                                .zone = YK_ZONE_BLOCKS};
    yk_entry *entry;

    if (check_room(arena, &allocation, NULL) != YOKE_OK ||
        !yk_arena_find_gap(arena, YK_ZONE_BLOCKS, span, YK_ALIGN_PAGE,
                           &allocation.offset)) {
        return false;
    }
    entry = yk_arena_enter(arena, &allocation, NULL);
    if (entry == NULL || yk_slab_create(&arena->slabs, entry, yk_slot_bytes(bytes))) {
        return entry != NULL;
    }
    yk_arena_remove(arena, entry);
    return false;
}

yk_allocation *yk_arena_take_slot(yk_arena *arena, size_t bytes, bool *is_zero)
{
    yk_allocation *slot = yk_slab_take(&arena->slabs, bytes, is_zero);

    if (slot == NULL && place_slab(arena, bytes)) {
        slot = yk_slab_take(&arena->slabs, bytes, is_zero);
    }
    if (slot != NULL) {
        slot->id = arena->next_id++;
    }
    return slot;
}

/* ---- guarded allocations ---- */

/* The alignment of an allocation's start: that of its size, so that no bytes are left between
 * its end and the guard, but at least what malloc() guarantees. */
static uint64_t guarded_alignment(uint64_t bytes)
{
    enum { LEAST = 16, MOST = 128 };

    return yk_min(yk_max(bytes & (~bytes + 1), LEAST), MOST);
}

/* Places the allocation right before a page that cannot be accessed. NULL: it can only be an
 * ordinary one. */
static void *place_guarded(yk_arena *arena, yk_allocation *allocation)
{
    const uint64_t page = yk_page_size();
    const uint64_t own =
        yk_round_up(allocation->bytes, guarded_alignment(allocation->bytes));
    const uint64_t whole = yk_round_up(own, page);
    uint64_t start;
    void *pointer;

    allocation->zone = YK_ZONE_GUARDED;
    if (allocation->bytes > zone_bytes(arena, YK_ZONE_GUARDED) ||
        check_room(arena, allocation, NULL) != YOKE_OK ||
        !yk_arena_find_gap(arena, YK_ZONE_GUARDED, whole + page, YK_ALIGN_PAGE,
                           &start) ||
        !yk_mapping_open(&arena->mapping, start, whole)) {
        return NULL;
    }
    allocation->lead = (uint32_t)(whole - own);
    allocation->offset = start + allocation->lead;
    allocation->span = own + page;
    allocation->id = arena->next_id; /* the id that it will get */
    allocation->guard = yk_guard_add(
        arena->guards, &(yk_guarded_allocation){.id = allocation->id,
                                                .offset = allocation->offset,
                                                .bytes = allocation->bytes,
                                                .begin = start,
                                                .end = start + whole});
    pointer = allocation->guard != 0 ? place_enter(arena, allocation, NULL) : NULL;
    if (pointer == NULL) {
        if (allocation->guard != 0) {
            yk_guard_remove(arena->guards, allocation->guard);
        }
        (void)yk_mapping_shut(&arena->mapping, start, whole);
    }
    return pointer;
}

static void *place_any(yk_arena *arena, yk_allocation *allocation, yk_error *error)
{
    const yk_allocation plain = *allocation;
    void *pointer = arena->guards != NULL && allocation->kind == YK_ALLOCATION_PLAIN
                        ? place_guarded(arena, allocation)
                        : NULL;

    if (pointer == NULL) {
        *allocation = plain;
        pointer = place_locked(arena, allocation, error);
    }
    return pointer;
}

void *yk_arena_place(yk_arena *arena, yk_allocation *allocation, yk_error *error)
{
    void *pointer;

    if (allocation->bytes == 0) {
        yk_fail(error, YOKE_EINVAL, "cannot allocate 0 bytes");
        return NULL;
    }
    (void)pthread_mutex_lock(&arena->lock);
    pointer = place_any(arena, allocation, error);
    (void)pthread_mutex_unlock(&arena->lock);
    return pointer;
}
