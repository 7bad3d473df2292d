/* SPDX-License-Identifier: MIT */
/*
 * Jobs that do not go on although no process died: a word of the control block is wrong, or a
 * wake-up was lost. While jobs are open the supervisor looks at them once a second, and does what
 * it does after a death. An idle pool sleeps:
 *
 *     step                                          | process     | if it dies here
 *     opens a job; reads `watching`; if it was 0:   |             |
 *       sets it to 1 and rings the bell             | application | all processes end with it
 *     looks once a second                           | supervisor  | the pool is broken
 *     no job is open: sets it to 0; looks again     | supervisor  | the pool is broken
 *
 * All of these are sequentially consistent: either the application sees 0, or the supervisor
 * sees the job.
 */
#ifndef YK_SUPERVISOR_WATCH_H
#define YK_SUPERVISOR_WATCH_H

#include <stdint.h>

#include "protocol/control.h"

/* What the supervisor saw at its last look. */
typedef struct yk_watch {
    uint64_t next_ns;             /* clock, of the next look; 0: it does not watch */
    uint64_t states[YK_MAX_JOBS]; /* of the jobs */
    uint32_t done[YK_MAX_JOBS];   /* ... numbers of tiles */
} yk_watch;

/* Supervisor: looks at all jobs if it is time to. Returns the clock time of the next look,
 * UINT64_MAX if no job is open. */
uint64_t yk_watch_jobs(yk_watch *watch, yk_control *control);

#endif
