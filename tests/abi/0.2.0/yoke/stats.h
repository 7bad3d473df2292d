/* SPDX-License-Identifier: MIT */
/**
 * @file
 * What a pool's workers have done so far.
 */
#ifndef YOKE_STATS_H
#define YOKE_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What one worker has done since the pool was created, by all of its processes. */
typedef struct yoke_worker_stats {
    char name[32];           /**< "cpu0", "opencl1"; "caller": threads of the program that
                              *   helped (yoke_map_options.caller_helps) */
    uint64_t chunks;         /**< pieces computed */
    uint64_t items;          /**< items in them */
    uint64_t steals;         /**< times it took over items that were another worker's share */
    uint64_t sent_bytes;     /**< copied into the device's own memory */
    uint64_t received_bytes; /**< copied back from there */
    double busy_seconds;     /**< spent on chunks, transfers included */
    /** private memory of its process, when it was measured last; 0: it never was, since that takes
     *  yoke_pool_options.memory_per_process. A limit that is never reached, such as UINT64_MAX,
     *  measures, too */
    uint64_t memory_bytes;
    uint64_t max_memory_bytes; /**< the most that was measured in any of its processes */
    uint64_t memory_restarts;  /**< processes that ended at the limit */
    double user_seconds;     /**< processor time of its processes, all threads and what their
                              *   drivers ran included; of the one that lives in steps of about
                              *   10 ms. 0 for "caller", whose time is the program's own */
    double system_seconds;   /**< the same in the system */
} yoke_worker_stats;

/** Implementation of yoke_pool_stats(); `size` is sizeof *stats as compiled. */
YOKE_API yoke_status yoke_pool_stats_sized(yoke_pool *pool, yoke_worker_stats *stats,
                                           size_t capacity, size_t *count, size_t size);

/**
 * Tells what the workers have done. Figures of jobs that are running may be behind by some
 * chunks; those of a job that has ended are in.
 *
 * @param pool      the pool
 * @param stats     array to fill, in the order of yoke_pool_workers(), the program's own
 *                  threads last; may be NULL if capacity is 0
 * @param capacity  elements in it
 * @param count     how many there are, even if more than capacity; may be NULL
 */
static inline yoke_status yoke_pool_stats(yoke_pool *pool, yoke_worker_stats *stats,
                                          size_t capacity, size_t *count)
{
    return yoke_pool_stats_sized(pool, stats, capacity, count,
                                 sizeof(yoke_worker_stats));
}

#ifdef __cplusplus
}
#endif

#endif
