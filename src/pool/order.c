/* SPDX-License-Identifier: MIT */
/*
 * Which jobs have to end before another may start. Only the nearest are kept: what a job
 * waits for that another one of them waits for already is left out, so that in a chain each
 * job waits for one, however long the chain.
 */
#include "pool/order.h"

#include "launch/check.h"
#include "pool/pool.h"

static uint64_t order_bit_of(uint32_t slot)
{
    return UINT64_C(1) << slot;
}

/* Whether the earlier job must end first; *needed if it also must succeed. */
static bool order_conflicts(const yk_launch *earlier, const yk_launch *later,
                            bool *needed)
{
    bool any = false;

    for (uint32_t i = 0; i < earlier->arg_count; i++) {
        for (uint32_t j = 0; j < later->arg_count; j++) {
            if (yk_args_conflict(earlier, &earlier->args[i], later, &later->args[j])) {
                any = true;
                *needed |= (earlier->args[i].access & YK_WRITE) != 0;
            }
        }
    }
    return any;
}

/* What a job has to wait for, found so far. */
typedef struct order {
    uint64_t waits;  /* these must end */
    uint64_t needs;  /* these must succeed */
    uint64_t behind; /* with `waits` and all that they wait for */
    uint64_t relies; /* with `needs` and all that they need */
} order;

static void add_wait(const yoke_pool *pool, order *found, uint32_t slot)
{
    if ((found->behind & order_bit_of(slot)) == 0) {
        found->waits |= order_bit_of(slot);
        found->behind |= order_bit_of(slot) | pool->order.behind[slot];
    }
}

static void add_need(const yoke_pool *pool, order *found, uint32_t slot)
{
    if ((found->relies & order_bit_of(slot)) == 0) {
        found->needs |= order_bit_of(slot);
        found->relies |= order_bit_of(slot) | pool->order.relies[slot];
    }
}

/* From the latest to the earliest, so that most of a chain is never compared. */
static void find_conflicts(const yoke_pool *pool, const yk_launch *launch, order *found)
{
    for (uint32_t i = pool->jobs.count; i-- > 0;) {
        const uint32_t slot = pool->jobs.slots_by_age[i];
        bool needed = false;

        if ((found->behind & found->relies & order_bit_of(slot)) == 0 &&
            order_conflicts(&pool->control->jobs[slot].launch, launch, &needed)) {
            add_wait(pool, found, slot);
            /* If the program has left the call, it knows that the call did not succeed. */
            if (needed && !pool->jobs.futures_by_slot[slot]->is_left) {
                add_need(pool, found, slot);
            }
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
                                 const yoke_map_options *options, yk_error *error)
{
    yk_job *job = &pool->control->jobs[slot];
    order found = {0, 0, 0, 0};
    const yoke_status status = find_explicit(pool, options, &found, error);

    if (status != YOKE_OK) {
        return status;
    }
    find_conflicts(pool, &job->launch, &found);
    atomic_store(&job->waits_for, found.waits);
    atomic_store(&job->needs, found.needs);
    atomic_store(&job->waited_by, 0);
    pool->order.behind[slot] = found.behind;
    pool->order.relies[slot] = found.relies;
    return YOKE_OK;
}

void yk_order_clear_locked(yoke_pool *pool, uint32_t slot)
{
    pool->order.behind[slot] = 0;
    pool->order.relies[slot] = 0;
}

void yk_order_add_locked(yoke_pool *pool, uint32_t slot)
{
    uint64_t waits = atomic_load(&pool->control->jobs[slot].waits_for);

    /* Before the job is opened: see yk_job_publish(). */
    for (; waits != 0; waits &= waits - 1) {
        atomic_fetch_or(&pool->control->jobs[__builtin_ctzll(waits)].waited_by,
                        order_bit_of(slot));
    }
}

void yk_order_remove_locked(yoke_pool *pool, uint32_t slot)
{
    for (uint32_t i = 0; i < YK_MAX_JOBS; i++) {
        pool->order.behind[i] &= ~order_bit_of(slot);
        pool->order.relies[i] &= ~order_bit_of(slot);
    }
}
