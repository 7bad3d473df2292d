/* SPDX-License-Identifier: MIT */
#include "shared/arena.h"

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
    if (pthread_mutex_init(&arena->lock, NULL) != 0) {
        return yk_fail(error, YOKE_ESYSTEM, "cannot create a lock");
    }
    return YOKE_OK;
}

void yk_arena_fini(yk_arena *arena)
{
    (void)pthread_mutex_destroy(&arena->lock);
    free(arena->blocks);
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

/* Index of the first block that ends after the offset. */
static size_t first_after(const yk_arena *arena, uint64_t offset)
{
    size_t low = 0;
    size_t high = arena->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (arena->blocks[middle].offset + arena->blocks[middle].span <= offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool ensure_room(yk_arena *arena)
{
    const size_t capacity = arena->capacity == 0 ? 64 : 2 * arena->capacity;
    yk_block *blocks;

    if (arena->count < arena->capacity) {
        return true;
    }
    blocks = realloc(arena->blocks, capacity * sizeof *blocks);
    if (blocks == NULL) {
        return false;
    }
    arena->blocks = blocks;
    arena->capacity = capacity;
    return true;
}

/* First gap behind `from` that holds `span` bytes at `alignment` (of the address, not the
 * offset); the index its block would have. */
static bool find_gap_from(const yk_arena *arena, uint64_t from, uint64_t span,
                          uint64_t alignment, uint64_t *offset, size_t *index)
{
    const uint64_t base = (uint64_t)(uintptr_t)arena->mapping.base;

    for (size_t i = first_after(arena, from); i <= arena->count; i++) {
        const uint64_t to =
            i < arena->count ? arena->blocks[i].offset : arena->mapping.size;
        const uint64_t start = yk_round_up(base + from, alignment) - base;

        if (start <= to && span <= to - start) {
            *offset = start;
            *index = i;
            return true;
        }
        if (i < arena->count) {
            from = arena->blocks[i].offset + arena->blocks[i].span;
        }
    }
    return false;
}

/* Many results of a page, and the room that is reserved for each, must not be looked for
 * from the start every time. NULL: for what is in between. */
static yk_gap_hint *hint_for(yk_arena *arena, uint64_t span)
{
    return span == yk_page_size() ? &arena->page_hint
           : span >= LARGE        ? &arena->large_hint
                                  : NULL;
}

static bool find_gap(yk_arena *arena, uint64_t span, uint64_t alignment,
                     uint64_t *offset, size_t *index)
{
    yk_gap_hint *hint = hint_for(arena, span);
    bool found = hint != NULL && hint->span != 0 && hint->span <= span &&
                 find_gap_from(arena, hint->offset, span, alignment, offset, index);

    found = found || find_gap_from(arena, 0, span, alignment, offset, index);
    if (found && hint != NULL) {
        *hint = (yk_gap_hint){span, *offset};
    }
    return found;
}

static void lower_hint(yk_gap_hint *hint, uint64_t from, uint64_t to)
{
    if (to - from >= hint->span && from < hint->offset) {
        hint->offset = from;
    }
}

/* There is a gap in front of the block with this index now. */
static void note_gap(yk_arena *arena, size_t index)
{
    const uint64_t from =
        index > 0 ? arena->blocks[index - 1].offset + arena->blocks[index - 1].span : 0;
    const uint64_t to = index < arena->count ? arena->blocks[index].offset
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

static void *insert_block(yk_arena *arena, size_t index, yk_block block)
{
    memmove(&arena->blocks[index + 1], &arena->blocks[index],
            (arena->count - index) * sizeof arena->blocks[0]);
    arena->blocks[index] = block;
    arena->count++;
    arena->used += block.span;
    return (char *)arena->mapping.base + block.offset;
}

static void remove_block(yk_arena *arena, yk_block *block)
{
    arena->used -= block->span;
    arena->count--;
    memmove(block, block + 1,
            (size_t)(&arena->blocks[arena->count] - block) * sizeof *block);
    note_gap(arena, (size_t)(block - arena->blocks));
}

/* Gives the spare pages back to the system. Whether there were any. */
static bool drop_spare(yk_arena *arena)
{
    const bool any = arena->spare_count > 0;

    while (arena->spare_count > 0) {
        const uint64_t offset = arena->spare[--arena->spare_count];
        yk_block *block = &arena->blocks[first_after(arena, offset)];

        yk_mapping_punch(&arena->mapping, block->offset, block->span);
        remove_block(arena, block);
    }
    return any;
}

/* find_gap(), after the spare pages are gone if they are in the way. */
static bool make_gap(yk_arena *arena, uint64_t span, uint64_t alignment,
                     uint64_t *offset, size_t *index)
{
    return find_gap(arena, span, alignment, offset, index) ||
           (drop_spare(arena) && find_gap(arena, span, alignment, offset, index));
}

/* Whether the memory that is left is to be looked at, which takes system calls: not for
 * address space, and for one in some single pages. */
static bool is_to_be_checked(const yk_arena *arena, uint32_t kind)
{
    enum { UNCHECKED_PAGES = 64 };

    return kind == YK_BLOCK_PLAIN || kind == YK_BLOCK_OBJECT ||
           (kind == YK_BLOCK_PAGE && arena->next_id % UNCHECKED_PAGES == 0);
}

/* Whether a block's pages are not the arena's, or not yet. */
static bool takes_no_memory(const yk_block *block)
{
    return block->kind == YK_BLOCK_RESERVED || block->kind == YK_BLOCK_GUEST;
}

static void *place_locked(yk_arena *arena, yk_block *block, yk_error *error)
{
    const uint64_t page = yk_page_size();
    size_t index;

    if (block->bytes > arena->mapping.size) {
        yk_fail(error, YOKE_ENOMEM,
                "cannot allocate %llu bytes: the pool's memory is a window of %zu bytes "
                "(arena_bytes, YOKE_ARENA)",
                (unsigned long long)block->bytes, arena->mapping.size);
        return NULL;
    }
    block->span = yk_round_up(block->bytes, page);
    if (is_to_be_checked(arena, block->kind) &&
        check_memory(arena, block->span, error) != YOKE_OK) {
        return NULL;
    }
    if (!ensure_room(arena)) {
        yk_fail(error, YOKE_ENOMEM, "out of memory");
        return NULL;
    }
    if (!make_gap(arena, block->span, block->bytes >= LARGE ? LARGE : page,
                  &block->offset, &index)) {
        yk_fail(error, YOKE_ENOMEM,
                "cannot allocate %llu bytes: %llu of the %zu bytes of the pool's memory "
                "are in use (arena_bytes, YOKE_ARENA)",
                (unsigned long long)block->bytes, (unsigned long long)arena->used,
                arena->mapping.size);
        return NULL;
    }
    block->id = arena->next_id++;
    block->users = block->kind == YK_BLOCK_RESERVED;
    arena->reserved += takes_no_memory(block) ? block->span : 0;
    return insert_block(arena, index, *block);
}

yoke_status yk_arena_check_memory(yk_arena *arena, size_t bytes, yk_error *error)
{
    yoke_status status;

    (void)pthread_mutex_lock(&arena->lock);
    status = check_memory(arena, bytes, error);
    (void)pthread_mutex_unlock(&arena->lock);
    return status;
}

static void *place(yk_arena *arena, yk_block *block, yk_error *error)
{
    void *pointer;

    if (block->bytes == 0) {
        yk_fail(error, YOKE_EINVAL, "cannot allocate 0 bytes");
        return NULL;
    }
    (void)pthread_mutex_lock(&arena->lock);
    pointer = place_locked(arena, block, error);
    (void)pthread_mutex_unlock(&arena->lock);
    return pointer;
}

static void *alloc_kind(yk_arena *arena, size_t bytes, uint32_t kind, yk_error *error)
{
    yk_block block = {.bytes = bytes, .kind = kind};

    return place(arena, &block, error);
}

void *yk_arena_alloc(yk_arena *arena, size_t bytes, yk_error *error)
{
    return alloc_kind(arena, bytes, YK_BLOCK_PLAIN, error);
}

void *yk_arena_alloc_object(yk_arena *arena, size_t bytes, yk_error *error)
{
    return alloc_kind(arena, bytes, YK_BLOCK_OBJECT, error);
}

void *yk_arena_reserve(yk_arena *arena, size_t bytes, yk_error *error)
{
    return alloc_kind(arena, bytes, YK_BLOCK_RESERVED, error);
}

void *yk_arena_seat(yk_arena *arena, size_t bytes, uint32_t guest, bool read_only,
                    yk_block *block, yk_error *error)
{
    *block = (yk_block){.bytes = bytes,
                        .kind = YK_BLOCK_GUEST,
                        .guest = guest,
                        .read_only = read_only};
    return place(arena, block, error);
}

/* A spare page becomes an allocation; NULL if there is none. */
static void *take_spare(yk_arena *arena, size_t bytes)
{
    yk_block *block;

    if (arena->spare_count == 0) {
        return NULL;
    }
    block = &arena->blocks[first_after(arena, arena->spare[--arena->spare_count])];
    block->kind = YK_BLOCK_PAGE;
    block->bytes = bytes;
    block->id = arena->next_id++;
    return (char *)arena->mapping.base + block->offset;
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
    return pointer != NULL ? pointer : alloc_kind(arena, bytes, YK_BLOCK_PAGE, error);
}

static yk_block *find_locked(yk_arena *arena, const void *pointer)
{
    const uint64_t offset = offset_of(arena, pointer);
    size_t index;

    if (!yk_arena_contains(arena, pointer)) {
        return NULL;
    }
    index = first_after(arena, offset);
    if (index == arena->count || arena->blocks[index].offset > offset ||
        arena->blocks[index].kind == YK_BLOCK_SPARE) {
        return NULL;
    }
    return &arena->blocks[index];
}

/* The block that starts at an address. */
static yoke_status find_start(yk_arena *arena, const void *pointer, yk_block **block,
                              yk_error *error)
{
    *block = find_locked(arena, pointer);
    if (*block == NULL || (*block)->offset != offset_of(arena, pointer)) {
        return yk_fail(error, YOKE_EINVAL,
                       "%p is not the start of an allocation of this pool", pointer);
    }
    return YOKE_OK;
}

/* Whether a block of this kind is freed by such a call: guests and objects have their own. */
static yoke_status check_kind(const yk_block *block, const void *pointer, uint32_t kind,
                              yk_error *error)
{
    if ((block->kind == YK_BLOCK_GUEST) != (kind == YK_BLOCK_GUEST)) {
        return yk_fail(error, YOKE_EINVAL, "%p is %sa named segment (yoke_shm_close())",
                       pointer, kind == YK_BLOCK_GUEST ? "not " : "");
    }
    if ((block->kind == YK_BLOCK_OBJECT) != (kind == YK_BLOCK_OBJECT)) {
        return yk_fail(error, YOKE_EINVAL,
                       "%p is a queue, a lock or the like, which is destroyed, not freed",
                       pointer);
    }
    return YOKE_OK;
}

static yoke_status free_locked(yk_arena *arena, const void *pointer, uint32_t kind,
                               yk_error *error)
{
    yk_block *block;
    yoke_status status = find_start(arena, pointer, &block, error);

    if (status == YOKE_OK) {
        status = check_kind(block, pointer, kind, error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    if (block->users != 0) {
        return yk_fail(error, YOKE_EBUSY,
                       "%p (%llu bytes) is used by %u job(s) that have not ended",
                       pointer, (unsigned long long)block->bytes, block->users);
    }
    if (block->kind == YK_BLOCK_PAGE && block->table == 0 &&
        arena->spare_count < YK_MAX_SPARE) {
        block->kind = YK_BLOCK_SPARE;
        arena->spare[arena->spare_count++] = block->offset;
        return YOKE_OK;
    }
    yk_mapping_punch(&arena->mapping, block->offset, block->span);
    arena->reserved -= kind == YK_BLOCK_GUEST ? block->span : 0;
    remove_block(arena, block);
    return YOKE_OK;
}

static void settle_locked(yk_arena *arena, yk_block *block, size_t bytes, bool touched)
{
    const uint64_t span = yk_round_up(bytes, yk_page_size());

    arena->reserved -= block->span;
    if (touched && span < block->span) {
        yk_mapping_punch(&arena->mapping, block->offset + span, block->span - span);
    }
    if (bytes == 0) {
        remove_block(arena, block);
        return;
    }
    arena->used -= block->span - span;
    block->span = span;
    block->bytes = bytes;
    block->kind = YK_BLOCK_PLAIN;
    block->users = 0;
    note_gap(arena, (size_t)(block - arena->blocks) + 1);
}

void yk_arena_settle(yk_arena *arena, const void *pointer, size_t bytes, bool touched)
{
    yk_block *block;

    (void)pthread_mutex_lock(&arena->lock);
    if (find_start(arena, pointer, &block, NULL) == YOKE_OK &&
        block->kind == YK_BLOCK_RESERVED && bytes <= block->bytes) {
        settle_locked(arena, block, bytes, touched);
    }
    (void)pthread_mutex_unlock(&arena->lock);
}

void yk_arena_shrink_object(yk_arena *arena, const void *pointer, size_t bytes)
{
    const uint64_t span = yk_round_up(bytes, yk_page_size());
    yk_block *block;

    (void)pthread_mutex_lock(&arena->lock);
    if (find_start(arena, pointer, &block, NULL) == YOKE_OK &&
        block->kind == YK_BLOCK_OBJECT && bytes != 0) {
        yk_mapping_punch(&arena->mapping, block->offset, block->span);
        if (span < block->span) {
            arena->used -= block->span - span;
            block->span = span;
            block->bytes = bytes;
            note_gap(arena, (size_t)(block - arena->blocks) + 1);
        }
    }
    (void)pthread_mutex_unlock(&arena->lock);
}

static yoke_status free_block(yk_arena *arena, const void *pointer, uint32_t kind,
                              yk_error *error)
{
    yoke_status status;

    (void)pthread_mutex_lock(&arena->lock);
    status = free_locked(arena, pointer, kind, error);
    (void)pthread_mutex_unlock(&arena->lock);
    return status;
}

yoke_status yk_arena_free(yk_arena *arena, const void *pointer, yk_error *error)
{
    return free_block(arena, pointer, YK_BLOCK_PLAIN, error);
}

yoke_status yk_arena_unseat(yk_arena *arena, const void *pointer, yk_error *error)
{
    return free_block(arena, pointer, YK_BLOCK_GUEST, error);
}

void yk_arena_free_object(yk_arena *arena, const void *pointer)
{
    (void)free_block(arena, pointer, YK_BLOCK_OBJECT, NULL);
}

bool yk_arena_find(yk_arena *arena, const void *pointer, yk_block *block)
{
    const yk_block *found;

    (void)pthread_mutex_lock(&arena->lock);
    found = find_locked(arena, pointer);
    if (found != NULL) {
        *block = *found;
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return found != NULL;
}

void yk_arena_use(yk_arena *arena, uint64_t address, uint64_t id, int change)
{
    yk_block *block;

    (void)pthread_mutex_lock(&arena->lock);
    block = find_locked(arena, (const void *)(uintptr_t)address);
    if (block != NULL && block->id == id) {
        block->users = (uint32_t)((int64_t)block->users + change);
    }
    (void)pthread_mutex_unlock(&arena->lock);
}

yoke_status yk_arena_get(yk_arena *arena, const void *pointer, yk_block *block,
                         yk_error *error)
{
    yk_block *found;
    yoke_status status;

    (void)pthread_mutex_lock(&arena->lock);
    status = find_start(arena, pointer, &found, error);
    if (status == YOKE_OK) {
        *block = *found;
    }
    (void)pthread_mutex_unlock(&arena->lock);
    return status;
}

void yk_arena_set_table(yk_arena *arena, const void *pointer, uint64_t table)
{
    yk_block *found;

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
        const yk_block *block = &arena->blocks[i];

        if (block->offset < end || block->offset % page != 0 ||
            block->span % page != 0 || block->bytes > block->span ||
            block->span > arena->mapping.size - block->offset) {
            return false;
        }
        end = block->offset + block->span;
        used += block->span;
        reserved += takes_no_memory(block) ? block->span : 0;
        spare += block->kind == YK_BLOCK_SPARE;
    }
    return used == arena->used && reserved == arena->reserved &&
           spare == arena->spare_count;
}
