/* SPDX-License-Identifier: MIT */
#include "pool/liveness.h"

#include "base/bits.h"
#include "base/clock.h"
#include "pool/pool.h"
#include "protocol/bells.h"
#include "sys/futex.h"
#include "sys/process.h"
#include "sys/wakeup.h"

/* How often a wait checks whether the supervisor still lives. */
static const uint64_t poll_ns = 100 * (uint64_t)YK_NS_PER_MS;

/* How long processes may take to go after the supervisor. */
static const uint64_t end_ns = 5 * YK_NS_PER_S;

void yk_liveness_init(yk_liveness *liveness, void (*end_jobs)(yoke_pool *pool))
{
    liveness->end_jobs = end_jobs;
    liveness->supervisor_fd = -1;
    liveness->all_gone_fd = -1;
    liveness->liveness_fd = -1;
    liveness->poll_fd = -1;
}

void yk_liveness_fini(yk_liveness *liveness)
{
    yk_fd_close(&liveness->poll_fd);
    yk_fd_close(&liveness->all_gone_fd);
    yk_fd_close(&liveness->liveness_fd);
    yk_fd_close(&liveness->supervisor_fd);
}

yoke_status yk_pool_fail_broken(yk_error *error)
{
    return yk_fail(error, YOKE_EBROKEN, "the pool's supervisor process has died");
}

bool yk_pool_supervisor_ended(const yoke_pool *pool)
{
    int status;

    return pool->liveness.supervisor_fd >= 0 ? yk_fd_wait_one(pool->liveness.supervisor_fd, 0)
                                    : yk_process_reap(pool->liveness.supervisor, false, &status);
}

void yk_pool_kill_supervisor(yoke_pool *pool)
{
    if (pool->liveness.supervisor_fd >= 0) {
        yk_process_kill_open(pool->liveness.supervisor_fd);
    } else if (!pool->liveness.broken) { /* then it was reaped, and its pid may be another's */
        yk_process_kill(pool->liveness.supervisor);
    }
}

bool yk_pool_is_alive(yoke_pool *pool)
{
    bool broken;

    yk_pool_lock(pool);
    /* The thread that ends the pool says what becomes of its jobs. */
    if (!pool->liveness.broken && !pool->liveness.ending && yk_pool_supervisor_ended(pool)) {
        pool->liveness.broken = true;
        /* Its children die with it; wait until no process writes to the memory any more. */
        (void)yk_fd_wait_one(pool->liveness.all_gone_fd, end_ns);
        pool->liveness.end_jobs(pool);
    }
    broken = pool->liveness.broken;
    yk_pool_unlock(pool);
    return !broken;
}

bool yk_pool_wait_change_until(yoke_pool *pool, uint32_t ticket, uint64_t limit_ns)
{
    yk_eventcount_wait(&pool->control->changed, ticket, yk_min(limit_ns, poll_ns));
    return yk_pool_is_alive(pool);
}

bool yk_pool_wait_change(yoke_pool *pool, uint32_t ticket)
{
    return yk_pool_wait_change_until(pool, ticket, poll_ns);
}

/* ---- threads inside of waits ---- */

static const uint32_t end_has_come = UINT32_C(1) << 31;

void yk_pool_enter(yoke_pool *pool)
{
    atomic_fetch_add(&pool->liveness.inside, 1);
}

void yk_pool_leave(yoke_pool *pool)
{
    _Atomic uint32_t *inside = &pool->liveness.inside;

    /* The pool may be gone right after this: its address alone is used. */
    if (atomic_fetch_sub(inside, 1) == (end_has_come | 1)) {
        yk_futex_wake(inside, YK_WAKE_ALL);
    }
}

void yk_undo_pool_enter(void *pool, uint64_t unused)
{
    (void)unused;
    yk_pool_leave(pool);
}

bool yk_pool_is_left(yoke_pool *pool)
{
    return atomic_load(&pool->liveness.inside) == end_has_come;
}

void yk_pool_let_all_out(yoke_pool *pool)
{
    uint32_t left = atomic_fetch_or(&pool->liveness.inside, end_has_come) | end_has_come;

    for (uint32_t slot = 0; left != end_has_come && slot < yk_job_slot_count(pool->control);
         slot++) {
        yk_control_signal(pool->control, &pool->control->jobs[slot].ended);
    }
    yk_eventcount_signal(&pool->control->changed);
    while (left != end_has_come) {
        yk_futex_wait(&pool->liveness.inside, left, UINT64_MAX);
        left = atomic_load(&pool->liveness.inside);
    }
}
