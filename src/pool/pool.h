/* SPDX-License-Identifier: MIT */
/*
 * The application's side of a pool, in its private memory. It is made of parts: each has its
 * struct, and the rule for its lock, in the header of the file that owns it. One lock protects
 * all parts, but for what their headers except. A thread that holds it never waits for workers.
 * Functions that need it held have names that end in _locked. A part's own lock is taken before
 * the pool's.
 */
#ifndef YK_POOL_POOL_H
#define YK_POOL_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "ipc/registry.h"
#include "pool/callbacks.h"
#include "pool/caller.h"
#include "pool/collect.h"
#include "pool/futures.h"
#include "pool/kernels.h"
#include "pool/lend.h"
#include "pool/liveness.h"
#include "pool/order.h"
#include "pool/placement.h"
#include "pool/processes.h"
#include "pool/segments.h"
#include "pool/spoiled.h"
#include "pool/stage.h"
#include "pool/unread.h"
#include "protocol/control.h"
#include "shm/arena.h"
#include "shm/spares.h"
#include "sys/handle.h"
#include "sys/mapping.h"
#include "yoke/pool.h"
#include "yoke/stats.h"

struct yoke_pool {
    yk_handle handle;
    /* Written before other threads have the pool. */
    pid_t owner;       /* the process that created the pool */
    yoke_start method; /* how the supervisor was started: not YOKE_START_AUTO */
    bool is_locked_up; /* locks of libraries are held for good: the pool cannot be freed */
    yk_mapping control_mapping;
    yk_control *control;

    /* Memory, and what lies there. Each has a lock of its own, taken last. */
    yk_arena arena;          /* yoke_alloc's memory */
    yk_arena store;          /* kernels' texts: not where users' pointers go */
    yk_arena tables;         /* block tables of lent allocations */
    yk_ipc_registry objects; /* queues, locks and the like, in the arena */

    pthread_mutex_t lock;
    uint64_t next_id; /* of jobs, kernels and lendings; under the lock */
    yk_liveness liveness;
    yk_job_table jobs;
    yk_order order;
    yk_placement placement;
    yk_staging_table staging;
    yk_callback_queue callbacks;
    yk_unread unread;
    yk_spoiled_list spoiled;
    yk_kernel_table kernels;
    yk_spares spares; /* partial results of reductions; under the lock */
    yk_lending lending;
    yk_segment_table segments;
    yk_process_table processes;
    yk_caller caller;
    struct yk_tracer *tracer; /* NULL: nothing has been traced yet; under the lock */
};

/* The lock is not recursive. */
static inline void yk_pool_lock(yoke_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
}

static inline void yk_pool_unlock(yoke_pool *pool)
{
    (void)pthread_mutex_unlock(&pool->lock);
}

/* ---- pool.c ---- */

/* The handle is valid before the pool has a process, so that each of its processes knows it to be
 * the application's. On failure *pool is what there is of it, to be destroyed, or NULL. */
yoke_status yk_pool_create(yoke_pool **pool, const yoke_pool_options *options,
                           yk_error *error);

/* Ends all processes and jobs, and runs the last callbacks. With `kill`, without waiting for
 * jobs. If a callback is left it may be called again. */
void yk_pool_end(yoke_pool *pool, bool kill);

/* Frees the pool once it has ended, and waits for threads that are inside of waits. */
yoke_status yk_pool_destroy(yoke_pool *pool, bool kill, yk_error *error);

/* Waits until no job is left, nor a process that is no daemon; runs callbacks. Negative: no
 * limit. YOKE_ETIMEDOUT, YOKE_EBROKEN. Takes the lock. */
yoke_status yk_pool_wait(yoke_pool *pool, double seconds, yk_error *error);

/* The descriptor of yoke_pool_fd(). Takes the lock. */
yoke_status yk_pool_fd(yoke_pool *pool, int *fd, yk_error *error);

/* Collects what has ended and runs callbacks. How many. Takes the lock. */
size_t yk_pool_poll(yoke_pool *pool);

/* ---- pool_info.c ---- */

/* The workers, and devices that are not used: *count of them, `capacity` of which are written. */
void yk_pool_describe(yoke_pool *pool, yoke_worker_info *workers, size_t capacity,
                      size_t *count);

/* What a kernel is to each worker. How many. */
size_t yk_pool_describe_kernel(const yoke_kernel *kernel,
                               yoke_kernel_worker_info infos[YK_MAX_WORKERS]);

/* What each has done so far: the workers, then the application's threads. How many. */
size_t yk_pool_get_stats(const yoke_pool *pool, yoke_worker_stats stats[YK_MAX_SLOTS]);

/* Lists the OpenCL devices that were found, for an error's text. */
void yk_pool_append_found(yoke_pool *pool, yk_error *error);

#endif
