/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A number of permits that threads and processes take and give back.
 *
 * A permit has no owner: any thread or process may give it back, and a permit that a process
 * had when it died stays taken until another one gives it back. What must become free by itself
 * is a mutex (mutex.h).
 *
 * Where the calls may be made: see queue.h. What times mean: see status.h.
 */
#ifndef YOKE_SEMAPHORE_H
#define YOKE_SEMAPHORE_H

#include <stddef.h>
#include <stdint.h>

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_semaphore yoke_semaphore;

/** How to make a semaphore. Zero in a field means the default. */
typedef struct yoke_semaphore_options {
    /** The highest number of permits, at least `permits`; 0: 2^31 - 1. More are refused, so that a
     *  release without an acquire is noticed. */
    uint32_t max_permits;
    unsigned char reserved[4]; /**< 0 */
} yoke_semaphore_options;

/** Implementation of yoke_semaphore_create(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_semaphore_create_sized(yoke_semaphore **semaphore,
                                                 yoke_pool *pool, uint32_t permits,
                                                 const yoke_semaphore_options *options,
                                                 size_t size);

/**
 * Creates a semaphore.
 *
 * @param semaphore  where it goes; NULL on failure
 * @param pool       the pool in whose memory it lies
 * @param permits    the number of permits at first
 * @param options    NULL: all defaults
 */
static inline yoke_status yoke_semaphore_create(yoke_semaphore **semaphore,
                                                yoke_pool *pool, uint32_t permits,
                                                const yoke_semaphore_options *options)
{
    return yoke_semaphore_create_sized(semaphore, pool, permits, options,
                                       sizeof(yoke_semaphore_options));
}

/**
 * Takes a permit. Waits while there is none.
 *
 * @param semaphore  the semaphore
 * @param seconds    the longest time to wait
 */
YOKE_API yoke_status yoke_semaphore_acquire(yoke_semaphore *semaphore, double seconds);

/**
 * Gives permits back. YOKE_EINVAL, and nothing happens, if there would be more than .max_permits.
 *
 * @param semaphore  the semaphore
 * @param permits    how many, at least 1
 */
YOKE_API yoke_status yoke_semaphore_release(yoke_semaphore *semaphore,
                                            uint32_t permits);

/** The number of permits that are free, at some moment during the call; 0 if `semaphore` is not
 *  a valid semaphore. */
YOKE_API uint32_t yoke_semaphore_count(const yoke_semaphore *semaphore);

/**
 * Destroys a semaphore: calls that wait, and all later ones, return YOKE_ECLOSED. NULL is
 * allowed.
 */
YOKE_API yoke_status yoke_semaphore_destroy(yoke_semaphore *semaphore);

#ifdef __cplusplus
}
#endif

#endif
