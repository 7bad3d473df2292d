/* SPDX-License-Identifier: MIT */
/*
 * What the supervisor does to jobs: it repairs them after a worker's death, ends those that no
 * worker can run, and stops those that are past their deadline. It is one process with one
 * thread, and each step can be repeated.
 */
#ifndef YK_SUPERVISOR_REPAIR_H
#define YK_SUPERVISOR_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/control.h"
#include "protocol/job.h"

/* Repairs what a worker left behind that has died and been reaped. `undo_files` are its undo
 * logs, one per lane; `how` says how it died. Returns whether the death is blamed on the
 * kernel, so that its tiles were given up. */
bool yk_repair_worker(yk_control *control, uint32_t slot,
                      const int undo_files[YK_MAX_LANES], const char *how);

/* Deals out the open tiles of a damaged job that is dry. If they count as done, and are changed
 * in place, they are given up: they would be changed twice. Whether there is something to do for
 * workers. */
bool yk_repair_lost(yk_control *control, yk_job_ref ref);

/* Checks all jobs for being ready and wakes all that sleep: a wake-up may have been lost. */
void yk_repair_wakes(yk_control *control);

/* Checks every open job: deals out lost tiles, stops jobs that no worker can run or that are
 * past their deadline, ends jobs that are over. Returns the clock time of the next check,
 * UINT64_MAX if there is none. Calls overdue(slot, context) for each worker that still works on
 * a job well past its deadline. */
uint64_t yk_repair_jobs(yk_control *control, void (*overdue)(uint32_t slot, void *context),
                        void *context);

#endif
