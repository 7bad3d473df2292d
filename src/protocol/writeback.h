/* SPDX-License-Identifier: MIT */
/*
 * Giving back what devices hold of lent arrays, before a job that uses these arrays
 * begins. The word `serving` of the job goes from one state to the next:
 *
 *     SHARES  holders give back what others' work ranges need; nobody takes tiles
 *     BOUND   that is done: owners take tiles, thieves only from those who hold nothing
 *     ALL     holders give back all they have of the job's arrays; nobody takes tiles
 *     FREE    that is done, or nobody held anything
 *
 * A holder that has done its part writes the state into its word served[job]. The state
 * goes on when all who hold anything have; whoever sees it makes the step.
 */
#ifndef YK_PROTOCOL_WRITEBACK_H
#define YK_PROTOCOL_WRITEBACK_H

#include "protocol/job.h"

/* Application: before the job is opened. */
void yk_writeback_begin(yk_job *job, uint32_t generation, uint32_t state);

/* YK_WRITEBACK_... of an open job. */
uint32_t yk_writeback_of(const yk_job *job, uint32_t generation);

/* Whether nobody may take tiles of it yet. */
bool yk_writeback_is_pending(const yk_job *job, uint32_t generation);

/* Whether a worker has a part in that it has not done. */
bool yk_writeback_needs(const yk_worker *worker, const yk_job *job, yk_job_ref ref);

/* If all have done their parts: the next state, and participants are rung. Anybody, any time. */
void yk_writeback_advance(yk_control *control, yk_job_ref ref);

/* Somebody does not come for tiles of which it holds the input: all is to be given back. */
void yk_writeback_request_all(yk_control *control, yk_job_ref ref);

/* Has holders look for what they are to give back, also between two chunks. */
void yk_writeback_wake_holders(yk_control *control);

/* Whether what a holder held is lost. */
bool yk_holder_is_dead(const yk_control *control, uint64_t holder);

#endif
