/* SPDX-License-Identifier: MIT */
/*
 * What failed jobs should have written. A job keeps its slot until another job needs the slot, or
 * until any call collects it; so what it leaves incomplete is noted here. Jobs that need it end
 * with YOKE_EDEPENDENCY, and what these should have written is spoiled in turn, until the failure
 * is reported to the program.
 *
 * Failures that follow from one another are a family. A report of one of them counts for all of
 * them, and for no others: a chain goes on failing even if the failure of another thread's job is
 * reported to that thread meanwhile.
 *
 * All of this is done in the application, with the pool's lock.
 */
#include "pool/spoiled.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "launch/check.h"
#include "pool/pool.h"

/* Of more failures that are not reported it is not known what they should have written: all memory
 * counts as spoiled then. */
enum { MAX_SPOILED = 1024 };

static const char lost_text[] =
    "more jobs have failed than the pool remembers, and none of the failures was reported: any "
    "array may lack results (wait for the jobs, or call yoke_pool_wait())";

struct yk_spoiled {
    yk_spoiled *next; /* an older one */
    uint64_t family;
    uint64_t sequence; /* of the job that failed */
    bool is_orphan;    /* its future is gone, and was not asked */
    char *why;         /* NULL: no memory for that */
    yk_launch launch;
};

/* ---- families ---- */

static void spoiled_join_families_locked(yoke_pool *pool, uint64_t from, uint64_t into)
{
    for (yk_spoiled *s = pool->spoiled.newest; s != NULL && from != into; s = s->next) {
        s->family = s->family == from ? into : s->family;
    }
    for (yoke_future *f = pool->jobs.futures; f != NULL && from != into; f = f->next) {
        f->family = f->family == from ? into : f->family;
    }
    if (pool->spoiled.lost_family == from) {
        pool->spoiled.lost_family = into;
    }
}

/* It is not known any more what a failure of the family has spoiled. */
static void spoiled_lose_locked(yoke_pool *pool, uint64_t family)
{
    if (pool->spoiled.has_lost) {
        spoiled_join_families_locked(pool, pool->spoiled.lost_family, family);
    }
    pool->spoiled.has_lost = true;
    pool->spoiled.lost_family = family;
}

static bool is_unsuccessful(const yoke_pool *pool, uint32_t slot)
{
    const uint32_t generation = pool->jobs.futures_by_slot[slot]->ref.generation;
    const yk_job *job = &pool->control->jobs[slot];

    return yk_state_of(atomic_load(&job->state)) == YK_JOB_ENDED &&
           yk_job_status(job, generation) != YOKE_OK;
}

/* Those that need the job in the slot will fail; those that it needs may have. */
static void spoiled_join_neighbours_locked(yoke_pool *pool, const yoke_future *future)
{
    const uint32_t slot = future->ref.slot;

    for (uint32_t i = 0; i < yk_job_slot_count(pool->control); i++) {
        if (i == slot || pool->jobs.futures_by_slot[i] == NULL) {
            continue;
        }
        if (yk_job_bits_has(&pool->order.rows[i].relies, slot) ||
            (yk_job_bits_has(&pool->order.rows[slot].relies, i) && is_unsuccessful(pool, i))) {
            spoiled_join_families_locked(pool, pool->jobs.futures_by_slot[i]->family,
                                         future->family);
        }
    }
}

static void spoiled_drop_locked(yoke_pool *pool, yk_spoiled **link)
{
    yk_spoiled *gone = *link;

    *link = gone->next;
    pool->spoiled.count--;
    free(gone->why);
    free(gone);
}

void yk_spoiled_forget_locked(yoke_pool *pool, uint64_t family)
{
    yk_spoiled **link = &pool->spoiled.newest;

    while (*link != NULL) {
        if ((*link)->family == family) {
            spoiled_drop_locked(pool, link);
        } else {
            link = &(*link)->next;
        }
    }
    for (yoke_future *f = pool->jobs.futures; f != NULL; f = f->next) {
        f->is_forgiven |= f->family == family;
    }
    pool->spoiled.has_lost &= pool->spoiled.lost_family != family;
}

/* Some failures were reported without a call on the pool. */
static void spoiled_forget_told_locked(yoke_pool *pool)
{
    for (yoke_future *f = pool->jobs.futures;
         f != NULL && (pool->spoiled.newest != NULL || pool->spoiled.has_lost); f = f->next) {
        if (f->told && f->collected && f->status != YOKE_OK && !f->is_forgiven) {
            yk_spoiled_forget_locked(pool, f->family);
        }
    }
}

/* ---- noting ---- */

