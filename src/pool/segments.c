/* SPDX-License-Identifier: MIT */
/* Named segments, in the application: opened into the pool's window, and closed. */
#include "pool/segments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/text.h"
#include "pool/pool.h"
#include "protocol/bells.h"

/* How often to try another invented name. */
enum { MAX_INVENTIONS = 100 };

/* ---- slots ---- */

static bool pool_segment_is_same(const yk_open_segment *open, const yk_segment *segment)
{
    return open->handles != 0 && open->segment.device == segment->device &&
           open->segment.inode == segment->inode;
}

/* The slot of a segment that is open already; YK_MAX_ATTACHMENTS: none. */
static uint32_t segments_find_open_locked(const yoke_pool *pool,
                                          const yk_segment *segment)
{
    uint32_t slot = 0;

    while (slot < YK_MAX_ATTACHMENTS &&
           !pool_segment_is_same(&pool->segments.by_slot[slot], segment)) {
        slot++;
    }
    return slot;
}

static uint32_t segments_find_free_locked(const yoke_pool *pool)
{
    uint32_t slot = 0;

    while (slot < YK_MAX_ATTACHMENTS && pool->segments.by_slot[slot].handles != 0) {
        slot++;
    }
    return slot;
}

static bool segments_have_table_locked(yoke_pool *pool)
{
    if (pool->segments.by_slot == NULL) {
        pool->segments.by_slot =
            calloc(YK_MAX_ATTACHMENTS, sizeof *pool->segments.by_slot);
    }
    return pool->segments.by_slot != NULL;
}

/* ---- opening ---- */

/* Shows it to the pool's processes. The id comes last: a process that reads it sees the rest. */
static void pool_segment_announce(yk_control *control, uint32_t slot,
                                  const yk_open_segment *open,
                                  const yk_allocation *allocation, const char *name)
{
    yk_attachment *attachment = &control->attachments[slot];

    attachment->segment = open->segment;
    attachment->offset = allocation->offset;
    attachment->span = allocation->span;
    attachment->read_only = allocation->read_only;
    yk_text_copy(attachment->name, sizeof attachment->name, name);
    atomic_store(&attachment->id, allocation->id);
    if (slot >= atomic_load(&control->attachment_slots)) {
        atomic_store(&control->attachment_slots, slot + 1);
    }
    (void)atomic_fetch_add(&control->segments_opened, 1);
}

/* ---- ranges that rest: see segment_view.h ---- */

/* So many ranges rest before it is looked which may be used again. */
enum { MANY_RESTING = 64 };

/* Segments that all processes have let go of. The supervisor comes first: whatever it forks later
 * begins with what it has seen now. */
static uint64_t seen_by_all(const yk_control *control)
{
    const uint32_t workers = yk_worker_count(control);
    uint64_t seen = atomic_load(&control->detached_seen);
    uint32_t processes;

    for (uint32_t i = 0; i < workers; i++) {
        seen = yk_min(seen, atomic_load(&control->workers[i].detached_seen));
    }
    processes = atomic_load(&control->process_slots);
    for (uint32_t i = 0; i < processes && i < YK_MAX_PROCESSES; i++) {
        seen = yk_min(seen, atomic_load(&control->processes[i].detached_seen));
    }
    return seen;
}

static void wake_ranges(yoke_pool *pool)
{
    yk_arena_wake(&pool->arena, seen_by_all(pool->control));
}

/* How long it may take until those that are not at work have let go of what was closed. */
static const uint64_t let_go_ns = YK_NS_PER_S;

/* If there is no range for so many bytes, but some rest: waits a while for one. Without the
 * lock. */
static void wait_for_range(yoke_pool *pool, size_t bytes)
{
    const uint64_t until = yk_clock_ns() + let_go_ns;

    while (!yk_arena_has_room_to_attach(&pool->arena, bytes) && yk_clock_ns() < until) {
        const uint32_t ticket = yk_eventcount_ticket(&pool->control->changed);

        wake_ranges(pool);
        if (yk_arena_has_room_to_attach(&pool->arena, bytes) ||
            yk_arena_resting(&pool->arena) == 0 || !yk_pool_wait_change(pool, ticket)) {
            return;
        }
    }
}

