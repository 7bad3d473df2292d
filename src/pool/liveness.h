/* SPDX-License-Identifier: MIT */
/*
 * Whether a pool's processes live, and which threads are inside of the pool. Below everything
 * that waits: a wait checks now and then whether the supervisor still lives.
 */
#ifndef YK_POOL_LIVENESS_H
#define YK_POOL_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
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
    bool was_broken; /* when the pool's processes were stopped */

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

/* Sleeps until something in the pool changes after `ticket` of control->changed, or for a
 * while. False if the pool broke. Without the lock. */
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
