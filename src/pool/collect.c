/* SPDX-License-Identifier: MIT */
#include "pool/collect.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "pool/pool.h"
#include "protocol/bells.h"
#include "shm/company.h"
#include "sys/call_guard.h"
#include "sys/futex.h"

/* About what waking a sleeping process costs. */
static const uint64_t spin_ns = 50000;
/* In company: by then the job's worker has been given a core, or another worker may get one. */
static const uint64_t start_ns = YK_NS_PER_MS;
static const uint64_t poll_ns = 100 * (uint64_t)YK_NS_PER_MS;
/* By then a worker that is killed at a job's deadline is dead. */
static const uint64_t late_ns = YK_NS_PER_S;

/* Jobs that waited for this one need not check its slot any more. */
static void collect_release_dependents_locked(yoke_pool *pool, uint32_t slot,
                                              yoke_status status)
{
    for (uint32_t k = 0; k < pool->jobs.count; k++) {
        const uint32_t i = pool->jobs.slots_by_age[k];
        yk_job *job = &pool->control->jobs[i];

        if (!yk_job_bits_has(&pool->order.rows[i].behind, slot) &&
            !yk_job_bits_has(&pool->order.rows[i].relies, slot)) {
            continue;
        }
        if (status != YOKE_OK && yk_job_set_has(&job->needs, slot)) {
            const yk_job_ref ref = pool->jobs.futures_by_slot[i]->ref;

            yk_job_explain_need(pool->control, ref, slot);
            yk_job_stop(pool->control, ref, YOKE_EDEPENDENCY);
            (void)yk_job_try_end(pool->control, ref);
        }
        yk_job_set_remove(&job->needs, slot);
        yk_job_set_remove(&job->waits_for, slot);
        /* The process that ended the job may not have checked those that waited for it yet, and
         * will find another job's `waited_by` in its slot. */
        yk_job_check_ready(pool->control, pool->jobs.futures_by_slot[i]->ref);
    }
}

static char *copy_error(const yk_job *job, uint32_t generation, yoke_status status)
{
    const uint64_t limit = yk_clock_ns() + YK_NS_PER_S;

    if (status == YOKE_OK) {
        return NULL;
    }
    /* The supervisor or an active worker writes the text, and is about to finish, unless
     * something has written over the word. */
    while (atomic_load(&job->error_state) ==
               yk_state_pack(generation, YK_TEXT_WRITING) &&
           yk_clock_ns() < limit) {
        yk_yield();
    }
    return atomic_load(&job->error_state) == yk_state_pack(generation, YK_TEXT_READY)
               ? strndup(job->error, sizeof job->error)
               : NULL;
}

static bool has_error_callback(const yoke_future *future)
{
    return future->on_error != NULL || future->later != NULL;
}

static bool has_callback(const yoke_future *future)
{
    return future->status == YOKE_OK
               ? future->on_success != NULL || future->later != NULL
               : has_error_callback(future);
}

static void collect_forget_age_locked(yk_job_table *jobs, uint32_t slot)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < jobs->count; i++) {
        if (jobs->slots_by_age[i] != slot) {
            jobs->slots_by_age[kept++] = jobs->slots_by_age[i];
        }
    }
    jobs->count = kept;
}

/* The slot is free for another job. */
static void collect_free_slot_locked(yoke_pool *pool, uint32_t slot)
{
    yk_job *job = &pool->control->jobs[slot];
    const uint32_t generation = yk_state_generation(atomic_load(&job->state));

    pool->jobs.futures_by_slot[slot] = NULL;
    collect_forget_age_locked(&pool->jobs, slot);
    yk_job_set_remove(&pool->control->live, slot);
    atomic_store(&job->state, yk_state_pack(generation + 1, YK_JOB_FREE));
}

/* The completions' part in how the job ends: *status, and *text if it changes. */
static void collect_completions_locked(yoke_pool *pool, yoke_future *future,
                                       yoke_status *status, char **text)
{
    for (yk_completion *c = future->completions; c != NULL; c = c->next) {
        const bool well = *status == YOKE_OK && !future->is_left;
        yk_error error;

        if (c->ops->collect != NULL &&
            c->ops->collect(c, pool, future, well, &error) != YOKE_OK &&
            (*status == YOKE_OK || (*status == error.status && *text == NULL))) {
            *status = error.status;
            *text = strdup(yk_error_text(&error));
        }
    }
}

