/* SPDX-License-Identifier: MIT */
#include "pool/liveness.h"

#include <time.h>

#include "base/bits.h"
#include "base/clock.h"
#include "pool/pool.h"
#include "protocol/bells.h"
#include "protocol/job_deadline.h"
#include "sys/futex.h"
#include "sys/process.h"
#include "sys/process/process_state.h"
#include "sys/wakeup.h"

/* How often a wait checks whether the supervisor still lives. */
static const uint64_t poll_ns = 100 * (uint64_t)YK_NS_PER_MS;

/* How long processes may take to go after the supervisor. */
static const uint64_t end_ns = 5 * YK_NS_PER_S;

void yk_liveness_init(yk_liveness *liveness, void (*end_jobs)(yoke_pool *pool))
{
    liveness->end_jobs = end_jobs;
    liveness->state = YK_LOOK_GOES;
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

/* ---- a supervisor that is stopped ---- */

/* How often waits look at it. */
static const uint64_t look_ns = 250 * (uint64_t)YK_NS_PER_MS;
/* After a longer pause than this no wait has looked at it, or the application was stopped, too:
 * what was seen before does not count. */
static const uint64_t pause_ns = 10 * YK_NS_PER_S;
/* So long it may be halted while nothing goes on, and at all. The system ends by itself what a
 * process waits for inside of it, be it after seconds: only the second limit holds for that. */
static const uint64_t still_ns = 2 * YK_NS_PER_S;
static const uint64_t halted_ns = 30 * YK_NS_PER_S;

static bool liveness_is_halt(yk_process_state state)
{
    return state == YK_LOOK_STOPPED || state == YK_LOOK_TRACED || state == YK_LOOK_STUCK;
}

/* A number that rises whenever a worker finishes something. */
static uint64_t liveness_count_chunks(const yk_control *control)
{
    const uint32_t count = yk_worker_count(control);
    uint64_t chunks = 0;

    for (uint32_t i = 0; i < count; i++) {
        chunks += atomic_load(&control->workers[i].tally.chunks);
    }
    return chunks;
}

/* Kills a worker that the supervisor would kill. Its pid is not another's: the supervisor reaps it,
 * and does not run; and the process that the descriptor stands for is its child. */
static void liveness_kill_late(uint32_t slot, void *context)
{
    const yoke_pool *pool = context;
    const pid_t supervisor = pool->liveness.supervisor;
    const pid_t pid = (pid_t)atomic_load(&pool->control->workers[slot].pid);
    int fd = pid > 0 ? yk_process_open(pid) : -1;
    pid_t parent = 0;

    if (fd >= 0 && yk_process_look(pid, &parent) != YK_LOOK_DEAD &&
        parent == supervisor && liveness_is_halt(yk_process_look(supervisor, NULL))) {
        yk_process_kill_open(fd);
    }
    yk_fd_close(&fd);
}

/* In the supervisor's place. */
static void liveness_keep_deadlines_locked(yoke_pool *pool)
{
    for (uint32_t i = 0; i < pool->jobs.count; i++) {
        const uint32_t slot = pool->jobs.slots_by_age[i];
        const uint64_t state = atomic_load(&pool->control->jobs[slot].state);
        const yk_job_ref ref = {slot, yk_state_generation(state)};

        if (yk_state_of(state) == YK_JOB_OPEN) {
            (void)yk_job_keep_deadline(pool->control, ref, liveness_kill_late, pool);
            (void)yk_job_try_end(pool->control, ref);
        }
    }
}

/* Adds up for how long it was halted. */
static void liveness_count_halt(yk_liveness *self, uint64_t gap, uint64_t chunks)
{
    const uint64_t step = yk_min(gap, 2 * look_ns);

    self->halted_ns += step;
    self->still_ns = chunks == self->chunks && self->state != YK_LOOK_STUCK
                         ? self->still_ns + step
                         : 0;
    self->chunks = chunks;
}

/* The processor time that a process has used; 0: not known. One that seems to hang inside the
 * system may only have been there at each look: a fork takes long on a busy machine. */
static uint64_t liveness_processor_ns(pid_t pid)
{
    struct timespec used;
    clockid_t clock;

    return clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &used) == 0
               ? (uint64_t)used.tv_sec * YK_NS_PER_S + (uint64_t)used.tv_nsec
               : 0;
}

static void liveness_look_locked(yoke_pool *pool)
{
    yk_liveness *self = &pool->liveness;
    const uint64_t now = yk_clock_ns();
    const uint64_t gap = now - self->looked_ns;
    uint64_t processor_ns;

    if (gap < look_ns && !liveness_is_halt(self->state)) {
        return;
    }
    self->looked_ns = now;
    self->state = yk_process_look(self->supervisor, NULL);
    processor_ns = liveness_processor_ns(self->supervisor);
    self->is_halted =
        liveness_is_halt(self->state) && processor_ns == self->processor_ns;
    self->processor_ns = processor_ns;
    if (!self->is_halted || gap > pause_ns) {
        self->halted_ns = self->still_ns = 0;
    } else {
        liveness_count_halt(self, gap, liveness_count_chunks(pool->control));
    }
    if (self->is_halted) {
        liveness_keep_deadlines_locked(pool);
    }
    self->is_stopped = self->still_ns >= still_ns || self->halted_ns >= halted_ns;
}

bool yk_pool_look(const yoke_pool *pool)
{
    return liveness_is_halt(yk_process_look(pool->liveness.supervisor, NULL));
}

bool yk_pool_is_halted_locked(const yoke_pool *pool)
{
    return pool->liveness.is_halted;
}

static yoke_status liveness_fail_stopped(const yk_liveness *self, yk_error *error)
{
    const int pid = (int)self->supervisor;

    return self->state == YK_LOOK_STUCK
               ? yk_fail(error, YOKE_ESTOPPED,
                         "the pool's supervisor (process %d) hangs inside the system; "
                         "nothing in the pool is repaired until it goes on",
                         pid)
           : self->state == YK_LOOK_TRACED
               ? yk_fail(error, YOKE_ESTOPPED,
                         "the pool's supervisor (process %d) is stopped by a debugger; let "
                         "it continue",
                         pid)
               : yk_fail(error, YOKE_ESTOPPED,
                         "the pool's supervisor (process %d) is stopped; send it SIGCONT",
                         pid);
}

yoke_status yk_pool_check_locked(const yoke_pool *pool, yk_error *error)
{
    return pool->liveness.broken       ? yk_pool_fail_broken(error)
           : pool->liveness.is_stopped ? liveness_fail_stopped(&pool->liveness, error)
                                       : YOKE_OK;
}

yoke_status yk_pool_check(yoke_pool *pool, yk_error *error)
{
    yoke_status status;

    yk_pool_lock(pool);
    status = yk_pool_check_locked(pool, error);
    yk_pool_unlock(pool);
    return status;
}

/* ---- whether it lives ---- */

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
    } else if (!pool->liveness.broken && !pool->liveness.ending) {
        liveness_look_locked(pool);
    }
    broken = pool->liveness.broken;
    yk_pool_unlock(pool);
    return !broken;
}

bool yk_pool_wait_change_until(yoke_pool *pool, uint32_t ticket, uint64_t limit_ns)
{
    yk_eventcount_wait(&pool->control->changed, ticket, yk_min(limit_ns, poll_ns));
    return yk_pool_is_alive(pool) && yk_pool_check(pool, NULL) == YOKE_OK;
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
