/* SPDX-License-Identifier: MIT */
/*
 * The life of a job in the control block: a worker enters it, claims tiles, runs them, commits
 * them and leaves. Any process may end the job.
 *
 * The steps of a worker. Changes of `active` and of work ranges are sequentially consistent. The
 * others are plain stores that need only happen in this order, since claims are read after the
 * death of their writer.
 *
 *     active = job, generation      enter; then read state and stop again
 *     work range: take tiles        compare-and-swap
 *     claim = tiles, TAKEN          from here on a death gives the tiles back at once
 *     (undo log)
 *     claim = tiles, RUNNING        from here on the tiles' content is in doubt
 *     kernel
 *     claim = tiles, COMMITTED      from here on the tiles are done
 *     map[tiles] = worker, done +=
 *     claim = none
 *     ... more claims ...
 *     active = none                 leave; then check whether the job has ended
 *
 * What a death costs:
 *
 *     before TAKEN    the tiles are in no work range and no claim; they are found when the job
 *                     has no other tiles left
 *     TAKEN           the tiles are dealt out again
 *     RUNNING         in-place arguments of the tiles are restored; then as TAKEN
 *     COMMITTED       the supervisor sets the marks
 *
 * A job ends, by compare-and-swap of its state, when its tile map is full or it was stopped, and
 * no worker is active in it. The process that ends it checks in this order. A worker that enters
 * checks in the opposite order, so one of the two always sees the other. The job's slot is
 * reused when the application has also collected the job.
 */
#ifndef YK_PROTOCOL_JOB_H
#define YK_PROTOCOL_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/control.h"

/* A slot and the generation of the job that is meant. A stale reference does no harm. */
typedef struct yk_job_ref {
    uint32_t slot;
    uint32_t generation;
} yk_job_ref;

static inline yk_job *yk_job_at(yk_control *control, yk_job_ref ref)
{
    return &control->jobs[ref.slot];
}

/* Whether the job is open and has not been stopped. */
bool yk_job_is_running(yk_control *control, yk_job_ref ref);

/* Whether it is not open any more. */
bool yk_job_has_ended(yk_control *control, yk_job_ref ref);

/* Whether it is open, and workers compute it or have. */
bool yk_job_has_begun(yk_control *control, yk_job_ref ref);

/* Application: makes a free slot ready for its next job, with no tiles yet. */
void yk_job_reset(yk_job *job, uint32_t generation);

/* Application: opens a job that is filled in. Workers run it as soon as it is ready. */
void yk_job_publish(yk_control *control, yk_job_ref ref);

/* Whether all jobs that it waits for have ended. */
bool yk_job_is_ready(yk_control *control, const yk_job *job);

/* If the job is open and ready and not yet marked as ready: marks it, and wakes the workers
 * that have tiles of it. Any process, at any time. */
void yk_job_check_ready(yk_control *control, yk_job_ref ref);

/* Wakes all workers, once per job, if there are tiles left to take: the job takes longer than
 * it seemed when tiles were given to a few workers only. */
void yk_job_wake_all(yk_control *control, yk_job_ref ref);

/* Wakes the workers that have tiles of it; all workers, if one that has tiles may not come. */
void yk_job_wake_participants(yk_control *control, yk_job_ref ref);

/* The first open job, from a slot on, that is known to be ready. False if there is none. */
bool yk_job_next_ready(const yk_control *control, uint32_t slot, yk_job_ref *ref);

/* The slot of a job that it needs and that has failed; YK_MAX_JOBS if there is none. */
uint32_t yk_job_failed_need(yk_control *control, const yk_job *job);

/* Sets the job's text: it fails because another job did, and why that one failed. */
void yk_job_explain_failure(yk_job *job, uint32_t generation, const char *why);

/* Sets the job's text: a job that it needs, in failed_slot, has failed, and why. */
void yk_job_explain_need(yk_control *control, yk_job_ref ref, uint32_t failed_slot);

/* Stops an open job early with a status. The first status counts. */
void yk_job_stop(yk_control *control, yk_job_ref ref, yoke_status status);

/* The status with which it was stopped; YOKE_OK if it was not stopped. */
yoke_status yk_job_stop_status(const yk_job *job, uint32_t generation);

/* Sets the text that goes with its failure. The first text counts. */
void yk_job_explain(yk_job *job, uint32_t generation, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets the reason why a worker declines the job. The first reason counts. */
void yk_job_remark(yk_job *job, uint32_t generation, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* That reason, or "". */
const char *yk_job_remarked(const yk_job *job, uint32_t generation);

/* The status with which the job ended. */
yoke_status yk_job_status(const yk_job *job, uint32_t generation);

/* Worker: becomes active in the job. False if the job is over. */
bool yk_job_enter(yk_control *control, yk_worker *worker, yk_job_ref ref);

/* Worker: becomes inactive again. Ends the job if it is complete. Wakes the supervisor if the
 * job was damaged, since tiles may have been lost. */
void yk_job_leave(yk_control *control, yk_worker *worker, yk_job_ref ref);

/* Active worker: publishes the stage of the claim in a lane. */
void yk_claim_publish(yk_worker *worker, unsigned lane, yk_claim claim);

/* Active worker: marks the tiles of a committed claim and clears the claim. */
void yk_claim_finish(yk_control *control, uint32_t slot, unsigned lane, yk_job_ref ref,
                     yk_claim claim);

/* Takes one of the tiles that are to be run alone. False if there is none. */
bool yk_job_take_redo(yk_job *job, uint32_t generation, yk_tiles *taken);

/* Whether any work range or redo list has tiles left, as seen without being active. */
bool yk_job_has_tiles(yk_control *control, const yk_job *job, uint32_t generation);

/* Whether there are tiles to be run alone. */
bool yk_job_has_redo(const yk_job *job, uint32_t generation);

/* Whether a live worker is active in it. */
bool yk_job_is_active(yk_control *control, yk_job_ref ref);

/* Ends the job if it is complete or stopped and no worker is active in it. Any process, at any
 * time. True if this call ended it. */
bool yk_job_try_end(yk_control *control, yk_job_ref ref);

/* An estimate of how long a worker will still be busy with the chunks that it has in flight, of
 * any job, in nanoseconds. */
double yk_busy_time(const yk_control *control, const yk_worker *worker);

/* The number of tiles done, from the hints. */
uint32_t yk_job_done(yk_control *control, const yk_job *job);

/* ... as a fraction of all tiles, 0 to 1. */
double yk_job_progress(yk_control *control, const yk_job *job);

/* Supervisor only: deals out lost tiles again. If work ranges and redo lists are empty and no
 * worker is active, checked in this order, open tiles go to the redo lists. True if there were
 * any. */
bool yk_job_deal_lost(yk_control *control, yk_job_ref ref);

/* Supervisor only: puts tiles on the redo lists. False if these are full; the tiles are found
 * later, when the job has no others left. */
bool yk_job_deal(yk_job *job, uint32_t generation, yk_tiles tiles);

#endif