static void *find_room_to_attach(yoke_pool *pool, uint32_t slot,
                                 const yk_segment *segment, bool read_only,
                                 yk_allocation *allocation, yk_error *error)
{
    void *pointer;
    uint64_t resting;

    if (pool->arena.resting >= MANY_RESTING) {
        wake_ranges(pool);
    }
    pointer = yk_arena_attach(&pool->arena, (size_t)segment->bytes, slot + 1, read_only,
                              allocation, error);
    resting = pointer == NULL ? yk_arena_resting(&pool->arena) : 0;
    if (resting != 0) {
        yk_error_append(
            error,
            "; %llu of them belong to closed segments that processes of the pool "
            "still have attached",
            (unsigned long long)resting);
    }
    return pointer;
}

/* Takes the segment over if it succeeds. */
static yoke_status segments_attach_locked(yoke_pool *pool, uint32_t slot,
                                          const yk_segment *segment, const char *name,
                                          bool read_only, yk_error *error)
{
    yk_open_segment *open = &pool->segments.by_slot[slot];
    yk_allocation allocation;
    void *pointer =
        find_room_to_attach(pool, slot, segment, read_only, &allocation, error);

    if (pointer == NULL) {
        return error->status;
    }
    if (!yk_mapping_overlay(&pool->arena.mapping, allocation.offset,
                            (size_t)allocation.span, segment->fd, read_only)) {
        const int code = errno;

        (void)yk_arena_detach(&pool->arena, pointer, 0, NULL); /* not published yet */
        return yk_fail(error, YOKE_ESYSTEM, "cannot map it: %s", strerror(code));
    }
    *open = (yk_open_segment){
        .segment = *segment, .pointer = pointer, .read_only = read_only};
    yk_spoiled_open_segment_locked(pool, segment, allocation.id, pointer);
    pool_segment_announce(pool->control, slot, open, &allocation, name);
    return YOKE_OK;
}

/* A slot that shows the segment, which is taken over or closed. */
static yoke_status segments_admit_locked(yoke_pool *pool, yk_segment *segment,
                                         const char *name, bool read_only,
                                         uint32_t *slot, yk_error *error)
{
    yoke_status status;

    *slot = segments_find_open_locked(pool, segment);
    if (*slot != YK_MAX_ATTACHMENTS) {
        yk_segment_close(segment);
        return pool->segments.by_slot[*slot].read_only == read_only
                   ? YOKE_OK
                   : yk_fail(error, YOKE_EBUSY,
                             "it is open in this pool already, for reading%s",
                             read_only ? " and writing" : " only");
    }
    *slot = segments_find_free_locked(pool);
    status = *slot == YK_MAX_ATTACHMENTS
                 ? yk_fail(error, YOKE_ENOMEM, "%d segments are open in this pool",
                           YK_MAX_ATTACHMENTS)
                 : segments_attach_locked(pool, *slot, segment, name, read_only, error);
    if (status != YOKE_OK) {
        yk_segment_close(segment);
    }
    return status;
}

