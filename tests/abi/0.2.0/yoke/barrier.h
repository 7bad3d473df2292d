/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A barrier: threads and processes wait there until a number of them have come, and go on
 * together.
 *
 * It breaks when a party that waits there gives up (its time is over) or dies, or by
 * yoke_barrier_abort(). Then all that wait, and all that come later, get YOKE_EBROKEN until
 * yoke_barrier_reset(). The barrier does not know of a party that dies before it comes: wait
 * with a time limit.
 *
 * Where the calls may be made: see queue.h. What times mean: see status.h.
 */
#ifndef YOKE_BARRIER_H
#define YOKE_BARRIER_H

#include <stddef.h>
#include <stdint.h>

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_barrier yoke_barrier;

/** How to make a barrier. Zero in a field means the default. */
typedef struct yoke_barrier_options {
    size_t reserved; /**< 0 */
} yoke_barrier_options;

/** Implementation of yoke_barrier_create(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_barrier_create_sized(yoke_barrier **barrier, yoke_pool *pool,
                                               uint32_t parties,
                                               const yoke_barrier_options *options,
                                               size_t size);

/**
 * Creates a barrier.
 *
 * @param barrier  where it goes; NULL on failure
 * @param pool     the pool in whose memory it lies
 * @param parties  number of parties that have to come, 1 to 65,536
 * @param options  NULL: all defaults
 */
static inline yoke_status yoke_barrier_create(yoke_barrier **barrier, yoke_pool *pool,
                                              uint32_t parties,
                                              const yoke_barrier_options *options)
{
    return yoke_barrier_create_sized(barrier, pool, parties, options,
                                     sizeof(yoke_barrier_options));
}

/**
 * Waits until all have come.
 *
 * @param barrier  the barrier
 * @param index    0 to parties - 1, a different one for each party: one of them can do what
 *                 is to be done once; may be NULL
 * @param seconds  the longest time to wait. When it is over the barrier breaks, and this call
 *                 returns YOKE_ETIMEDOUT. With 0 it returns YOKE_ETIMEDOUT and the barrier is as
 *                 before, unless this party is the last to come
 */
YOKE_API yoke_status yoke_barrier_wait(yoke_barrier *barrier, uint32_t *index,
                                       double seconds);

/** Breaks a barrier. */
YOKE_API yoke_status yoke_barrier_abort(yoke_barrier *barrier);

/** Makes a barrier as new; those that wait there now get YOKE_EBROKEN. */
YOKE_API yoke_status yoke_barrier_reset(yoke_barrier *barrier);

/** The number of parties that wait, at some moment during the call; 0 if `barrier` is not a
 *  valid barrier. */
YOKE_API uint32_t yoke_barrier_waiting(const yoke_barrier *barrier);

/** The number of parties that have to come; 0 if `barrier` is not a valid barrier. */
YOKE_API uint32_t yoke_barrier_parties(const yoke_barrier *barrier);

/** Whether it is broken, at some moment during the call; false if `barrier` is not a valid
 *  barrier. */
YOKE_API bool yoke_barrier_is_broken(const yoke_barrier *barrier);

/**
 * Destroys a barrier: calls that wait, and all later ones, return YOKE_ECLOSED. NULL is
 * allowed.
 */
YOKE_API yoke_status yoke_barrier_destroy(yoke_barrier *barrier);

#ifdef __cplusplus
}
#endif

#endif
