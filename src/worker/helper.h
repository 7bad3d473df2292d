/* SPDX-License-Identifier: MIT */
/*
 * A thread of the application that computes as a worker does, in one job of its own. It has a
 * slot of its own after the workers' (YK_CALLER). It has no process that could be lost: if it
 * dies, so does the application, and with it the pool. This header is all that the application
 * includes of the worker's side.
 */
#ifndef YK_WORKER_HELPER_H
#define YK_WORKER_HELPER_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/control.h"
#include "protocol/job.h"

typedef struct yk_worker_self yk_worker_self;

/* On the heap; NULL: no memory, or no native device. */
yk_worker_self *yk_helper_create(yk_control *control);
void yk_helper_destroy(yk_worker_self *helper); /* NULL is allowed */

/* Whether it can run the kernel. If so, it counts as a worker until yk_helper_end(). */
bool yk_helper_begin(yk_worker_self *helper, uint32_t kernel_slot);

/* Works on the job until there are no tiles left to take. */
void yk_helper_work(yk_worker_self *helper, yk_job_ref ref);

void yk_helper_end(yk_worker_self *helper);

#endif
