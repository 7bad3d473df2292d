/* SPDX-License-Identifier: MIT */
#include "shm/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "sys/memory_limits.h"

enum { LARGE = 2 << 20 };

yoke_status yk_arena_init(yk_arena *arena, yk_mapping mapping, bool limited,
                          yk_error *error)
{
    memset(arena, 0, sizeof *arena);
    arena->mapping = mapping;
    arena->next_id = 1;
    arena->limited = limited;
    for (uint32_t kind = 0; kind < YK_ZONES; kind++) {
        arena->layout.zones[kind] = (yk_zone){0, mapping.size};
    }
    if (pthread_mutex_init(&arena->lock, NULL) != 0) {
        return yk_fail(error, YOKE_ESYSTEM, "cannot create a lock");
    }
    return YOKE_OK;
}

void yk_arena_divide(yk_arena *arena, const yk_layout *layout)
{
    arena->layout = *layout;
}

void yk_arena_fini(yk_arena *arena)
{
    (void)pthread_mutex_destroy(&arena->lock);
    free(arena->allocations);
    yk_mapping_destroy(&arena->mapping);
    memset(arena, 0, sizeof *arena);
}

static uint64_t offset_of(const yk_arena *arena, const void *pointer)
{
    return (uint64_t)((uintptr_t)pointer - (uintptr_t)arena->mapping.base);
}

bool yk_arena_contains(const yk_arena *arena, const void *pointer)
{
    return (uintptr_t)pointer >= (uintptr_t)arena->mapping.base &&
           offset_of(arena, pointer) < arena->mapping.size;
}

/* The offset where the pages of an allocation begin, and where those of the next may begin. */
static uint64_t begin_of(const yk_allocation *allocation)
{
    return allocation->offset - allocation->lead;
}

static uint64_t end_of(const yk_allocation *allocation)
{
    return allocation->offset + allocation->span;
}

