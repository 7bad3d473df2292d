/* SPDX-License-Identifier: MIT */
/*
 * Which jobs have to end before another may start. Only the nearest are kept: what a job
 * waits for that another one of them waits for already is left out, so that in a chain each
 * job waits for one, however long the chain.
 */
#include "pool/order.h"

#include <stddef.h>

#include "launch/check.h"
#include "pool/pool.h"
#include "sys/mapping.h"

bool yk_order_init(yk_order *order, uint32_t slots)
{
    order->slots = slots;
    order->rows = yk_memory_map(slots * sizeof *order->rows);
    return order->rows != NULL;
}

void yk_order_fini(yk_order *order)
{
    yk_memory_unmap(order->rows, order->slots * sizeof *order->rows);
    order->rows = NULL;
}

/* Whether the earlier job must end first; *needed if it also must succeed. */
static bool order_conflicts(const yk_launch *earlier, const yk_launch *later,
                            bool *needed)
{
    bool any = false;

    for (uint32_t i = 0; i < yk_launch_array_count(earlier); i++) {
        for (uint32_t j = 0; j < yk_launch_array_count(later); j++) {
            if (yk_args_conflict(earlier, &earlier->args[i], later, &later->args[j])) {
                any = true;
                *needed |= (earlier->args[i].access & YK_WRITE) != 0;
            }
        }
    }
    return any;
}

unsigned char yk_order_of_pair(const yk_launch *earlier, const yk_launch *later)
{
    bool needed = false;

    return !order_conflicts(earlier, later, &needed) ? YK_ORDER_FREE
           : needed                                  ? YK_ORDER_NEEDS
                                                     : YK_ORDER_WAITS;
}

bool yk_order_changes_used(const yk_launch *earlier, const yk_launch *later)
{
    for (uint32_t i = 0; i < yk_launch_array_count(earlier); i++) {
        for (uint32_t j = later->arg_count; j < yk_launch_array_count(later); j++) {
            if ((later->args[j].flags & YK_ARG_READ_EARLY) != 0 &&
                yk_args_conflict(earlier, &earlier->args[i], later, &later->args[j])) {
                return true;
            }
        }
    }
    return false;
}

/* Jobs that are copied in by another thread now are not listed by age yet. */
bool yk_order_changes_used_locked(const yoke_pool *pool, const yk_launch *launch)
{
    const uint32_t slots =
        yk_launch_uses(launch, YK_ARG_READ_EARLY) ? yk_job_slot_count(pool->control) : 0;

    for (uint32_t slot = 0; slot < slots; slot++) {
        const yk_launch *other = &pool->control->jobs[slot].launch;

        if (pool->jobs.futures_by_slot[slot] != NULL && other != launch &&
            yk_order_changes_used(other, launch)) {
            return true;
        }
    }
    return false;
}

/* Whether a job adds to an array, in the application and after its end, that the launch uses. */
static bool order_adds_into_used(const yk_launch *adding, const yk_launch *launch)
{
    const uint32_t first = adding->block_items != 0 ? adding->arg_count : UINT32_MAX;

    for (uint32_t i = first; i < yk_launch_array_count(adding); i++) {
        for (uint32_t j = 0; j < yk_launch_array_count(launch); j++) {
            if ((adding->args[i].flags & YK_ARG_ADDED) != 0 &&
                yk_args_conflict(adding, &adding->args[i], launch, &launch->args[j])) {
                return true;
            }
        }
    }
    return false;
}

bool yk_order_adds_into_locked(const yoke_pool *pool, const yk_launch *launch)
{
    const uint32_t slots = pool->jobs.adding > 0 ? yk_job_slot_count(pool->control) : 0;

    for (uint32_t slot = 0; slot < slots; slot++) {
        const yk_launch *other = &pool->control->jobs[slot].launch;

        if (pool->jobs.futures_by_slot[slot] != NULL && other != launch &&
            order_adds_into_used(other, launch)) {
            return true;
        }
    }
    return false;
}

bool yk_order_overtakes_locked(const yoke_pool *pool, const yk_launch *launch)
{
    const uint32_t slots = pool->jobs.filling > 0 ? yk_job_slot_count(pool->control) : 0;

    for (uint32_t slot = 0; slot < slots; slot++) {
        const yoke_future *other = pool->jobs.futures_by_slot[slot];
        const yk_launch *filled = &pool->control->jobs[slot].launch;

        if (other != NULL && other->is_reserved &&
            (yk_order_changes_used(launch, filled) || order_adds_into_used(launch, filled))) {
            return true;
        }
    }
    return false;
}

/* What a job has to wait for, found so far. */
typedef struct order {
    yk_job_bits waits;  /* these must end */
    yk_job_bits needs;  /* these must succeed */
    yk_job_bits behind; /* with `waits` and all that they wait for */
    yk_job_bits relies; /* with `needs` and all that they need */
} order;

