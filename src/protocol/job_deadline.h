/* SPDX-License-Identifier: MIT */
/*
 * A job's time limit. The supervisor enforces it; the application does so in its place while the
 * supervisor is stopped. Both perform the same steps, in any order and any number of times:
 *
 *     step                                    | process     | if it dies here
 *     text, then stop = YOKE_EDEADLINE,       |             |
 *       each once; workers are woken          | either      | the other does it, or the pool ends
 *     grace_ns later: kills workers that are  |             |
 *       still in the job                      | either      | the same
 *     reaps them, repairs, ends the job       | supervisor  | the pool is broken
 */
#ifndef YK_PROTOCOL_JOB_DEADLINE_H
#define YK_PROTOCOL_JOB_DEADLINE_H

#include <stdint.h>

#include "protocol/control.h"
#include "protocol/job.h"

/* Stops the job if its time is over, and calls `overdue` with each worker that does not leave it.
 * Returns the clock time of the next check; UINT64_MAX: it has no limit. */
uint64_t yk_job_keep_deadline(yk_control *control, yk_job_ref ref,
                              void (*overdue)(uint32_t slot, void *context),
                              void *context);

#endif