/* A handle for the segment, which is taken over or closed. */
static yoke_status segments_add_handle_locked(yoke_shm **shm, yoke_pool *pool,
                                              yk_segment *segment, const char *name,
                                              bool read_only, yk_error *error)
{
    yoke_shm *handle = yk_handle_alloc(YK_HANDLE_SHM, sizeof *handle);
    yoke_status status;
    uint32_t slot;

    if (handle == NULL || !segments_have_table_locked(pool)) {
        yk_handle_free(handle);
        yk_segment_close(segment);
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    status = segments_admit_locked(pool, segment, name, read_only, &slot, error);
    if (status != YOKE_OK) {
        yk_error_prefix(error, "%s '%s': ", yk_segment_noun(name), name);
        yk_handle_free(handle);
        return status;
    }
    pool->segments.by_slot[slot].handles++;
    handle->pool = pool;
    handle->slot = slot;
    handle->pointer = pool->segments.by_slot[slot].pointer;
    handle->bytes = (size_t)pool->segments.by_slot[slot].segment.bytes;
    yk_text_copy(handle->name, sizeof handle->name, name);
    handle->next = pool->segments.handles;
    pool->segments.handles = handle;
    yk_handle_open(handle);
    *shm = handle;
    return YOKE_OK;
}

/* By a name that is right. */
static yoke_status pool_segment_open_named(yoke_shm **shm, yoke_pool *pool,
                                           const char *name, bool read_only,
                                           yk_error *error)
{
    yk_segment segment;
    yoke_status status = yk_segment_open(&segment, name, read_only, error);

    if (status == YOKE_OK) {
        wait_for_range(pool, (size_t)segment.bytes);
        yk_pool_lock(pool);
        status =
            segments_add_handle_locked(shm, pool, &segment, name, read_only, error);
        yk_pool_unlock(pool);
    }
    return status;
}

yoke_status yk_shm_open(yoke_shm **shm, yoke_pool *pool, const char *name,
                        bool read_only, yk_error *error)
{
    const yoke_status status = yk_segment_check_name(name, error);

    return status == YOKE_OK
               ? pool_segment_open_named(shm, pool, name, read_only, error)
               : status;
}

yoke_status yk_shm_open_file(yoke_shm **shm, yoke_pool *pool, const char *path,
                             bool read_only, yk_error *error)
{
    char name[YK_SEGMENT_NAME + 1];
    const yoke_status status = yk_segment_find_file(path, name, error);

    return status == YOKE_OK
               ? pool_segment_open_named(shm, pool, name, read_only, error)
               : status;
}

/* A new segment under this name, or under an invented one that is written to `used`. */
static yoke_status create_segment(yk_segment *segment, const char *name, uint64_t bytes,
                                  char used[YK_SEGMENT_NAME + 1], yk_error *error)
{
    yoke_status status = YOKE_EEXIST;

    if (name != NULL) {
        yk_text_copy(used, YK_SEGMENT_NAME + 1, name);
        return yk_segment_create(segment, name, bytes, error);
    }
    for (int i = 0; i < MAX_INVENTIONS && status == YOKE_EEXIST; i++) {
        yk_segment_invent_name(used);
        yk_error_clear(error);
        status = yk_segment_create(segment, used, bytes, error);
    }
    return status;
}

yoke_status yk_shm_create(yoke_shm **shm, yoke_pool *pool, const char *name,
                          size_t bytes, yk_error *error)
{
    char used[YK_SEGMENT_NAME + 1];
    yk_segment segment;
    yoke_status status = name == NULL ? YOKE_OK : yk_segment_check_name(name, error);

    if (status == YOKE_OK && bytes == 0) {
        status = yk_fail(error, YOKE_EINVAL, "a segment has at least 1 byte");
    }
    if (status == YOKE_OK) {
        status = yk_arena_check_memory(&pool->arena, bytes, error);
    }
    if (status == YOKE_OK) {
        status = create_segment(&segment, name, bytes, used, error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    wait_for_range(pool, bytes);
    yk_pool_lock(pool);
    status = segments_add_handle_locked(shm, pool, &segment, used, false, error);
    yk_pool_unlock(pool);
    if (status != YOKE_OK) {
        (void)yk_segment_unlink(used, NULL);
    }
    return status;
}

/* ---- closing ---- */

/* The place that points to a handle; to NULL if it is no open handle of the pool. */
static yoke_shm **segments_find_handle_locked(yoke_pool *pool, const yoke_shm *shm)
{
    yoke_shm **link = &pool->segments.handles;

    while (*link != NULL && *link != shm) {
        link = &(*link)->next;
    }
    return link;
}

/* Nothing uses the segment: takes it out of the window. */
static yoke_status segments_detach_locked(yoke_pool *pool, uint32_t slot,
                                          const yk_allocation *allocation,
                                          yk_error *error)
{
    yk_control *control = pool->control;
    yk_open_segment *open = &pool->segments.by_slot[slot];
    const char *name = control->attachments[slot].name;

    if (allocation->users != 0) {
        return yk_fail(error, YOKE_EBUSY,
                       "%s '%s' is used by %u job(s) that have not ended",
                       yk_segment_noun(name), name, allocation->users);
    }
    if (!yk_mapping_remove_overlay(&pool->arena.mapping, allocation->offset,
                                   (size_t)allocation->span)) {
        return yk_fail(error, YOKE_ESYSTEM, "cannot unmap %s '%s': %s",
                       yk_segment_noun(name), name, strerror(errno));
    }
    yk_spoiled_close_segment_locked(pool, &open->segment, allocation->id, open->pointer);
    atomic_store(&control->attachments[slot].id, 0);
    (void)yk_arena_detach(&pool->arena, open->pointer,
                          atomic_fetch_add(&control->segments_closed, 1) + 1, NULL);
    yk_segment_close(&open->segment);
    yk_control_wake_workers(control);
    yk_control_wake_supervisor(control);
    return YOKE_OK;
}

/* The last handle of a segment goes. The lock may be given up meanwhile: then all may be
 * different, and *again. */
static yoke_status segments_close_last_locked(yoke_pool *pool, const yoke_shm *shm,
                                              yk_error *error)
{
    const uint32_t slot = shm->slot;
    yk_allocation allocation;
    yoke_status status = yk_flush_allocation_locked(
        pool, pool->segments.by_slot[slot].pointer, &allocation, error);

    if (status != YOKE_OK || *segments_find_handle_locked(pool, shm) == NULL ||
        pool->segments.by_slot[slot].handles != 1) {
        return status;
    }
    status = segments_detach_locked(pool, slot, &allocation, error);
    if (status == YOKE_OK && allocation.table != 0) {
        status = yk_check_lost_locked(pool, &allocation, error);
        (void)yk_arena_free(&pool->tables, (void *)(uintptr_t)allocation.table, NULL);
    }
    return status;
}

static yoke_status segments_close_locked(yoke_pool *pool, const yoke_shm *shm,
                                         yk_error *error)
{
    yoke_shm **link = segments_find_handle_locked(pool, shm);
    yoke_status status = YOKE_OK;

    if (*link != NULL && pool->segments.by_slot[shm->slot].handles == 1) {
        status = segments_close_last_locked(pool, shm, error);
        link = segments_find_handle_locked(pool, shm);
    }
    if ((status == YOKE_OK || status == YOKE_ELOST) && *link == NULL) {
        status = yk_fail(error, YOKE_EINVAL, "the shared memory was closed already");
    }
    if (status == YOKE_OK || status == YOKE_ELOST) {
        pool->segments.by_slot[shm->slot].handles--;
        *link = shm->next;
    }
    return status;
}

yoke_status yk_shm_close(yoke_pool *pool, yoke_shm *shm, yk_error *error)
{
    yoke_status status;

    yk_pool_lock(pool);
    status = segments_close_locked(pool, shm, error);
    if (status == YOKE_OK || status == YOKE_ELOST) {
        yk_handle_free(shm);
    }
    yk_pool_unlock(pool);
    return status;
}

void yk_shm_flush_all(yoke_pool *pool)
{
    yk_allocation allocation;
    yk_error lost;

    yk_pool_lock(pool);
    for (uint32_t slot = 0; pool->segments.by_slot != NULL && slot < YK_MAX_ATTACHMENTS;
         slot++) {
        if (pool->segments.by_slot[slot].handles != 0 &&
            yk_flush_allocation_locked(pool, pool->segments.by_slot[slot].pointer,
                                       &allocation, &lost) == YOKE_OK &&
            yk_check_lost_locked(pool, &allocation, &lost) != YOKE_OK) {
            yk_unread_note_text_locked(pool, YOKE_ELOST, yk_error_text(&lost));
        }
    }
    yk_pool_unlock(pool);
}

void yk_shm_free_all(yoke_pool *pool)
{
    while (pool->segments.handles != NULL) {
        yoke_shm *next = pool->segments.handles->next;

        yk_handle_free(pool->segments.handles);
        pool->segments.handles = next;
    }
    for (uint32_t slot = 0; pool->segments.by_slot != NULL && slot < YK_MAX_ATTACHMENTS;
         slot++) {
        if (pool->segments.by_slot[slot].handles != 0) {
            yk_segment_close(&pool->segments.by_slot[slot].segment);
        }
    }
    free(pool->segments.by_slot);
    pool->segments.by_slot = NULL;
}
