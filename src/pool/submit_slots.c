/* SPDX-License-Identifier: MIT */
/* Room for one more job in the table, and how long a submission waits for it. */
#include "base/bits.h"
#include "base/clock.h"
#include "pool/pool.h"
#include "pool/submit.h"

/* ---- waiting ---- */

uint64_t yk_submit_deadline(const yk_request *request)
{
    const double timeout = request->options.timeout;
    const uint64_t begun = request->begun_ns != 0 ? request->begun_ns : yk_clock_ns();

    /* What is not a time is refused later. */
    return timeout > 0 && timeout <= 1e9 ? begun + (uint64_t)(timeout * 1e9) : 0;
}

yk_limit yk_submit_limit(const yk_request *request, uint64_t deadline_ns)
{
    if (request->options.no_wait) {
        return (yk_limit){0, YOKE_EAGAIN, "the job cannot be submitted without waiting"};
    }
    return deadline_ns != 0
               ? (yk_limit){deadline_ns, YOKE_EDEADLINE,
                            "the job's .timeout ended before it could be submitted"}
               : YK_NO_LIMIT;
}

yoke_status yk_submit_wait_locked(yoke_pool *pool, uint32_t ticket,
                                  const yk_limit *limit, const char *waits_for,
                                  yk_error *error)
{
    const yoke_status status = yk_limit_check(limit, waits_for, error);

    if (status != YOKE_OK) {
        return status;
    }
    yk_pool_unlock(pool);
    (void)yk_pool_wait_change_until(pool, ticket, yk_limit_left(limit));
    yk_pool_lock(pool);
    /* Another thread may have found it broken in the meantime. */
    return yk_pool_check_locked(pool, error);
}

/* ---- slots ---- */

/*
 * The table of jobs has its usual size as long as jobs end: a submission that finds it full waits
 * for room, so the program does not run far ahead of the workers, and comparing a job with those
 * before it stays cheap. If nothing ends, what runs may wait for a job that is still to come. Then
 * the table grows, at once for submissions that do not wait, and the others find it stalled and do
 * not wait either, until a job is collected. All under the lock:
 *
 *     a slot below YK_USUAL_JOBS is free   it is taken
 *     all are in use, .no_wait             the next slot is taken, up to max_jobs
 *     ... is_stalled                       the same
 *     ... else                             waits; after stall_ns in which nothing was collected:
 *                                          is_stalled
 *     a job is collected                   no longer is_stalled
 *     no slot is free                      waits until one is, or as long as the submission may
 *
 * A slot that was never used is address space and no memory. One that was used keeps some pages,
 * about 40 KiB, until the pool ends.
 */
static const uint64_t stall_ns = 2 * (uint64_t)YK_NS_PER_MS;

static int slots_find_locked(const yoke_pool *pool, bool grows)
{
    const uint32_t limit = grows ? pool->control->max_jobs : YK_USUAL_JOBS;

    for (uint32_t slot = 0; slot < limit; slot++) {
        if (pool->jobs.futures_by_slot[slot] == NULL) {
            return (int)slot;
        }
    }
    return -1;
}

static bool slots_take_locked(yoke_pool *pool, bool no_wait, int *slot)
{
    yk_control *control = pool->control;

    yk_collect_for_room_locked(pool, false);
    *slot = slots_find_locked(pool, false);
    if (*slot < 0) {
        yk_collect_for_room_locked(pool, true);
        *slot = slots_find_locked(pool, no_wait || pool->jobs.is_stalled);
    }
    if (*slot >= 0 && (uint32_t)*slot >= atomic_load(&control->job_slots)) {
        atomic_store(&control->job_slots, (uint32_t)*slot + 1);
    }
    return *slot >= 0;
}

/* Waits until about half of the jobs have ended, or a while, with the lock given up: in a
 * long queue this thread should not be woken for each job. */
static yoke_status slots_wait_for_half_locked(yoke_pool *pool, yk_eventcount *middle,
                                               uint32_t ticket, uint64_t limit_ns,
                                               yk_error *error)
{
    const uint64_t collected = pool->jobs.collected;
    const uint64_t begun = yk_clock_ns();

    yk_pool_unlock(pool);
    yk_eventcount_wait(middle, ticket, limit_ns);
    (void)yk_pool_is_alive(pool);
    yk_pool_lock(pool);
    (void)yk_collect_all_but_silent_locked(pool);
    pool->jobs.is_stalled |=
        pool->jobs.collected == collected && yk_clock_ns() - begun >= stall_ns;
    return yk_pool_check_locked(pool, error);
}

static yk_eventcount *slots_middle_end(const yoke_pool *pool)
{
    return &pool->control->jobs[pool->jobs.slots_by_age[pool->jobs.count / 2]].ended;
}

yoke_status yk_submit_wait_for_slot_locked(yoke_pool *pool, const yk_limit *limit,
                                           int *slot, yk_error *error)
{
    uint64_t limit_ns = stall_ns;

    for (;; limit_ns = yk_min(2 * limit_ns, 20 * (uint64_t)YK_NS_PER_MS)) {
        yk_eventcount *middle = slots_middle_end(pool);
        const uint32_t ticket = yk_eventcount_ticket(middle);
        yoke_status status;

        if (slots_take_locked(pool, limit->deadline_ns == 0, slot)) {
            return YOKE_OK;
        }
        if (yk_collect_landed_locked(pool) > 0) {
            continue;
        }
        status = yk_limit_check(limit, "too many jobs are in flight", error);
        if (status == YOKE_OK) {
            status = slots_wait_for_half_locked(
                pool, middle, ticket, yk_min(limit_ns, yk_limit_left(limit)), error);
        }
        if (status != YOKE_OK) {
            return status;
        }
    }
}