/* It is known how the job has ended: only completions stay that have something to make. */
static void collect_drop_completions_locked(yoke_pool *pool, yoke_future *future)
{
    const bool well = future->status == YOKE_OK && !future->is_left;
    yk_completion **link = &future->completions;

    while (*link != NULL) {
        yk_completion *completion = *link;

        if (well && completion->ops->make != NULL) {
            future->result_state = YK_RESULT_DUE;
            link = &completion->next;
        } else {
            *link = completion->next;
            completion->ops->drop(completion, pool, future);
        }
    }
}

static void collect_finish_locked(yoke_pool *pool, yoke_future *future,
                                  yoke_status status, char *text)
{
    const uint32_t slot = future->ref.slot;
    yk_job *job = &pool->control->jobs[slot];

    collect_completions_locked(pool, future, &status, &text);
    future->status = status;
    future->error = text;
    future->progress = status == YOKE_OK ? 1 : yk_job_progress(pool->control, job);
    if (status != YOKE_OK) {
        yk_spoiled_note_locked(pool, future, &job->launch);
    }
    collect_drop_completions_locked(pool, future);
    collect_free_slot_locked(pool, slot);
    pool->jobs.collected++;
    pool->jobs.adding -= future->adds;
    pool->jobs.is_stalled = false;
    future->collected = true;
    if (future->result_state == YK_RESULT_DUE || has_callback(future)) {
        yk_callbacks_add_locked(pool, future);
    } else {
        yk_future_release_locked(future);
    }
}

static bool collect_slot_has_ended(const yoke_pool *pool, uint32_t slot)
{
    const uint64_t state = atomic_load(&pool->control->jobs[slot].state);

    return pool->jobs.futures_by_slot[slot] != NULL &&
           yk_state_of(state) == YK_JOB_ENDED;
}

static bool has_succeeded(const yoke_pool *pool, uint32_t slot)
{
    return yk_job_status(&pool->control->jobs[slot],
                         pool->jobs.futures_by_slot[slot]->ref.generation) == YOKE_OK;
}

/* Whether the job's results have to land before it is collected; another thread may be at it. */
static bool collect_must_land(const yoke_pool *pool, uint32_t slot)
{
    const yoke_future *future = pool->jobs.futures_by_slot[slot];

    return future != NULL && future->lands && collect_slot_has_ended(pool, slot) &&
           (future->is_landing ||
            (!future->is_left && (future->lands_failed || has_succeeded(pool, slot))));
}

static bool collect_is_ready(const yoke_pool *pool, uint32_t slot)
{
    return collect_slot_has_ended(pool, slot) && !collect_must_land(pool, slot);
}

void yk_collect_locked(yoke_pool *pool, uint32_t slot)
{
    yk_job *job = &pool->control->jobs[slot];
    const uint32_t generation = yk_state_generation(atomic_load(&job->state));
    const yoke_status status = yk_job_status(job, generation);

    collect_release_dependents_locked(pool, slot, status);
    collect_finish_locked(pool, pool->jobs.futures_by_slot[slot], status,
                          copy_error(job, generation, status));
}

/* ---- landing ---- */

/* The thread lands the job, which must and which no other thread lands, and collects it. The lock
 * is given up meanwhile. */
static void collect_land_locked(yoke_pool *pool, uint32_t slot)
{
    yoke_future *future = pool->jobs.futures_by_slot[slot];
    yk_job *job = &pool->control->jobs[slot];

    future->is_landing = true;
    pool->jobs.landing++;
    yk_pool_enter(pool);
    yk_pool_unlock(pool);
    for (yk_completion *c = future->completions; c != NULL; c = c->next) {
        if (c->ops->land != NULL) {
            c->ops->land(c, job);
        }
    }
    yk_pool_lock(pool);
    future->is_landing = future->lands = false;
    pool->jobs.landing--;
    yk_collect_locked(pool, slot);
    yk_control_signal(pool->control, &job->ended);
    yk_eventcount_signal(&pool->control->changed);
    yk_pool_leave(pool);
}

/* A job that must land and that no thread lands; YK_MAX_JOBS: there is none. */
static uint32_t collect_find_landing(const yoke_pool *pool)
{
    for (uint32_t i = 0; i < pool->jobs.count; i++) {
        const uint32_t slot = pool->jobs.slots_by_age[i];

        if (collect_must_land(pool, slot) &&
            !pool->jobs.futures_by_slot[slot]->is_landing) {
            return slot;
        }
    }
    return YK_MAX_JOBS;
}

