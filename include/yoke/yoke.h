/* SPDX-License-Identifier: MIT */
/**
 * @file
 * yoke: a compute pool in which each worker is a process that owns one device.
 *
 * Create a pool, allocate arrays in it, describe a kernel, map it over a range:
 *
 *     yoke_pool_create -> yoke_alloc -> yoke_kernel_create -> yoke_map -> yoke_pool_close
 */
#ifndef YOKE_YOKE_H
#define YOKE_YOKE_H

#include "status.h"
#include "pool.h"
#include "memory.h"
#include "range.h"
#include "shm.h"
#include "arg.h"
#include "kernel.h"
#include "map.h"
#include "future.h"
#include "process.h"
#include "task.h"
#include "trace.h"
#include "stream.h"
#include "reduce.h"
#include "queue.h"
#include "mutex.h"
#include "event.h"
#include "semaphore.h"
#include "condition.h"
#include "array.h"
#include "barrier.h"
#include "pipe.h"
#include "stats.h"

#endif
