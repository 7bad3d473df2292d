/* SPDX-License-Identifier: MIT */
/*
 * The life of a job in the control block, as seen by a worker: enter, claim, run, commit,
 * leave; and its end, which any process may bring about.
 *
 * A worker (changes of active and work ranges are sequentially consistent, the others are stores
 * that need only come in this order, since claims are read after their writer's death):
 *
 *     active = job, generation      enter; the state is read again, and stop
 *     work range: take tiles              compare-and-swap
 *     claim = tiles, TAKEN          from here on a death gives the tiles back at once
 *     (undo log)
 *     claim = tiles, RUNNING        from here on the tiles' content is in doubt
 *     kernel
 *     claim = tiles, COMMITTED      from here on the tiles are done
 *     map[tiles] = worker, done +=
 *     claim = none
 *     ... more claims ...
 *     active = none                 leave; then see whether the job has ended
 *
 * What a death costs: before TAKEN the tiles are in no work range and no claim; they are found
 * when the job is dry. TAKEN: they are dealt out again. RUNNING: their in-place arguments
 * are restored, then they are dealt out again. COMMITTED: the supervisor sets the marks.
 *
 * A job ends, by compare-and-swap of its state, when its map is full or it was stopped, and
 * no worker is active in it, looked at in this order; whoever enters looks in the other. Its slot is reused when, on top of that, the
 * application has collected it.
 */
#ifndef YK_PROTOCOL_JOB_H
#define YK_PROTOCOL_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/control.h"

/* A job and the generation that is meant; a stale one does no harm. */
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

/* Application: makes a free slot ready for its next job, with no tiles yet. */
void yk_job_reset(yk_job *job, uint32_t generation);

/* Application: opens a job that is filled in, and has it worked on as soon as it is ready. */
void yk_job_publish(yk_control *control, yk_job_ref ref);

/* Whether all jobs it waits for have ended. */
bool yk_job_is_ready(yk_control *control, const yk_job *job);

/* If the job is open and ready, and nobody has said so yet: says so, and rings those who
 * have tiles of it. Anybody, any time. */
void yk_job_check_ready(yk_control *control, yk_job_ref ref);

/* Rings all workers, once, if there are tiles left to take: the job takes longer than it
 * looked when it was given to few. */
void yk_job_wake_all(yk_control *control, yk_job_ref ref);

/* Rings those who have tiles of it; everybody, if somebody has who may not come. */
void yk_job_wake_participants(yk_control *control, yk_job_ref ref);

/* The first open job from a slot on that is known to be ready; false if there is none. */
bool yk_job_next_ready(const yk_control *control, uint32_t slot, yk_job_ref *ref);

/* The slot of a job that it needs and that has ended badly; YK_MAX_JOBS: there is none. */
uint32_t yk_job_failed_need(yk_control *control, const yk_job *job);

/* Says that a job fails since another one did, and why that. */
void yk_job_explain_failure(yk_job *job, uint32_t generation, const char *why);

/* Explains that a job it needs has failed, and why that was. */
void yk_job_explain_need(yk_control *control, yk_job_ref ref, uint32_t failed_slot);

/* Stops an open job early with a status; the first one counts. */
void yk_job_stop(yk_control *control, yk_job_ref ref, yoke_status status);

/* Why it was stopped; YOKE_OK if it was not. */
yoke_status yk_job_stop_status(const yk_job *job, uint32_t generation);

/* The text that goes with its failure; the first one counts. */
void yk_job_explain(yk_job *job, uint32_t generation, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Why a worker stands aside from it; the first one counts. */
void yk_job_remark(yk_job *job, uint32_t generation, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* That remark, or "". */
const char *yk_job_remarked(const yk_job *job, uint32_t generation);

/* What it ended with. */
yoke_status yk_job_status(const yk_job *job, uint32_t generation);

/* Worker: becomes active in the job. False if it is over. */
bool yk_job_enter(yk_control *control, yk_worker *worker, yk_job_ref ref);

/* Worker: inactive again. Ends the job if that was all; tells the supervisor if the job
 * was damaged, since tiles may have been lost. */
void yk_job_leave(yk_control *control, yk_worker *worker, yk_job_ref ref);

/* Worker, active: publishes the stage of the claim in a lane. */
void yk_claim_publish(yk_worker *worker, unsigned lane, yk_claim claim);

/* Worker, active: marks the tiles of a committed claim and clears it. */
void yk_claim_finish(yk_control *control, uint32_t slot, unsigned lane, yk_job_ref ref,
                     yk_claim claim);

/* Takes one tile that is to be run alone. False if there is none. */
bool yk_job_take_redo(yk_job *job, uint32_t generation, yk_tiles *taken);

/* Whether any work range or redo list has tiles left: a look, without being active. */
bool yk_job_has_tiles(yk_control *control, const yk_job *job, uint32_t generation);

/* Whether there are tiles to be run alone. */
bool yk_job_has_redo(const yk_job *job, uint32_t generation);

/* Whether a live worker is active in it. */
bool yk_job_is_active(yk_control *control, yk_job_ref ref);

/* Ends the job if it is complete or stopped and nobody is active in it. Anybody, any
 * time. True if this call ended it. */
bool yk_job_try_end(yk_control *control, yk_job_ref ref);

/* How long a worker will still be busy with what it has in flight, of whatever job, in
 * nanoseconds: an estimate. */
double yk_busy_time(const yk_control *control, const yk_worker *worker);

/* Tiles done, from the hints. */
uint32_t yk_job_done(yk_control *control, const yk_job *job);

/* ... as a part of all, 0 to 1. */
double yk_job_progress(yk_control *control, const yk_job *job);

/* Deals out again what was lost: if work ranges and redo lists are empty and nobody is active,
 * in this order, open tiles go to the redo lists. Supervisor only. True if any did. */
bool yk_job_deal_lost(yk_control *control, yk_job_ref ref);

/* Puts tiles on the redo lists; false if those are full (the tiles are found later, when
 * the job is dry). Supervisor only. */
bool yk_job_deal(yk_job *job, uint32_t generation, yk_tiles tiles);

#endif