size_t yk_collect_landed_locked(yoke_pool *pool)
{
    size_t count = 0;
    uint32_t slot;

    while ((slot = collect_find_landing(pool)) != YK_MAX_JOBS) {
        collect_land_locked(pool, slot);
        count++;
    }
    return count;
}

void yk_collect_all_landed_locked(yoke_pool *pool)
{
    (void)yk_collect_landed_locked(pool);
    while (pool->jobs.landing > 0) {
        yk_jobs_wait_change_locked(pool);
        (void)yk_collect_landed_locked(pool);
    }
}

static bool collect_uses_block(const yk_launch *launch, uint64_t block_id)
{
    for (uint32_t i = 0; i < yk_launch_array_count(launch) && i < YK_MAX_ARGS; i++) {
        if (launch->args[i].kind == YK_ARG_ARRAY &&
            launch->args[i].block_id == block_id) {
            return true;
        }
    }
    return false;
}

bool yk_collect_wait_landing_locked(yoke_pool *pool, uint64_t block_id)
{
    for (uint32_t i = 0; i < pool->jobs.count; i++) {
        const uint32_t slot = pool->jobs.slots_by_age[i];

        if (pool->jobs.futures_by_slot[slot]->is_landing &&
            collect_uses_block(&pool->control->jobs[slot].launch, block_id)) {
            yk_jobs_wait_change_locked(pool);
            return true;
        }
    }
    return false;
}

/* ---- collecting many ---- */

/* The slot of the job submitted last among those that have failed and are not
 * collected; YK_MAX_JOBS if there is none. */
static uint32_t last_failed(const yoke_pool *pool)
{
    for (uint32_t i = pool->jobs.count; i-- > 0;) {
        const uint32_t slot = pool->jobs.slots_by_age[i];

        if (collect_slot_has_ended(pool, slot) && !has_succeeded(pool, slot)) {
            return slot;
        }
    }
    return YK_MAX_JOBS;
}

void yk_collect_for_room_locked(yoke_pool *pool, bool failed_too)
{
    const uint32_t last = last_failed(pool);
    uint32_t i = 0;

    while (i < pool->jobs.count) {
        const uint32_t slot = pool->jobs.slots_by_age[i];

        if (collect_is_ready(pool, slot) &&
            (has_succeeded(pool, slot) || (failed_too && slot != last))) {
            yk_collect_locked(pool, slot); /* the next one moves up */
        } else {
            i++;
        }
    }
}

/* Whether a job has failed and neither a future nor a callback is there to report it. */
static bool is_silent_failure(const yoke_pool *pool, uint32_t slot)
{
    return collect_slot_has_ended(pool, slot) && !has_succeeded(pool, slot) &&
           pool->jobs.futures_by_slot[slot]->references == 1 &&
           !has_error_callback(pool->jobs.futures_by_slot[slot]);
}

static bool is_seen_first(yoke_future *future)
{
    const bool is_first = !future->is_seen;

    future->is_seen = true;
    return is_first;
}

size_t yk_collect_all_but_silent_locked(yoke_pool *pool)
{
    size_t count = 0;
    uint32_t i = 0;

    while (i < pool->jobs.count) {
        const uint32_t slot = pool->jobs.slots_by_age[i];

        if (collect_is_ready(pool, slot) && !is_silent_failure(pool, slot)) {
            yk_collect_locked(pool, slot); /* the next one moves up */
            count++;
        } else {
            count += collect_is_ready(pool, slot) &&
                     is_seen_first(pool->jobs.futures_by_slot[slot]);
            i++;
        }
    }
    return count;
}

size_t yk_collect_ended_locked(yoke_pool *pool)
{
    size_t count = 0;
    uint32_t i = 0;

    while (i < pool->jobs.count) {
        if (collect_is_ready(pool, pool->jobs.slots_by_age[i])) {
            yk_collect_locked(pool,
                              pool->jobs.slots_by_age[i]); /* the next one moves up */
            count++;
        } else {
            i++;
        }
    }
    return count;
}

void yk_abandon_jobs_locked(yoke_pool *pool, yoke_status status, const char *text)
{
    uint32_t i = 0;

    while (i < pool->jobs.count) {
        const uint32_t slot = pool->jobs.slots_by_age[i];

        if (collect_must_land(pool, slot)) {
            i++; /* it has ended well, and will be collected */
        } else {
            collect_finish_locked(pool, pool->jobs.futures_by_slot[slot], status,
                                  strdup(text));
        }
    }
}

