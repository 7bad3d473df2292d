/* SPDX-License-Identifier: MIT */
/*
 * A thread of the application that computes as a worker does, in one job of its own. It has a
 * slot of its own behind the workers' (YK_CALLER). There is no process that could be lost: if it
 * dies, so does the application, and the pool with it. All that the application knows of the
 * worker's side.
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

/* Whether it can run a kernel. Then it counts as a worker until yk_helper_end(). */
bool yk_helper_begin(yk_worker_self *helper, uint32_t kernel_slot);

/* Works on the job as long as there is something to take. */
void yk_helper_work(yk_worker_self *helper, yk_job_ref ref);

void yk_helper_end(yk_worker_self *helper);

#endif
