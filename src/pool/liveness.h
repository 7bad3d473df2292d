/* SPDX-License-Identifier: MIT */
/*
 * Whether a pool's processes live, and which threads are inside of the pool. Below everything
 * that waits: a wait checks now and then whether the supervisor still lives, and goes on.
 *
 * A supervisor may be stopped (SIGSTOP, a debugger), or hang inside the system. Workers go on, but
 * nothing is repaired. The system is asked for its state, by threads that wait, and no more than a
 * few times a second. If it is halted for long, waits return YOKE_ESTOPPED, and their jobs go on:
 *
 *     step                                        | process     | if it dies here
 *     looks at the supervisor's state             | application | all processes end with it
 *     ... it is halted: keeps jobs' time limits   | application | the same
 *     ... stopped for still_ns without progress,  |             |
 *       or halted for halted_ns: waits end        | application | the same
 *     is continued, and does what has been left   | supervisor  | the pool is broken
 *
 * A program that stops itself (Ctrl-Z) stops its supervisor, too. It does not look meanwhile, and a
 * look after a pause counts for at most half a second.
 */
#ifndef YK_POOL_LIVENESS_H
#define YK_POOL_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "sys/process/process_state.h"
#include "yoke/pool.h"

typedef struct yk_liveness {
    /* Written before other threads have the pool, and at its end. */
    pid_t supervisor;  /* 0: there is none */
    int supervisor_fd; /* pidfd; -1: the system has none */
    int all_gone_fd;   /* reads: end of file when every process of the pool is gone */
    int liveness_fd;   /* writes: its end shows the supervisor that we are gone */

    /* Under the pool's lock. */
    int poll_fd;     /* for the application's event loop; -1: it has not asked */
    bool broken;     /* the supervisor died */
    bool ending;     /* the pool is being closed or terminated: the supervisor may end */
    bool was_broken; /* when the pool's processes were ended */
    bool was_stopped; /* the supervisor was stopped then, and could not end them */
    bool is_stopped; /* for so long that waits end */
    yk_process_state state; /* the supervisor's, when it was looked at */
    uint64_t looked_ns;     /* clock */
    bool is_halted;         /* it has used no processor time from one look to the next */
    uint64_t processor_ns;  /* what it has used, at the last look */
    uint64_t halted_ns;     /* how long it has not gone on, as far as waits have looked */
    uint64_t still_ns;      /* ... and no worker has finished anything */
    uint64_t chunks;        /* that workers had finished then */

    /* Written before other threads have the pool: ends the jobs of a pool that broke. Locked. */
    void (*end_jobs)(yoke_pool *pool);

    /* Without a lock: how many threads are inside of calls that the end of the pool has to let
     * out. The highest bit: the end has come. */
    _Atomic uint32_t inside;
} yk_liveness;

/* No process, no descriptor. */
void yk_liveness_init(yk_liveness *liveness, void (*end_jobs)(yoke_pool *pool));

/* Closes the descriptors. */
void yk_liveness_fini(yk_liveness *liveness);

/* Whether the supervisor lives; when it does not, every job ends with YOKE_EBROKEN. Takes
 * the lock. */
bool yk_pool_is_alive(yoke_pool *pool);

/* Whether the supervisor process has ended. Needs no lock. */
bool yk_pool_supervisor_ended(const yoke_pool *pool);

/* Never hits another process that has got the supervisor's pid. */
void yk_pool_kill_supervisor(yoke_pool *pool);

/* YOKE_OK, or why waits do not go on: YOKE_EBROKEN, YOKE_ESTOPPED. */
yoke_status yk_pool_check_locked(const yoke_pool *pool, yk_error *error);
yoke_status yk_pool_check(yoke_pool *pool, yk_error *error); /* takes the lock */

/* Whether the supervisor is halted now. Needs no lock; nothing else follows from it. */
bool yk_pool_look(const yoke_pool *pool);

/* Whether the supervisor was halted when a wait last looked at it. */
bool yk_pool_is_halted_locked(const yoke_pool *pool);

/* Sleeps until something in the pool changes after `ticket` of control->changed, or for a
 * while. False if yk_pool_check() fails then. Without the lock. */
bool yk_pool_wait_change(yoke_pool *pool, uint32_t ticket);

/* The same, for at most `limit_ns`. */
bool yk_pool_wait_change_until(yoke_pool *pool, uint32_t ticket, uint64_t limit_ns);

/* YOKE_EBROKEN. */
yoke_status yk_pool_fail_broken(yk_error *error);

/* Around a wait: the pool's memory stays until the second call, also if another thread
 * terminates the pool meanwhile. */
void yk_pool_enter(yoke_pool *pool);
void yk_pool_leave(yoke_pool *pool);

/* Of a call that was left (sys/call_guard.h): yk_pool_leave(). */
void yk_undo_pool_enter(void *pool, uint64_t unused);

/* The pool ends, and no thread is inside. */
bool yk_pool_is_left(yoke_pool *pool);

/* The pool ends and all jobs have ended: wakes the threads that are inside, and waits until they
 * have left. */
void yk_pool_let_all_out(yoke_pool *pool);

#endif