static bool spoiled_is_written(const yk_arg *arg)
{
    return arg->kind == YK_ARG_ARRAY && (arg->access & YK_WRITE) != 0;
}

/* Partial results of a reduction are the library's, and among its first arguments: their memory is
 * used again. So are the copies of arrays that items add into. */
static bool spoiled_is_scratch(const yoke_future *future, const yk_launch *launch,
                               uint32_t arg)
{
    return (launch->args[arg].flags & YK_ARG_COPIES) != 0 ||
           (arg < 64 && (future->scratch_args >> arg & 1) != 0);
}

/* Keeps of a launch what it writes. Whether that is anything. What was staged is kept as the array
 * of the program, whose memory may become another array's before the failure is reported: jobs
 * that use that one fail for nothing, but no job that uses this one succeeds. */
static bool spoiled_keep_written_locked(const yoke_pool *pool, yk_launch *launch,
                                        const yoke_future *future)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        if (spoiled_is_written(&launch->args[i]) &&
            !spoiled_is_scratch(future, launch, i)) {
            launch->args[count++] =
                yk_stage_original_locked(pool, future->ref.slot, launch, i);
        }
    }
    launch->arg_count = count;
    launch->used_count = 0;
    return count > 0;
}

static bool is_noted(const yoke_pool *pool, const yk_spoiled *new)
{
    for (const yk_spoiled *s = pool->spoiled.newest; s != NULL; s = s->next) {
        if (s->family == new->family &&
            s->launch.arg_count ==
                new->launch.arg_count &&memcmp(s->launch.begin, new->launch.begin,
                                               sizeof s->launch.begin) == 0 &&
            memcmp(s->launch.size, new->launch.size, sizeof s->launch.size) == 0 &&
            memcmp(s->launch.args, new->launch.args,
                   new->launch.arg_count * sizeof *new->launch.args) == 0) {
            return true;
        }
    }
    return false;
}

static void spoiled_drop_oldest_locked(yoke_pool *pool)
{
    yk_spoiled **link = &pool->spoiled.newest;

    while ((*link)->next != NULL) {
        link = &(*link)->next;
    }
    spoiled_lose_locked(pool, (*link)->family);
    spoiled_drop_locked(pool, link);
}

void yk_spoiled_note_locked(yoke_pool *pool, yoke_future *future,
                            const yk_launch *launch)
{
    yk_spoiled *new;

    spoiled_join_neighbours_locked(pool, future);
    if (future->is_forgiven || future->status == YOKE_EBROKEN) {
        return;
    }
    new = calloc(1, sizeof *new);
    if (new == NULL) {
        spoiled_lose_locked(pool, future->family);
        return;
    }
    new->family = future->family;
    new->sequence = future->sequence;
    new->launch = *launch;
    if (!spoiled_keep_written_locked(pool, &new->launch, future) || is_noted(pool, new)) {
        free(new);
        return;
    }
    new->why = future->error != NULL ? strdup(future->error) : NULL;
    new->next = pool->spoiled.newest;
    pool->spoiled.newest = new;
    if (++pool->spoiled.count > MAX_SPOILED) {
        spoiled_drop_oldest_locked(pool);
    }
}

/* ---- asking ---- */

static bool spoiled_is_met(const yk_spoiled *spoiled, const yk_launch *launch,
                           const yk_arg *arg)
{
    for (uint32_t k = 0; k < spoiled->launch.arg_count; k++) {
        const yk_arg *bad = &spoiled->launch.args[k];

        if (arg->block_id == bad->block_id &&
            yk_args_conflict(&spoiled->launch, bad, launch, arg)) {
            return true;
        }
    }
    return false;
}

/* Whether the job in the slot needs it. */
static bool spoiled_is_needed_locked(const yoke_pool *pool, uint32_t slot,
                                     const yk_launch *launch, const yk_spoiled *spoiled)
{
    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        const yk_arg arg = yk_stage_original_locked(pool, slot, launch, i);

        if (spoiled_is_met(spoiled, launch, &arg)) {
            return true;
        }
    }
    return false;
}

const char *yk_spoiled_needed_locked(yoke_pool *pool, yoke_future *future,
                                     const yk_launch *launch)
{
    const char *why = NULL;

    spoiled_forget_told_locked(pool);
    for (const yk_spoiled *s = pool->spoiled.newest; s != NULL; s = s->next) {
        if (spoiled_is_needed_locked(pool, future->ref.slot, launch, s)) {
            why = s->why != NULL ? s->why : "";
            spoiled_join_families_locked(pool, s->family, future->family);
        }
    }
    if (pool->spoiled.has_lost) {
        why = why != NULL ? why : lost_text;
        spoiled_join_families_locked(pool, pool->spoiled.lost_family, future->family);
    }
    return why;
}

