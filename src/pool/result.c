/* SPDX-License-Identifier: MIT */
/*
 * Results whose size only the task knows. A small one is written into the job's slot and
 * copied out of it; for a large one the job reserves address space when it is submitted, of
 * which the result keeps what it takes.
 *
 *     reserve           application, before the job is open
 *     touched = 1       task, before it writes there for the first time
 *     bytes, is_large   task; each attempt starts with 0, so a death costs nothing
 *     settle            application, when it collects the job: whoever wrote is gone
 */
#include "pool/result.h"

#include <string.h>

#include "base/bits.h"
#include "pool/pool.h"
#include "pool/submit.h"

/* Address space is no memory, but a small arena has little of it: all jobs in flight get
 * half of it at most. */
static const uint64_t max_by_default = UINT64_C(1) << 30;

static uint64_t room_for(const yoke_pool *pool, uint64_t asked)
{
    return asked != 0
               ? asked
               : yk_min(max_by_default, pool->arena.layout.zones[YK_ZONE_BLOCKS].end /
                                            (2 * YK_MAX_JOBS));
}

static yk_room *result_room_of(yoke_pool *pool, const yk_job *job)
{
    return &pool->results.rooms[job - pool->control->jobs];
}

yoke_status yk_result_reserve_locked(yoke_pool *pool, yk_job *job,
                                     const yk_request *request, yk_error *error)
{
    yk_task_result *result = &job->result;
    const uint64_t bytes = room_for(pool, request->max_result);
    yk_room *room = result_room_of(pool, job);

    *room = (yk_room){.has_result = request->has_result};
    result->block = result->capacity = result->bytes = 0;
    result->is_large = result->touched = 0;
    job->launch.task.result = 0;
    if (!request->has_result) {
        return YOKE_OK;
    }
    job->launch.task.result = (uint64_t)(uintptr_t)result;
    if (bytes > sizeof result->small) {
        void *block = yk_arena_reserve(&pool->arena, (size_t)bytes, error);

        if (block == NULL) {
            yk_error_prefix(error, "room for the result (.max_result_bytes): ");
            return YOKE_ENOMEM;
        }
        result->block = (uint64_t)(uintptr_t)block;
        result->capacity = bytes;
        *room = (yk_room){true, block, (size_t)bytes};
    }
    return YOKE_OK;
}

/* A copy of a small result, in memory of the pool. */
static void *copy_small(yoke_pool *pool, const yk_task_result *result, size_t bytes,
                        yk_error *error)
{
    void *copy = yk_arena_alloc_page(&pool->arena, bytes, error);

    if (copy != NULL) {
        memcpy(copy, result->small, bytes);
    }
    return copy;
}

/* The size that the slot says, if the result can have it. */
static yoke_status get_size(const yk_task_result *result, const yk_room *room,
                            size_t *bytes, yk_error *error)
{
    const size_t max_count = result->is_large != 0 ? room->bytes : sizeof result->small;

    *bytes = (size_t)result->bytes;
    if (*bytes <= max_count && (result->is_large == 0 || room->block != NULL)) {
        return YOKE_OK;
    }
    *bytes = 0;
    return yk_fail(
        error, YOKE_EDAMAGED,
        "the result has %llu bytes, but room for %zu: something has written over "
        "the pool's data",
        (unsigned long long)result->bytes, max_count);
}

yoke_status yk_result_collect_locked(yoke_pool *pool, yk_job *job, yoke_future *future,
                                     bool succeeded, yk_error *error)
{
    const yk_task_result *result = &job->result;
    const yk_room room = *result_room_of(pool, job);
    const bool is_large = result->is_large != 0;
    size_t bytes = 0;
    yoke_status status = YOKE_OK;

    if (!room.has_result) {
        return YOKE_OK;
    }
    if (succeeded) {
        status = get_size(result, &room, &bytes, error);
    }
    if (room.block != NULL) {
        yk_arena_settle(&pool->arena, room.block, is_large ? bytes : 0,
                        result->touched != 0);
    }
    if (bytes == 0) {
        return status;
    }
    future->result = is_large ? room.block : copy_small(pool, result, bytes, error);
    if (future->result == NULL) {
        yk_error_prefix(error, "the result: ");
        status = YOKE_ENOMEM;
    }
    future->result_bytes = future->result != NULL ? bytes : 0;
    return status;
}
