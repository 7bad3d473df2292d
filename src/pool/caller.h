/* SPDX-License-Identifier: MIT */
/* The thread that called yoke_map() computes too (.caller_helps). */
#ifndef YK_POOL_CALLER_H
#define YK_POOL_CALLER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "protocol/job.h"
#include "yoke/kernel.h"
#include "yoke/pool.h"

typedef struct yk_caller {
    pthread_mutex_t lock; /* held by the thread that helps; taken before the pool's */
    struct yk_worker_self *helper; /* what it works with; NULL: no thread has helped yet */
} yk_caller;

/* The calling thread is to help with its next job: false if it cannot, or another thread
 * does. Until yk_caller_end(). */
bool yk_caller_begin(yoke_pool *pool, const yoke_kernel *kernel);

/* Works on the job as long as there is something to take. */
void yk_caller_work(yoke_pool *pool, yk_job_ref ref);

void yk_caller_end(yoke_pool *pool);

/* Of a call that was left (sys/call_guard.h): yk_caller_end(). */
void yk_undo_caller(void *pool, uint64_t unused);

void yk_caller_destroy(yoke_pool *pool);

#endif