void yk_spoiled_leave_locked(yoke_pool *pool, const yoke_future *future)
{
    if (!future->collected || future->status == YOKE_OK) {
        return;
    }
    if (future->told) {
        yk_spoiled_forget_locked(pool, future->family);
    }
    for (yk_spoiled *s = pool->spoiled.newest; s != NULL; s = s->next) {
        s->is_orphan |= s->sequence == future->sequence;
    }
}

/* Whether the program can still ask for a failure that is lost. */
static bool spoiled_has_future_of_lost(const yoke_pool *pool)
{
    for (const yoke_future *f = pool->jobs.futures; f != NULL; f = f->next) {
        if (f->collected && f->status != YOKE_OK && !f->is_forgiven &&
            f->family == pool->spoiled.lost_family) {
            return true;
        }
    }
    return false;
}

void yk_spoiled_forget_orphans_locked(yoke_pool *pool)
{
    yk_spoiled *s = pool->spoiled.newest;

    while (s != NULL) {
        if (s->is_orphan) {
            yk_spoiled_forget_locked(pool, s->family);
            s = pool->spoiled.newest;
        } else {
            s = s->next;
        }
    }
    if (pool->spoiled.has_lost && !spoiled_has_future_of_lost(pool)) {
        yk_spoiled_forget_locked(pool, pool->spoiled.lost_family);
    }
}

void yk_spoiled_move_locked(yoke_pool *pool, uint64_t from_id, uint64_t to_id,
                            uint64_t shift)
{
    for (yk_spoiled *s = pool->spoiled.newest; s != NULL; s = s->next) {
        for (uint32_t i = 0; i < s->launch.arg_count; i++) {
            yk_arg *arg = &s->launch.args[i];

            if (arg->block_id == from_id) {
                arg->block_id = to_id;
                arg->address += shift;
                arg->block_address += shift;
            }
        }
    }
}

/* ---- segments that are closed and opened again ---- */

/* A closed segment of which something is spoiled. Its memory goes on under its name. */
struct yk_spoiled_segment {
    yk_spoiled_segment *next;
    yk_segment segment; /* what identifies it */
    uint64_t block_id;  /* when it was open */
    uint64_t address;
};

static bool spoiled_has_block(const yoke_pool *pool, uint64_t block_id)
{
    for (const yk_spoiled *s = pool->spoiled.newest; s != NULL; s = s->next) {
        for (uint32_t i = 0; i < s->launch.arg_count; i++) {
            if (s->launch.args[i].block_id == block_id) {
                return true;
            }
        }
    }
    return false;
}

void yk_spoiled_close_segment_locked(yoke_pool *pool, const yk_segment *segment,
                                     uint64_t block_id, const void *pointer)
{
    yk_spoiled_segment *closed;

    if (!spoiled_has_block(pool, block_id)) {
        return;
    }
    closed = malloc(sizeof *closed);
    if (closed == NULL) {
        for (yk_spoiled *s = pool->spoiled.newest; s != NULL; s = s->next) {
            spoiled_lose_locked(pool, s->family);
        }
        return;
    }
    *closed = (yk_spoiled_segment){.next = pool->spoiled.segments,
                                   .segment = *segment,
                                   .block_id = block_id,
                                   .address = (uint64_t)(uintptr_t)pointer};
    pool->spoiled.segments = closed;
}

void yk_spoiled_open_segment_locked(yoke_pool *pool, const yk_segment *segment,
                                    uint64_t block_id, const void *pointer)
{
    yk_spoiled_segment **link = &pool->spoiled.segments;

    while (*link != NULL) {
        yk_spoiled_segment *closed = *link;
        const bool is_same = closed->segment.device == segment->device &&
                             closed->segment.inode == segment->inode;

        if (is_same) {
            yk_spoiled_move_locked(pool, closed->block_id, block_id,
                                   (uint64_t)(uintptr_t)pointer - closed->address);
        }
        if (is_same || !spoiled_has_block(pool, closed->block_id)) {
            *link = closed->next;
            free(closed);
        } else {
            link = &closed->next;
        }
    }
}

void yk_spoiled_free(yoke_pool *pool)
{
    while (pool->spoiled.segments != NULL) {
        yk_spoiled_segment *next = pool->spoiled.segments->next;

        free(pool->spoiled.segments);
        pool->spoiled.segments = next;
    }
    while (pool->spoiled.newest != NULL) {
        spoiled_drop_locked(pool, &pool->spoiled.newest);
    }
}