static void add_wait(const yoke_pool *pool, order *found, uint32_t slot)
{
    if (!yk_job_bits_has(&found->behind, slot)) {
        yk_job_bits_add(&found->waits, slot);
        yk_job_bits_add(&found->behind, slot);
        yk_job_bits_join(&found->behind, &pool->order.rows[slot].behind);
    }
}

static void add_need(const yoke_pool *pool, order *found, uint32_t slot)
{
    if (!yk_job_bits_has(&found->relies, slot)) {
        yk_job_bits_add(&found->needs, slot);
        yk_job_bits_add(&found->relies, slot);
        yk_job_bits_join(&found->relies, &pool->order.rows[slot].relies);
    }
}

/* A step of a graph begins when all of the step before has succeeded. Jobs of one step were compared
 * when the run began. */
static unsigned char order_of_slot(const yoke_pool *pool, uint32_t slot,
                                   const yk_launch *launch, const yk_replay *replay)
{
    const yk_order_place *place = &pool->jobs.futures_by_slot[slot]->place;

    if (replay != NULL && place->run == replay->place.run) {
        if (place->step != replay->place.step) {
            return YK_ORDER_NEEDS;
        }
        if (place->is_known && replay->place.is_known) {
            return replay->order[place->index];
        }
    }
    return yk_order_of_pair(&pool->control->jobs[slot].launch, launch);
}

/* From the latest to the earliest, so that most of a chain is never compared. */
static void find_conflicts(const yoke_pool *pool, const yk_launch *launch,
                           const yk_replay *replay, order *found)
{
    for (uint32_t i = pool->jobs.count; i-- > 0;) {
        const uint32_t slot = pool->jobs.slots_by_age[i];
        unsigned char kind;

        if (yk_job_bits_has(&found->behind, slot) &&
            yk_job_bits_has(&found->relies, slot)) {
            continue;
        }
        kind = order_of_slot(pool, slot, launch, replay);
        if (kind != YK_ORDER_FREE) {
            add_wait(pool, found, slot);
        }
        /* If the program has left the call, it knows that the call did not succeed. */
        if (kind == YK_ORDER_NEEDS && !pool->jobs.futures_by_slot[slot]->is_left) {
            add_need(pool, found, slot);
        }
    }
}

static yoke_status find_explicit(const yoke_pool *pool, const yoke_map_options *options,
                                 order *found, yk_error *error)
{
    for (size_t i = 0; i < options->after_count; i++) {
        const yoke_future *future = options->after[i];

        if (!yk_handle_is(future, YK_HANDLE_FUTURE) || future->pool != pool) {
            return yk_fail(error, YOKE_EINVAL, "after[%zu] is %s", i,
                           future == NULL ? "NULL"
                           : yk_handle_is(future, YK_HANDLE_FUTURE)
                               ? "no future of this pool"
                               : "not a valid future, or already destroyed");
        }
        if (!future->collected) {
            add_wait(pool, found, future->ref.slot);
            add_need(pool, found, future->ref.slot);
        } else if (future->status != YOKE_OK) {
            options->after[i]->told = true;
            return yk_fail(error, YOKE_EDEPENDENCY, "the job of after[%zu] failed: %s",
                           i, future->error != NULL ? future->error : "");
        }
    }
    return YOKE_OK;
}

yoke_status yk_order_find_locked(yoke_pool *pool, uint32_t slot,
                                 const yk_request *request, yk_error *error)
{
    yk_job *job = &pool->control->jobs[slot];
    order found = {.waits = {.used = 0}};
    const yoke_status status = find_explicit(pool, &request->options, &found, error);

    if (status != YOKE_OK) {
        return status;
    }
    find_conflicts(pool, &job->launch, request->replay, &found);
    yk_job_set_store(&job->waits_for, &found.waits);
    yk_job_set_store(&job->needs, &found.needs);
    yk_job_set_store(&job->waited_by, &(const yk_job_bits){0});
    pool->order.rows[slot].behind = found.behind;
    pool->order.rows[slot].relies = found.relies;
    return YOKE_OK;
}

void yk_order_clear_locked(yoke_pool *pool, uint32_t slot)
{
    pool->order.rows[slot].behind = (yk_job_bits){0};
    pool->order.rows[slot].relies = (yk_job_bits){0};
}

void yk_order_add_locked(yoke_pool *pool, uint32_t slot)
{
    const yk_job_set *waits = &pool->control->jobs[slot].waits_for;

    /* Before the job is opened: see yk_job_publish(). */
    for (uint32_t i = 0; (i = yk_job_set_next(waits, i)) < YK_MAX_JOBS; i++) {
        yk_job_set_add(&pool->control->jobs[i].waited_by, slot);
    }
}

void yk_order_remove_locked(yoke_pool *pool, uint32_t slot)
{
    /* The sets of slots without a job say nothing. */
    for (uint32_t i = 0; i < pool->jobs.count; i++) {
        const uint32_t other = pool->jobs.slots_by_age[i];

        yk_job_bits_remove(&pool->order.rows[other].behind, slot);
        yk_job_bits_remove(&pool->order.rows[other].relies, slot);
    }
}
