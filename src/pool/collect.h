/* SPDX-License-Identifier: MIT */
/* Collecting jobs that have ended, and waiting for them. */
#ifndef YK_POOL_COLLECT_H
#define YK_POOL_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "launch/request.h"
#include "yoke/future.h"
#include "yoke/pool.h"

/* Takes the results of a job that has ended out of its slot. */
void yk_collect_locked(yoke_pool *pool, uint32_t slot);

/*
 * Some completions have something to do before a job that has ended well is collected (`land`):
 * staged results are copied back. That is done without the lock, so jobs that have to land are not
 * collected by the functions below but by those two.
 *
 * Lands and collects all jobs that have to and that no other thread lands. How many. The lock is
 * given up meanwhile: all may be different then.
 */
size_t yk_collect_landed_locked(yoke_pool *pool);

/* The same, and waits for those that other threads land. */
void yk_collect_all_landed_locked(yoke_pool *pool);

/* False if no thread lands a job that uses this allocation. Else gives the lock up until something
 * changes, or for a while. */
bool yk_collect_wait_landing_locked(yoke_pool *pool, uint64_t block_id);

/* Collects every job that has ended. How many. */
size_t yk_collect_ended_locked(yoke_pool *pool);

/* The same, but failed jobs that nothing reports keep their slots, so that jobs submitted later
 * that need their results fail too. They count once. */
size_t yk_collect_all_but_silent_locked(yoke_pool *pool);

/*
 * Collects jobs to make room for others. A failed job that was not reported to the program yet
 * keeps its slot, so that jobs submitted later that need its results fail too rather than compute
 * with what is left of them. With `failed_too` all but the last of those: it is the one that a
 * chain of jobs hangs on.
 */
void yk_collect_for_room_locked(yoke_pool *pool, bool failed_too);

/* Ends all jobs that are not collected, with a status: after the pool's processes are gone. Jobs
 * that have to land stay. */
void yk_abandon_jobs_locked(yoke_pool *pool, yoke_status status, const char *text);

/* The future of a job with nothing to do: it has ended well. NULL: no memory. Takes the
 * lock, runs callbacks. */
yoke_future *yk_future_create_ended(yoke_pool *pool, const yk_request *request);

/* Waits until the job is collected: YOKE_OK, whatever its status; or until the time (negative: no
 * limit) is over: YOKE_ETIMEDOUT. Other statuses: the job goes on, but the supervisor is stopped.
 * YOKE_EDEADLINE: it would have ended the job by now; YOKE_ESTOPPED. */
yoke_status yk_future_wait(yoke_future *future, double seconds, yk_error *error);

/* Whether the job has ended; collects it. */
bool yk_future_is_done(yoke_future *future);

#endif
