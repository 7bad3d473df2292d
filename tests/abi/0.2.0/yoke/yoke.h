/* SPDX-License-Identifier: MIT */
/**
 * @file
 * yoke: a compute pool in which each worker is a process that owns one device.
 *
 * Create a pool, allocate arrays in it, describe a kernel, map it over a range:
 *
 *     yoke_pool_create -> yoke_alloc -> yoke_kernel_create -> yoke_map -> yoke_pool_close
 *
 * Three rules hold for all calls:
 *
 * - Each verb has a call that waits and an `_async` call that gives a future; both take options,
 *   NULL: all defaults. An `_async` call with NULL in the future's place submits a job
 *   without a future: yoke_pool_wait() reports its failure.
 * - Times are as status.h says: 0 does not wait, YOKE_FOREVER has no limit, and a wait that runs
 *   out is YOKE_ETIMEDOUT.
 * - What a call has created ends with `yoke_status yoke_..._destroy(thing)` (a pool with
 *   yoke_pool_close() or yoke_pool_terminate(), a segment with yoke_shm_close()). NULL is
 *   allowed. What is destroyed must not be used any more.
 *
 * Lists of kernel arguments are an array and its length; YOKE_ARGS(...) writes both in place.
 *
 * The headers below are in the order in which they are best read.
 */
#ifndef YOKE_YOKE_H
#define YOKE_YOKE_H

#include "status.h"
#include "pool.h"
#include "memory.h"
#include "range.h"
#include "arg.h"
#include "image.h"
#include "kernel.h"
#include "future.h"
#include "map.h"
#include "reduce.h"
#include "graph.h"
#include "task.h"
#include "stream.h"
#include "process.h"
#include "queue.h"
#include "pipe.h"
#include "mutex.h"
#include "condition.h"
#include "event.h"
#include "semaphore.h"
#include "barrier.h"
#include "array.h"
#include "wait.h"
#include "shm.h"
#include "trace.h"
#include "stats.h"

#endif
