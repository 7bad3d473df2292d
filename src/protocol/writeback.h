/* SPDX-License-Identifier: MIT */
/*
 * Write-back: before a job uses lent arrays, devices copy what they alone hold of these arrays
 * back to the arena. A worker whose device holds something is a holder. The word `writeback` of
 * the job goes from one state to the next:
 *
 *     SHARES  holders write back what other workers' work ranges need; no tiles are taken
 *     BOUND   that is done: owners take tiles; thieves steal only from workers that hold nothing
 *     ALL     holders write back all that they have of the job's arrays; no tiles are taken
 *     FREE    that is done, or no worker held anything
 *
 * A holder that has done its part writes the state into its word writeback_done[job]. When all
 * holders have, any process that notices makes the step to the next state.
 */
#ifndef YK_PROTOCOL_WRITEBACK_H
#define YK_PROTOCOL_WRITEBACK_H

#include "protocol/job.h"

/* Application: before the job is opened. */
void yk_writeback_begin(yk_job *job, uint32_t generation, uint32_t state);

/* YK_WRITEBACK_... of an open job. */
uint32_t yk_writeback_of(const yk_job *job, uint32_t generation);

/* Whether tiles of the job may not be taken yet. */
bool yk_writeback_is_pending(const yk_job *job, uint32_t generation);

/* Whether a worker has a part in the write-back that it has not done yet. */
bool yk_writeback_needs(const yk_worker *worker, const yk_job *job, yk_job_ref ref);

/* If all holders have done their parts: goes to the next state and wakes the participants. Any
 * process, at any time. */
void yk_writeback_advance(yk_control *control, yk_job_ref ref);

/* A worker does not come for tiles whose input its device holds: all of it is to be written
 * back. */
void yk_writeback_request_all(yk_control *control, yk_job_ref ref);

/* Makes holders check what they are to write back, also between two chunks. */
void yk_writeback_wake_holders(yk_control *control);

#endif