/* ---- waiting ---- */

/* Collects the job if it has ended, and makes its result. Whether all that is done. */
static bool try_finish(yoke_future *future)
{
    yoke_pool *pool = future->pool;
    bool is_ours;
    bool is_over;

    yk_pool_lock(pool);
    if (!future->collected) {
        const uint32_t slot = future->ref.slot;

        if (collect_is_ready(pool, slot)) {
            yk_collect_locked(pool, slot);
        } else if (collect_must_land(pool, slot) && !future->is_landing) {
            collect_land_locked(pool, slot);
        }
    }
    is_over = yk_future_is_over_locked(future);
    if (is_over && future->status != YOKE_OK) {
        (void)yk_collect_ended_locked(pool); /* the failure is reported now */
    }
    is_ours = yk_result_claim_locked(future);
    yk_pool_unlock(pool);
    if (is_ours) {
        yk_result_make(future);
    }
    return is_over || is_ours;
}

/* Whether the wait goes on while the supervisor is halted. A job with a time limit is waited for
 * until then; it may not end, since the supervisor does not reap the worker that was killed. */
static yoke_status collect_check_halt_locked(const yoke_pool *pool,
                                             const yoke_future *future, yk_error *error)
{
    const yk_job *job = yk_job_at(pool->control, future->ref);

    if (future->collected || !yk_pool_is_halted_locked(pool)) {
        return YOKE_OK;
    }
    if (job->deadline_ns == 0) {
        return yk_pool_check_locked(pool, error);
    }
    return yk_clock_ns() < job->deadline_ns + late_ns
               ? YOKE_OK
               : yk_fail(error, YOKE_EDEADLINE,
                         "the job exceeded its time limit; its worker was killed, and the "
                         "pool's supervisor (process %d), which would replace it, is "
                         "stopped: send it SIGCONT",
                         (int)pool->liveness.supervisor);
}

static yoke_status collect_check_halt(yoke_pool *pool, const yoke_future *future,
                                      yk_error *error)
{
    yoke_status status;

    yk_pool_lock(pool);
    status = collect_check_halt_locked(pool, future, error);
    yk_pool_unlock(pool);
    return status;
}

static yoke_status wait_inside(yoke_pool *pool, yoke_future *future, uint64_t deadline,
                               yk_error *error)
{
    yk_eventcount *ended = &yk_job_at(pool->control, future->ref)->ended;
    yoke_status status;
    bool waited = false;

    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(ended);
        uint64_t limit = poll_ns;
        uint64_t now;

        if (try_finish(future)) {
            yk_run_callbacks(pool);
            return YOKE_OK;
        }
        now = yk_clock_ns();
        if (now >= deadline) {
            return !yk_pool_is_alive(pool) && try_finish(future) ? YOKE_OK : YOKE_ETIMEDOUT;
        }
        limit = deadline - now < limit ? deadline - now : limit;
        if (yk_company_is_seen(now) && !waited) {
            /* The worker that has the job may need this very core. */
            limit = yk_min(limit, start_ns);
        } else if (yk_eventcount_spin(ended, ticket, yk_min(limit, spin_ns))) {
            continue;
        } else if (!future->collected) {
            yk_job_wake_all(pool->control, future->ref);
        }
        waited = true;
        yk_guard_cancel_point();
        yk_eventcount_wait(ended, ticket, limit);
        (void)yk_pool_is_alive(pool);
        status = collect_check_halt(pool, future, error);
        if (status != YOKE_OK) {
            return status;
        }
    }
}

yoke_status yk_future_wait(yoke_future *future, double seconds, yk_error *error)
{
    yoke_pool *pool = future->pool;

    return pool == NULL ? YOKE_OK
                        : wait_inside(pool, future, yk_clock_deadline(seconds), error);
}

bool yk_future_is_done(yoke_future *future)
{
    return yk_future_wait(future, 0, NULL) == YOKE_OK;
}

yoke_future *yk_future_create_ended(yoke_pool *pool, const yk_request *request)
{
    yoke_future *future;

    yk_pool_lock(pool);
    future = yk_future_create_locked(pool, request);
    if (future != NULL) {
        future->collected = true;
        future->progress = 1;
        future->references++; /* the pool's */
        yk_callbacks_add_locked(pool, future);
    }
    yk_pool_unlock(pool);
    yk_run_callbacks(pool);
    return future;
}