/* Index of the first allocation that ends after the offset. */
static size_t first_after(const yk_arena *arena, uint64_t offset)
{
    size_t low = 0;
    size_t high = arena->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (end_of(&arena->allocations[middle]) <= offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool arena_ensure_room(yk_arena *arena)
{
    const size_t capacity = arena->capacity == 0 ? 64 : 2 * arena->capacity;
    yk_allocation *allocations;

    if (arena->count < arena->capacity) {
        return true;
    }
    allocations = realloc(arena->allocations, capacity * sizeof *allocations);
    if (allocations == NULL) {
        return false;
    }
    arena->allocations = allocations;
    arena->capacity = capacity;
    return true;
}

/* What to search for: a number of bytes in a range, at an alignment of the address, not of the
 * offset. */
typedef struct yk_wish {
    uint64_t from;
    uint64_t to;
    uint64_t span;
    uint64_t alignment;
} yk_wish;

/* Finds the first gap that is large enough, and the index that its allocation would have. */
static bool find_gap_in(const yk_arena *arena, const yk_wish *wish, uint64_t *offset,
                        size_t *index)
{
    const uint64_t base = (uint64_t)(uintptr_t)arena->mapping.base;
    uint64_t from = wish->from;

    for (size_t i = first_after(arena, from); i <= arena->count && from < wish->to;
         i++) {
        const uint64_t to = i < arena->count
                                ? yk_min(begin_of(&arena->allocations[i]), wish->to)
                                : wish->to;
        const uint64_t start = yk_round_up(base + from, wish->alignment) - base;

        if (start <= to && wish->span <= to - start) {
            *offset = start;
            *index = i;
            return true;
        }
        if (i < arena->count) {
            from = yk_max(from, end_of(&arena->allocations[i]));
        }
    }
    return false;
}

/* There may be many results of one page, and of the size that is reserved for each, so the
 * search for their gaps must not start from the beginning every time. NULL: no hint for sizes
 * in between. */
static yk_gap_hint *hint_for(yk_arena *arena, uint64_t span)
{
    return span == yk_page_size() ? &arena->page_hint
           : span >= LARGE        ? &arena->large_hint
                                  : NULL;
}

/* In the zone of plain allocations. */
static bool find_soonest(yk_arena *arena, const yk_wish *wish, uint64_t *offset,
                         size_t *index)
{
    yk_gap_hint *hint = hint_for(arena, wish->span);
    yk_wish later = *wish;
    bool found = false;

    if (hint != NULL && hint->span != 0 && hint->span <= wish->span) {
        later.from = yk_max(wish->from, hint->offset);
        found = find_gap_in(arena, &later, offset, index);
    }
    found = found || find_gap_in(arena, wish, offset, index);
    if (found && hint != NULL) {
        *hint = (yk_gap_hint){wish->span, *offset};
    }
    return found;
}

/* In zones where a stale pointer should not soon meet a new object: searches after the last one
 * found, and from the start again only at the end of the zone. */
static bool find_latest(yk_arena *arena, yk_zone_kind kind, const yk_wish *wish,
                        uint64_t *offset, size_t *index)
{
    yk_wish later = *wish;
    bool found;

    later.from = yk_max(wish->from, arena->next[kind]);
    found = find_gap_in(arena, &later, offset, index) ||
            find_gap_in(arena, wish, offset, index);
    if (found) {
        arena->next[kind] = *offset + wish->span;
    }
    return found;
}

static bool find_gap(yk_arena *arena, yk_zone_kind kind, uint64_t span,
                     uint64_t alignment, uint64_t *offset, size_t *index)
{
    const yk_zone *zone = &arena->layout.zones[kind];
    const yk_wish wish = {zone->begin, zone->end, span, alignment};

    switch (kind) {
    case YK_ZONE_BLOCKS:
        return find_soonest(arena, &wish, offset, index);
    case YK_ZONE_GUARDED:
    case YK_ZONE_SEGMENTS:
        return find_latest(arena, kind, &wish, offset, index);
    default:
        return find_gap_in(arena, &wish, offset, index);
    }
}

static void lower_hint(yk_gap_hint *hint, uint64_t from, uint64_t to)
{
    if (to - from >= hint->span && from < hint->offset) {
        hint->offset = from;
    }
}

/* Notes that there is now a gap before the allocation with this index. */
static void note_gap(yk_arena *arena, size_t index)
{
    const uint64_t from = index > 0 ? end_of(&arena->allocations[index - 1]) : 0;
    const uint64_t to = index < arena->count ? begin_of(&arena->allocations[index])
                                             : (uint64_t)arena->mapping.size;

    lower_hint(&arena->page_hint, from, to);
    lower_hint(&arena->large_hint, from, to);
}

static yoke_status check_memory(const yk_arena *arena, uint64_t span, yk_error *error)
{
    uint64_t available;
    uint64_t resident;
    uint64_t promised;

    if (!arena->limited) {
        return YOKE_OK;
    }
    available = yk_memory_available();
    resident = yk_mapping_resident(&arena->mapping);
    promised = arena->used - arena->reserved > resident
                   ? arena->used - arena->reserved - resident
                   : 0;
    if (available != UINT64_MAX &&
        (promised > available || span > available - promised)) {
        return yk_fail(error, YOKE_ENOMEM,
                       "cannot allocate %llu bytes: the system has %llu bytes left, of "
                       "which %llu are promised to earlier allocations",
                       (unsigned long long)span, (unsigned long long)available,
                       (unsigned long long)promised);
    }
    return YOKE_OK;
}

static void *insert_allocation(yk_arena *arena, size_t index, yk_allocation allocation)
{
    memmove(&arena->allocations[index + 1], &arena->allocations[index],
            (arena->count - index) * sizeof arena->allocations[0]);
    arena->allocations[index] = allocation;
    arena->count++;
    arena->used += allocation.lead + allocation.span;
    return (char *)arena->mapping.base + allocation.offset;
}

static void remove_allocation(yk_arena *arena, yk_allocation *allocation)
{
    arena->used -= allocation->lead + allocation->span;
    arena->count--;
    memmove(allocation, allocation + 1,
            (size_t)(&arena->allocations[arena->count] - allocation) *
                sizeof *allocation);
    note_gap(arena, (size_t)(allocation - arena->allocations));
}

/* Gives the spare pages back to the system. Whether there were any. */
static bool drop_spare(yk_arena *arena)
{
    const bool any = arena->spare_count > 0;

    while (arena->spare_count > 0) {
        const uint64_t offset = arena->spare[--arena->spare_count];
        yk_allocation *allocation = &arena->allocations[first_after(arena, offset)];

        yk_mapping_punch(&arena->mapping, allocation->offset, allocation->span);
        remove_allocation(arena, allocation);
    }
    return any;
}

/* find_gap(); if there is none, again without the spare pages. */
static bool make_gap(yk_arena *arena, yk_zone_kind zone, uint64_t span,
                     uint64_t alignment, uint64_t *offset, size_t *index)
{
    return find_gap(arena, zone, span, alignment, offset, index) ||
           (drop_spare(arena) && find_gap(arena, zone, span, alignment, offset, index));
}

/* Whether to check the available memory, which takes system calls: not for address space, and
 * only for some of the single pages. */
static bool is_to_be_checked(const yk_arena *arena, uint32_t kind)
{
    enum { UNCHECKED_PAGES = 64 };

    return kind == YK_ALLOCATION_PLAIN || kind == YK_ALLOCATION_OBJECT ||
           (kind == YK_ALLOCATION_PAGE && arena->next_id % UNCHECKED_PAGES == 0);
}

/* Whether an allocation's pages are not the arena's, or not yet. */
static bool takes_no_memory(const yk_allocation *allocation)
{
    return allocation->kind == YK_ALLOCATION_RESERVED ||
           allocation->kind == YK_ALLOCATION_SEGMENT ||
           allocation->kind == YK_ALLOCATION_RESTING;
}

static uint64_t zone_bytes(const yk_arena *arena, uint32_t kind)
{
    return arena->layout.zones[kind].end - arena->layout.zones[kind].begin;
}

/* The number of bytes in use in a zone. */
static uint64_t zone_used(const yk_arena *arena, uint32_t zone)
{
    uint64_t used = 0;

    for (size_t i = 0; i < arena->count; i++) {
        used += arena->allocations[i].zone == zone
                    ? arena->allocations[i].lead + arena->allocations[i].span
                    : 0;
    }
    return used;
}

static yoke_status fail_full(const yk_arena *arena, const yk_allocation *allocation,
                             yk_error *error)
{
    static const char *const what[YK_ZONES] = {
        [YK_ZONE_BLOCKS] = "the pool's memory",
        [YK_ZONE_CELLS] = "the pool's memory for values and arrays",
        [YK_ZONE_OBJECTS] = "the pool's memory for queues and other objects",
        [YK_ZONE_GUARDED] = "the pool's memory",
        [YK_ZONE_SEGMENTS] = "the pool's window for named segments"};

    return yk_fail(
        error, YOKE_ENOMEM,
        "cannot allocate %llu bytes: %llu of the %llu bytes of %s are in use "
        "(arena_bytes, YOKE_ARENA)",
        (unsigned long long)allocation->bytes,
        (unsigned long long)zone_used(arena, allocation->zone),
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
    if (is_to_be_checked(arena, allocation->kind) &&
        check_memory(arena, yk_round_up(allocation->bytes, yk_page_size()), error) !=
            YOKE_OK) {
        return YOKE_ENOMEM;
    }
    return arena_ensure_room(arena) ? YOKE_OK
                                    : yk_fail(error, YOKE_ENOMEM, "out of memory");
}

static void *enter_allocation(yk_arena *arena, size_t index, yk_allocation *allocation)
{
    allocation->id = arena->next_id++;
    allocation->users = allocation->kind == YK_ALLOCATION_RESERVED;
    arena->reserved +=
        takes_no_memory(allocation) ? allocation->lead + allocation->span : 0;
    return insert_allocation(arena, index, *allocation);
}

static void *place_locked(yk_arena *arena, yk_allocation *allocation, yk_error *error)
{
    const uint64_t page = yk_page_size();
    size_t index;

    if (check_room(arena, allocation, error) != YOKE_OK) {
        return NULL;
    }
    allocation->span = yk_round_up(allocation->bytes, page);
    if (!make_gap(arena, (yk_zone_kind)allocation->zone, allocation->span,
                  allocation->bytes >= LARGE ? LARGE : page, &allocation->offset,
                  &index)) {
        (void)fail_full(arena, allocation, error);
        return NULL;
    }
    return enter_allocation(arena, index, allocation);
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
    size_t index;

    allocation->zone = YK_ZONE_GUARDED;
    if (allocation->bytes > zone_bytes(arena, YK_ZONE_GUARDED) ||
        check_room(arena, allocation, NULL) != YOKE_OK ||
        !find_gap(arena, YK_ZONE_GUARDED, whole + page, page, &start, &index) ||
        !yk_mapping_open(&arena->mapping, start, whole)) {
        return NULL;
    }
    allocation->lead = whole - own;
    allocation->offset = start + allocation->lead;
    allocation->span = own + page;
    allocation->id = arena->next_id; /* the id that it will get */
    allocation->guard = yk_guard_add(
        arena->guards, &(yk_guarded_allocation){.id = allocation->id,
                                                .offset = allocation->offset,
                                                .bytes = allocation->bytes,
                                                .begin = start,
                                                .end = start + whole});
    if (allocation->guard == 0) {
        (void)yk_mapping_shut(&arena->mapping, start, whole);
        return NULL;
    }
    return enter_allocation(arena, index, allocation);
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

/* Gives the allocation's pages back and shuts them: in this process now, in others when they
 * next compare the table. */
static void release_guarded(yk_arena *arena, const yk_allocation *allocation)
{
    const uint64_t bytes = allocation->lead + allocation->span - yk_page_size();

    yk_guard_remove(arena->guards, allocation->guard);
    yk_mapping_punch(&arena->mapping, begin_of(allocation), bytes);
    (void)yk_mapping_shut(&arena->mapping, begin_of(allocation), bytes);
}

yoke_status yk_arena_check_memory(yk_arena *arena, size_t bytes, yk_error *error)
{
    yoke_status status;

    (void)pthread_mutex_lock(&arena->lock);
    status = check_memory(arena, bytes, error);
    (void)pthread_mutex_unlock(&arena->lock);
    return status;
}

static void *arena_place(yk_arena *arena, yk_allocation *allocation, yk_error *error)
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

/* In the zone of plain allocations. */
static void *alloc_kind(yk_arena *arena, size_t bytes, uint32_t kind, yk_error *error)
{
    yk_allocation allocation = {.bytes = bytes, .kind = kind, .zone = YK_ZONE_BLOCKS};

    return arena_place(arena, &allocation, error);
}

void *yk_arena_alloc(yk_arena *arena, size_t bytes, yk_error *error)
{
    return alloc_kind(arena, bytes, YK_ALLOCATION_PLAIN, error);
}

void *yk_arena_alloc_object(yk_arena *arena, size_t bytes, yk_zone_kind zone,
                            yk_error *error)
{
    yk_allocation allocation = {
        .bytes = bytes, .kind = YK_ALLOCATION_OBJECT, .zone = zone};

    return arena_place(arena, &allocation, error);
}

void *yk_arena_reserve(yk_arena *arena, size_t bytes, yk_error *error)
{
    return alloc_kind(arena, bytes, YK_ALLOCATION_RESERVED, error);
}

void *yk_arena_attach(yk_arena *arena, size_t bytes, uint32_t attachment,
                      bool read_only, yk_allocation *allocation, yk_error *error)
{
    *allocation = (yk_allocation){.bytes = bytes,
                                  .kind = YK_ALLOCATION_SEGMENT,
                                  .zone = YK_ZONE_SEGMENTS,
                                  .attachment = attachment,
                                  .read_only = read_only};
    return arena_place(arena, allocation, error);
}

/* Makes a spare page an allocation; NULL if there is none. */
static void *take_spare(yk_arena *arena, size_t bytes)
{
    yk_allocation *allocation;

    if (arena->spare_count == 0) {
        return NULL;
    }
    allocation =
        &arena->allocations[first_after(arena, arena->spare[--arena->spare_count])];
    allocation->kind = YK_ALLOCATION_PAGE;
    allocation->bytes = bytes;
    allocation->id = arena->next_id++;
    return (char *)arena->mapping.base + allocation->offset;
}

void *yk_arena_alloc_page(yk_arena *arena, size_t bytes, yk_error *error)
{
    void *pointer;

    if (bytes > yk_page_size()) {
        return yk_arena_alloc(arena, bytes, error);
    }
    (void)pthread_mutex_lock(&arena->lock);
    pointer = take_spare(arena, bytes);
    (void)pthread_mutex_unlock(&arena->lock);
    return pointer != NULL ? pointer
                           : alloc_kind(arena, bytes, YK_ALLOCATION_PAGE, error);
}

static yk_allocation *find_locked(yk_arena *arena, const void *pointer)
{
    const uint64_t offset = offset_of(arena, pointer);
    size_t index;

    if (!yk_arena_contains(arena, pointer)) {
        return NULL;
    }
    index = first_after(arena, offset);
    if (index == arena->count || arena->allocations[index].offset > offset ||
        arena->allocations[index].kind == YK_ALLOCATION_SPARE ||
        arena->allocations[index].kind == YK_ALLOCATION_RESTING) {
        return NULL;
    }
    return &arena->allocations[index];
}

/* The allocation that starts at an address. */
static yoke_status find_start(yk_arena *arena, const void *pointer,
                              yk_allocation **allocation, yk_error *error)
{
    *allocation = find_locked(arena, pointer);
    if (*allocation == NULL || (*allocation)->offset != offset_of(arena, pointer)) {
        return yk_fail(error, YOKE_EINVAL,
                       "%p is not the start of an allocation of this pool", pointer);
    }
    return YOKE_OK;
}

/* Checks that this kind of allocation is freed by such a call: segments and objects have calls
 * of their own. */
static yoke_status check_kind(const yk_allocation *allocation, const void *pointer,
                              uint32_t kind, yk_error *error)
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

/* Finds the allocation that starts there, if it may be freed. */
static yoke_status arena_check_end(yk_arena *arena, const void *pointer, uint32_t kind,
                                   yk_allocation **allocation, yk_error *error)
{
    yoke_status status = find_start(arena, pointer, allocation, error);

    if (status == YOKE_OK) {
        status = check_kind(*allocation, pointer, kind, error);
    }
    if (status == YOKE_OK && (*allocation)->users != 0) {
        status =
            yk_fail(error, YOKE_EBUSY,
                    "%p (%llu bytes) is used by %u job(s) that have not ended", pointer,
                    (unsigned long long)(*allocation)->bytes, (*allocation)->users);
    }
    return status;
}

static yoke_status arena_free_locked(yk_arena *arena, const void *pointer,
                                     uint32_t kind, yk_error *error)
{
    yk_allocation *allocation;
    const yoke_status status =
        arena_check_end(arena, pointer, kind, &allocation, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (allocation->kind == YK_ALLOCATION_PAGE && allocation->table == 0 &&
        arena->spare_count < YK_MAX_SPARE) {
        allocation->kind = YK_ALLOCATION_SPARE;
        arena->spare[arena->spare_count++] = allocation->offset;
        return YOKE_OK;
    }
    if (allocation->guard != 0) {
        release_guarded(arena, allocation);
    } else {
        yk_mapping_punch(&arena->mapping, allocation->offset, allocation->span);
    }
    remove_allocation(arena, allocation);
    return YOKE_OK;
}

/* ---- ranges that rest ---- */

/* Joins a resting range with the one before it. */
static void join_resting(yk_arena *arena, size_t index)
{
    yk_allocation *before = &arena->allocations[index - 1];
    const yk_allocation *allocation = &arena->allocations[index];

    before->span += allocation->span;
    before->bytes = before->span;
    before->epoch = yk_max(before->epoch, allocation->epoch);
    arena->count--;
    arena->resting--;
    memmove(before + 1, before + 2,
            (size_t)(&arena->allocations[arena->count] - before - 1) * sizeof *before);
}

static bool are_joined(const yk_arena *arena, size_t index)
{
    return index > 0 && index < arena->count &&
           arena->allocations[index - 1].kind == YK_ALLOCATION_RESTING &&
           arena->allocations[index].kind == YK_ALLOCATION_RESTING &&
           end_of(&arena->allocations[index - 1]) == arena->allocations[index].offset;
}

/* Adjacent resting ranges are joined, so that the list stays short however many segments are
 * closed. */
static void rest_locked(yk_arena *arena, const void *pointer, uint64_t epoch)
{
    size_t index = first_after(arena, offset_of(arena, pointer));
    yk_allocation *allocation = &arena->allocations[index];

    *allocation = (yk_allocation){.offset = allocation->offset,
                                  .bytes = allocation->span,
                                  .span = allocation->span,
                                  .kind = YK_ALLOCATION_RESTING,
                                  .zone = allocation->zone,
                                  .epoch = epoch};
    arena->resting++;
    if (are_joined(arena, index + 1)) {
        join_resting(arena, index + 1);
    }
    if (are_joined(arena, index)) {
        join_resting(arena, index);
    }
}

yoke_status yk_arena_detach(yk_arena *arena, const void *pointer, uint64_t epoch,
                            yk_error *error)
{
    yk_allocation *allocation;
    yoke_status status;

    (void)pthread_mutex_lock(&arena->lock);
    status = arena_check_end(arena, pointer, YK_ALLOCATION_SEGMENT, &allocation, error);
    if (status == YOKE_OK) {
        rest_locked(arena, pointer, epoch);
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return status;
}

void yk_arena_wake(yk_arena *arena, uint64_t epoch)
{
    (void)pthread_mutex_lock(&arena->lock);
    for (size_t i = arena->count; arena->resting > 0 && i > 0; i--) {
        yk_allocation *allocation = &arena->allocations[i - 1];

        if (allocation->kind == YK_ALLOCATION_RESTING && allocation->epoch <= epoch) {
            arena->reserved -= allocation->span;
            arena->resting--;
            remove_allocation(arena, allocation);
        }
    }
    (void)pthread_mutex_unlock(&arena->lock);
}

bool yk_arena_has_room_to_attach(yk_arena *arena, size_t bytes)
{
    const yk_zone *zone = &arena->layout.zones[YK_ZONE_SEGMENTS];
    const uint64_t page = yk_page_size();
    const yk_wish wish = {zone->begin, zone->end, yk_round_up(bytes, page),
                          bytes >= LARGE ? LARGE : page};
    uint64_t offset;
    size_t index;
    bool found;

    (void)pthread_mutex_lock(&arena->lock);
    found = find_gap_in(arena, &wish, &offset, &index);
    (void)pthread_mutex_unlock(&arena->lock);
    return found;
}

uint64_t yk_arena_resting(yk_arena *arena)
{
    uint64_t bytes = 0;

    (void)pthread_mutex_lock(&arena->lock);
    for (size_t i = 0; i < arena->count; i++) {
        bytes += arena->allocations[i].kind == YK_ALLOCATION_RESTING
                     ? arena->allocations[i].span
                     : 0;
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return bytes;
}

static void settle_locked(yk_arena *arena, yk_allocation *allocation, size_t bytes,
                          bool touched)
{
    const uint64_t span = yk_round_up(bytes, yk_page_size());

    arena->reserved -= allocation->span;
    if (touched && span < allocation->span) {
        yk_mapping_punch(&arena->mapping, allocation->offset + span,
                         allocation->span - span);
    }
    if (bytes == 0) {
        remove_allocation(arena, allocation);
        return;
    }
    arena->used -= allocation->span - span;
    allocation->span = span;
    allocation->bytes = bytes;
    allocation->kind = YK_ALLOCATION_PLAIN;
    allocation->users = 0;
    note_gap(arena, (size_t)(allocation - arena->allocations) + 1);
}

void yk_arena_settle(yk_arena *arena, const void *pointer, size_t bytes, bool touched)
{
    yk_allocation *allocation;

    (void)pthread_mutex_lock(&arena->lock);
    if (find_start(arena, pointer, &allocation, NULL) == YOKE_OK &&
        allocation->kind == YK_ALLOCATION_RESERVED && bytes <= allocation->bytes) {
        settle_locked(arena, allocation, bytes, touched);
    }
    (void)pthread_mutex_unlock(&arena->lock);
}

void yk_arena_shrink_object(yk_arena *arena, const void *pointer, size_t bytes)
{
    const uint64_t span = yk_round_up(bytes, yk_page_size());
    yk_allocation *allocation;

    (void)pthread_mutex_lock(&arena->lock);
    if (find_start(arena, pointer, &allocation, NULL) == YOKE_OK &&
        allocation->kind == YK_ALLOCATION_OBJECT && bytes != 0) {
        yk_mapping_punch(&arena->mapping, allocation->offset, allocation->span);
        if (span < allocation->span) {
            arena->used -= allocation->span - span;
            allocation->span = span;
            allocation->bytes = bytes;
            note_gap(arena, (size_t)(allocation - arena->allocations) + 1);
        }
    }
    (void)pthread_mutex_unlock(&arena->lock);
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

bool yk_arena_find(yk_arena *arena, const void *pointer, yk_allocation *allocation)
{
    const yk_allocation *found;

    (void)pthread_mutex_lock(&arena->lock);
    found = find_locked(arena, pointer);
    if (found != NULL) {
        *allocation = *found;
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return found != NULL;
}

void yk_arena_use(yk_arena *arena, uint64_t address, uint64_t id, int change)
{
    yk_allocation *allocation;

    (void)pthread_mutex_lock(&arena->lock);
    allocation = find_locked(arena, (const void *)(uintptr_t)address);
    if (allocation != NULL && allocation->id == id) {
        allocation->users = (uint32_t)((int64_t)allocation->users + change);
    }
    (void)pthread_mutex_unlock(&arena->lock);
}

yoke_status yk_arena_get(yk_arena *arena, const void *pointer,
                         yk_allocation *allocation, yk_error *error)
{
    yk_allocation *found;
    yoke_status status;

    (void)pthread_mutex_lock(&arena->lock);
    status = find_start(arena, pointer, &found, error);
    if (status == YOKE_OK) {
        *allocation = *found;
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return status;
}

void yk_arena_set_table(yk_arena *arena, const void *pointer, uint64_t table)
{
    yk_allocation *found;

    (void)pthread_mutex_lock(&arena->lock);
    if (find_start(arena, pointer, &found, NULL) == YOKE_OK) {
        found->table = table;
    }
    (void)pthread_mutex_unlock(&arena->lock);
}

bool yk_arena_valid(const yk_arena *arena)
{
    const uint64_t page = yk_page_size();
    uint64_t end = 0;
    uint64_t used = 0;
    uint64_t reserved = 0;
    size_t spare = 0;

    for (size_t i = 0; i < arena->count; i++) {
        const yk_allocation *allocation = &arena->allocations[i];

        if (begin_of(allocation) < end || begin_of(allocation) % page != 0 ||
            end_of(allocation) % page != 0 || allocation->bytes > allocation->span ||
            !yk_zone_holds(&arena->layout.zones[allocation->zone], begin_of(allocation),
                           allocation->lead + allocation->span)) {
            return false;
        }
        end = end_of(allocation);
        used += allocation->lead + allocation->span;
        reserved += takes_no_memory(allocation) ? allocation->span : 0;
        spare += allocation->kind == YK_ALLOCATION_SPARE;
    }
    return used == arena->used && reserved == arena->reserved &&
           spare == arena->spare_count;
}
