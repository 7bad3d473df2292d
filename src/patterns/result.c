/* SPDX-License-Identifier: MIT */
/*
 * Results whose size only the task knows. A small one is written into the job's slot and
 * copied out of it; for a large one the job reserves address space when it is submitted, of
 * which the result keeps what it takes.
 *
 *     reserve           application, before the job is open
 *     touched = 1       task, before it writes there for the first time
 *     bytes, is_large   task; each attempt starts with 0, so a death costs nothing
 *     settle            application, when it collects the job: no process writes any more
 */
#include "patterns/result.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "pool/pool.h"

/* Room for a job's result, as the application gave it: what the job's slot says of it may have
 * been written over. */
typedef struct task_result {
    yk_completion completion;
    uint64_t max_bytes; /* 0: the library chooses */
    const yk_job *job;
    void *block; /* NULL: only what the slot holds */
    size_t bytes;
} task_result;

/* Address space is no memory, but a small arena has little of it: the usual number of jobs gets
 * half of it at most, and those beyond that a quarter, and another one. */
static const uint64_t max_by_default = UINT64_C(1) << 30;

static uint64_t result_parts(ptrdiff_t slot)
{
    return slot < YK_USUAL_JOBS   ? 2 * YK_USUAL_JOBS
           : slot < YK_LEAST_JOBS ? 4 * YK_LEAST_JOBS
                                  : 4 * YK_MAX_JOBS;
}

static uint64_t room_for(const yoke_pool *pool, const yk_job *job, uint64_t asked)
{
    const uint64_t all = pool->arena.layout.zones[YK_ZONE_BLOCKS].end;

    return asked != 0 ? asked
                      : yk_min(max_by_default,
                               all / result_parts(job - pool->control->jobs));
}

static yoke_status result_begin(yk_completion *completion, yoke_pool *pool, yk_job *job,
                                yk_error *error)
{
    task_result *self = (task_result *)completion;
    yk_task_result *result = &job->result;
    const uint64_t bytes = room_for(pool, job, self->max_bytes);

    result->block = result->capacity = result->bytes = 0;
    result->is_large = result->touched = 0;
    job->launch.task.result = (uint64_t)(uintptr_t)result;
    self->job = job;
    if (bytes > sizeof result->small) {
        self->block = yk_arena_reserve(&pool->arena, (size_t)bytes, error);
        if (self->block == NULL) {
            yk_error_prefix(error, "room for the result (.max_result_bytes): ");
            return YOKE_ENOMEM;
        }
        self->bytes = (size_t)bytes;
        result->block = (uint64_t)(uintptr_t)self->block;
        result->capacity = bytes;
    }
    return YOKE_OK;
}

/* A copy of a small result, in memory of the pool. */
static void *copy_small(yoke_pool *pool, const yk_task_result *result, size_t bytes,
                        yk_error *error)
{
    void *copy = yk_arena_alloc_result(&pool->arena, bytes, error);

    if (copy != NULL) {
        memcpy(copy, result->small, bytes);
    }
    return copy;
}

/* The size that the slot says, if the result can have it. */
static yoke_status get_size(const yk_task_result *result, const task_result *room,
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

/* Gives back what the result does not take. */
static void result_settle(task_result *self, yoke_pool *pool, size_t bytes)
{
    if (self->block != NULL) {
        yk_arena_settle(&pool->arena, self->block, bytes,
                        self->job->result.touched != 0);
        self->block = NULL;
    }
}

static yoke_status result_collect(yk_completion *completion, yoke_pool *pool,
                                  yoke_future *future, bool well, yk_error *error)
{
    task_result *self = (task_result *)completion;
    const yk_task_result *result = &self->job->result;
    const bool is_large = result->is_large != 0;
    void *block = self->block;
    size_t bytes = 0;
    const yoke_status status = well ? get_size(result, self, &bytes, error) : YOKE_OK;

    result_settle(self, pool, is_large ? bytes : 0);
    if (bytes == 0) {
        return status;
    }
    future->result = is_large ? block : copy_small(pool, result, bytes, error);
    if (future->result == NULL) {
        yk_error_prefix(error, "the result: ");
        return YOKE_ENOMEM;
    }
    future->result_bytes = bytes;
    return YOKE_OK;
}

static void result_drop(yk_completion *completion, yoke_pool *pool, yoke_future *future)
{
    (void)future;
    result_settle((task_result *)completion, pool, 0); /* if it was not collected */
    free(completion);
}

static const yk_completion_ops result_ops = {
    .begin = result_begin, .collect = result_collect, .drop = result_drop};

yoke_status yk_result_attach(yk_request *request, uint64_t max_bytes, yk_error *error)
{
    task_result *self = calloc(1, sizeof *self);

    if (self == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    self->completion.ops = &result_ops;
    self->max_bytes = max_bytes;
    yk_completion_attach(&request->completions, &self->completion);
    return YOKE_OK;
}
