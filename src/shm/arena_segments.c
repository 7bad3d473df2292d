/* SPDX-License-Identifier: MIT */
/* Addresses for named segments, and those that rest after one was closed. */
#include "base/bits.h"
#include "shm/arena_inner.h"

void *yk_arena_attach(yk_arena *arena, size_t bytes, uint32_t attachment,
                      bool read_only, yk_allocation *allocation, yk_error *error)
{
    *allocation = (yk_allocation){.bytes = bytes,
                                  .kind = YK_ALLOCATION_SEGMENT,
                                  .zone = YK_ZONE_SEGMENTS,
                                  .attachment = attachment,
                                  .read_only = read_only};
    return yk_arena_place(arena, allocation, error);
}

/* Joins a resting range with the one after it, if there is one. */
static void join_resting(yk_arena *arena, yk_entry *entry)
{
    yk_books *books = yk_arena_books_of(arena, YK_ZONE_SEGMENTS);
    yk_allocation *range = &entry->allocation;
    yk_entry *next = yk_books_at(books, yk_allocation_end(range));
    uint64_t span;

    if (next == NULL || next->allocation.kind != YK_ALLOCATION_RESTING) {
        return;
    }
    span = next->allocation.span;
    range->epoch = yk_max(range->epoch, next->allocation.epoch);
    yk_books_remove(books, next);
    arena->resting--;
    yk_books_resize(books, entry, range->span + span);
    range->bytes = range->span;
}

/* Adjacent resting ranges are joined, so that the books stay short however many segments are
 * closed. */
static void rest_locked(yk_arena *arena, yk_entry *entry, uint64_t epoch)
{
    const yk_books *books = yk_arena_books_of(arena, YK_ZONE_SEGMENTS);
    yk_allocation *range = &entry->allocation;
    yk_entry *before =
        range->offset > 0 ? yk_books_at(books, range->offset - 1) : NULL;

    *range = (yk_allocation){.offset = range->offset,
                             .bytes = range->span,
                             .span = range->span,
                             .kind = YK_ALLOCATION_RESTING,
                             .zone = range->zone,
                             .epoch = epoch};
    arena->resting++;
    join_resting(arena, entry);
    if (before != NULL && before->allocation.kind == YK_ALLOCATION_RESTING) {
        join_resting(arena, before);
    }
}

yoke_status yk_arena_detach(yk_arena *arena, const void *pointer, uint64_t epoch,
                            yk_error *error)
{
    yk_allocation *allocation;
    yk_entry *entry;
    yoke_status status;

    (void)pthread_mutex_lock(&arena->lock);
    status = yk_arena_lookup_end(arena, pointer, YK_ALLOCATION_SEGMENT, &allocation,
                                 &entry, error);
    if (status == YOKE_OK) {
        rest_locked(arena, entry, epoch);
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return status;
}

void yk_arena_wake(yk_arena *arena, uint64_t epoch)
{
    const yk_books *books = yk_arena_books_of(arena, YK_ZONE_SEGMENTS);
    uint64_t end = 0;
    yk_entry *entry;

    (void)pthread_mutex_lock(&arena->lock);
    while (arena->resting > 0 && (entry = yk_books_after(books, end)) != NULL) {
        const yk_allocation *range = &entry->allocation;

        end = yk_allocation_end(range);
        if (range->kind == YK_ALLOCATION_RESTING && range->epoch <= epoch) {
            arena->reserved -= range->span;
            arena->resting--;
            yk_arena_remove(arena, entry);
        }
    }
    (void)pthread_mutex_unlock(&arena->lock);
}

bool yk_arena_has_room_to_attach(yk_arena *arena, size_t bytes)
{
    const yk_zone *zone = &arena->layout.zones[YK_ZONE_SEGMENTS];
    const yk_wish wish = {zone->begin, zone->end, yk_round_up(bytes, yk_page_size()),
                          bytes >= YK_LARGE_PAGE ? YK_ALIGN_LARGE : YK_ALIGN_PAGE};
    uint64_t offset;
    bool found;

    (void)pthread_mutex_lock(&arena->lock);
    found = yk_books_find_gap(yk_arena_books_of(arena, YK_ZONE_SEGMENTS), &wish, &offset);
    (void)pthread_mutex_unlock(&arena->lock);
    return found;
}

uint64_t yk_arena_resting(yk_arena *arena)
{
    const yk_books *books = yk_arena_books_of(arena, YK_ZONE_SEGMENTS);
    uint64_t bytes = 0;
    uint64_t end = 0;
    const yk_entry *entry;

    (void)pthread_mutex_lock(&arena->lock);
    while (arena->resting > 0 && (entry = yk_books_after(books, end)) != NULL) {
        end = yk_allocation_end(&entry->allocation);
        bytes += entry->allocation.kind == YK_ALLOCATION_RESTING ? entry->allocation.span
                                                                 : 0;
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return bytes;
}
