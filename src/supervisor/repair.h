/* SPDX-License-Identifier: MIT */
/*
 * What the supervisor does to jobs: mends them after a worker's death, ends those that
 * nobody can run, and those whose time is up. One process, one thread, and each step can
 * be repeated.
 */
#ifndef YK_SUPERVISOR_REPAIR_H
#define YK_SUPERVISOR_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/control.h"
#include "protocol/job.h"

/* Mends what a worker left behind that has died and been reaped. `undo_files` are its undo
 * logs, one per lane; `how` says how it died.
 * Returns whether the death is blamed on the kernel: its tiles were given up. */
bool yk_repair_worker(yk_control *control, uint32_t slot,
                      const int undo_files[YK_MAX_LANES], const char *how);

/* Looks at every open job: deals out lost tiles, stops what nobody can run, stops what is
 * past its deadline, ends what is over. Returns the clock time by which to look again,
 * UINT64_MAX if there is none. `overdue(slot, context)` is called for each worker that
 * still works on a job well past its deadline. */
uint64_t yk_repair_jobs(yk_control *control, void (*overdue)(uint32_t slot, void *context),
                        void *context);

#endif
