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

/* A program that leaves more failures than that unread gives up the oldest. */
enum { MAX_SPOILED = 1024 };

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
}

/* Some failures were reported without a call on the pool. */
static void spoiled_forget_told_locked(yoke_pool *pool)
{
    for (yoke_future *f = pool->jobs.futures; f != NULL && pool->spoiled.newest != NULL;
         f = f->next) {
        if (f->told && f->collected && f->status != YOKE_OK && !f->is_forgiven) {
            yk_spoiled_forget_locked(pool, f->family);
        }
    }
}

/* ---- noting ---- */

/* Memory outside the pool is not noted: its address may be that of another array later. */
static bool spoiled_is_written(const yk_arg *arg)
{
    return arg->kind == YK_ARG_ARRAY && (arg->access & YK_WRITE) != 0 &&
           arg->block_id != 0;
}

/* Partial results of a reduction are the library's, and among its first arguments: their memory is
 * used again. So are the copies of arrays that items add into. */
static bool spoiled_is_scratch(const yoke_future *future, const yk_launch *launch,
                               uint32_t arg)
{
    return (launch->args[arg].flags & YK_ARG_COPIES) != 0 ||
           (arg < 64 && (future->scratch_args >> arg & 1) != 0);
}

/* Keeps of a launch what it writes. Whether that is anything. */
static bool keep_written(yk_launch *launch, const yoke_future *future)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        if (spoiled_is_written(&launch->args[i]) &&
            !spoiled_is_scratch(future, launch, i)) {
            launch->args[count++] = launch->args[i];
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
        return;
    }
    new->family = future->family;
    new->sequence = future->sequence;
    new->launch = *launch;
    if (!keep_written(&new->launch, future) || is_noted(pool, new)) {
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

static bool spoiled_is_needed(const yk_launch *launch, const yk_spoiled *spoiled)
{
    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        for (uint32_t k = 0; k < spoiled->launch.arg_count; k++) {
            const yk_arg *bad = &spoiled->launch.args[k];

            if (launch->args[i].block_id == bad->block_id &&
                yk_args_conflict(&spoiled->launch, bad, launch, &launch->args[i])) {
                return true;
            }
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
        if (spoiled_is_needed(launch, s)) {
            why = s->why != NULL ? s->why : "";
            spoiled_join_families_locked(pool, s->family, future->family);
        }
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

void yk_spoiled_free(yoke_pool *pool)
{
    while (pool->spoiled.newest != NULL) {
        spoiled_drop_locked(pool, &pool->spoiled.newest);
    }
}
