/* SPDX-License-Identifier: MIT */
/* Allocations that become larger or smaller where they are. */
#include <string.h>

#include "base/bits.h"
#include "shm/arena_inner.h"

/* Keeps the first `span` bytes of what an entry takes. */
static void resize_keep(yk_arena *arena, yk_entry *entry, uint64_t span, bool touched)
{
    const yk_allocation *allocation = &entry->allocation;

    if (touched && span < allocation->span) {
        yk_mapping_punch(&arena->mapping, allocation->offset + span,
                         allocation->span - span);
    }
    yk_books_resize(yk_arena_books_of(arena, allocation->zone), entry, span);
}

static void settle_locked(yk_arena *arena, yk_entry *entry, size_t bytes, bool touched)
{
    yk_allocation *allocation = &entry->allocation;

    arena->reserved -= allocation->span;
    resize_keep(arena, entry, yk_round_up(bytes, yk_page_size()), touched);
    allocation->bytes = bytes;
    allocation->kind = YK_ALLOCATION_PLAIN;
    allocation->users = 0;
    if (bytes == 0) {
        yk_arena_remove(arena, entry);
    }
}

void yk_arena_settle(yk_arena *arena, const void *pointer, size_t bytes, bool touched)
{
    yk_allocation *allocation;
    yk_entry *entry;

    (void)pthread_mutex_lock(&arena->lock);
    if (yk_arena_lookup_start(arena, pointer, &allocation, &entry, NULL) == YOKE_OK &&
        allocation->kind == YK_ALLOCATION_RESERVED && bytes <= allocation->bytes) {
        settle_locked(arena, entry, bytes, touched);
    }
    (void)pthread_mutex_unlock(&arena->lock);
}

void yk_arena_shrink_object(yk_arena *arena, const void *pointer, size_t bytes)
{
    const uint64_t span = yk_round_up(bytes, yk_page_size());
    yk_allocation *allocation;
    yk_entry *entry;

    (void)pthread_mutex_lock(&arena->lock);
    if (yk_arena_lookup_start(arena, pointer, &allocation, &entry, NULL) == YOKE_OK &&
        allocation->kind == YK_ALLOCATION_OBJECT && bytes != 0) {
        yk_mapping_punch(&arena->mapping, allocation->offset, allocation->span);
        if (span < allocation->span) {
            resize_keep(arena, entry, span, false);
            allocation->bytes = bytes;
        }
    }
    (void)pthread_mutex_unlock(&arena->lock);
}

/* ---- any size ---- */

/* Whether the bytes from `from` on are free up to `to`, and may be taken. */
static bool resize_may_grow(yk_arena *arena, uint32_t zone, uint64_t from, uint64_t to)
{
    const yk_wish wish = {from, yk_min(to, arena->layout.zones[zone].end), to - from,
                          YK_ALIGN_PAGE};
    uint64_t offset;

    return yk_books_find_gap(yk_arena_books_of(arena, zone), &wish, &offset) &&
           yk_arena_promise(arena, to - from, NULL) == YOKE_OK;
}

/* Small allocations stay in slots of their size, others have pages and the alignment of their
 * size. */
static bool resize_takes_place(yk_arena *arena, yk_entry *entry,
                               const yk_allocation *allocation, size_t bytes)
{
    const uint64_t base = (uint64_t)(uintptr_t)arena->mapping.base;
    const uint64_t span = yk_round_up(bytes, yk_page_size());

    if (entry->slab != NULL) {
        return bytes <= YK_MAX_SHARING && yk_slot_bytes(bytes) == allocation->span;
    }
    if (bytes <= YK_MAX_SHARING ||
        (bytes >= YK_LARGE_PAGE && (base + allocation->offset) % YK_LARGE_PAGE != 0)) {
        return false;
    }
    if (span > allocation->span &&
        !resize_may_grow(arena, allocation->zone, yk_allocation_end(allocation),
                         allocation->offset + span)) {
        return false;
    }
    resize_keep(arena, entry, span, true);
    return true;
}

/* What follows its bytes up to the end of their page or slot is zero: so are bytes that are added
 * later. */
static void resize_clear(yk_arena *arena, const yk_allocation *allocation, size_t bytes)
{
    char *pointer = yk_arena_pointer_to(arena, allocation->offset);
    const uint64_t kept = yk_min(allocation->bytes, bytes);
    const uint64_t whole = allocation->shares_pages
                               ? allocation->span
                               : yk_min(yk_round_up(kept, yk_page_size()),
                                        allocation->span);

    memset(pointer + kept, 0, (size_t)(whole - kept));
}

bool yk_arena_resize(yk_arena *arena, void *pointer, size_t bytes)
{
    yk_allocation *allocation;
    yk_entry *entry;
    bool done = false;

    (void)pthread_mutex_lock(&arena->lock);
    if (bytes != 0 &&
        yk_arena_lookup_start(arena, pointer, &allocation, &entry, NULL) == YOKE_OK &&
        allocation->kind == YK_ALLOCATION_PLAIN && allocation->users == 0 &&
        allocation->table == 0 && allocation->guard == 0 &&
        resize_takes_place(arena, entry, allocation, bytes)) {
        resize_clear(arena, allocation, bytes);
        allocation->bytes = bytes;
        allocation->id = arena->next_id++; /* devices look for what they keep by its id */
        done = true;
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return done;
}
