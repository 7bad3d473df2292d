/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A mutex between threads and processes that survives the death of its owner.
 *
 * The owner is a thread. When its process or thread ends without unlocking the mutex, the next
 * thread that wants it gets it within 0.1 s: the status is YOKE_EOWNERDEAD, the mutex is locked,
 * and what it protects may be half changed.
 *
 * Where the calls may be made: see queue.h. What times mean: see status.h.
 */
#ifndef YOKE_MUTEX_H
#define YOKE_MUTEX_H

#include <stdbool.h>
#include <stddef.h>

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_mutex yoke_mutex;

/** How to make a mutex. Zero in a field means the default. */
typedef struct yoke_mutex_options {
    /** Its owner may lock it again; it is free when it has been unlocked as often. */
    bool recursive;
    unsigned char reserved[7]; /**< 0 */
} yoke_mutex_options;

/** Implementation of yoke_mutex_create(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_mutex_create_sized(yoke_mutex **mutex, yoke_pool *pool,
                                             const yoke_mutex_options *options,
                                             size_t size);

/**
 * Creates a mutex that is free. It is the caller's until yoke_mutex_destroy() or the end of the
 * pool.
 *
 * @param mutex    where it goes; NULL on failure
 * @param pool     the pool in whose memory it lies
 * @param options  NULL: all defaults
 */
static inline yoke_status yoke_mutex_create(yoke_mutex **mutex, yoke_pool *pool,
                                            const yoke_mutex_options *options)
{
    return yoke_mutex_create_sized(mutex, pool, options, sizeof(yoke_mutex_options));
}

/**
 * Locks a mutex. YOKE_EBUSY if this thread owns it and it is not recursive.
 *
 * @param mutex    the mutex
 * @param seconds  the longest time to wait
 * @return YOKE_OK or YOKE_EOWNERDEAD: the mutex is locked; else it is not
 */
YOKE_API yoke_status yoke_mutex_lock(yoke_mutex *mutex, double seconds);

/** Unlocks a mutex; a recursive one once. YOKE_EINVAL if this thread does not own it. */
YOKE_API yoke_status yoke_mutex_unlock(yoke_mutex *mutex);

/** Whether a thread owns it, at some moment during the call; false if `mutex` is not a valid mutex.
 *  A dead owner owns it until another thread locks it. */
YOKE_API bool yoke_mutex_is_locked(const yoke_mutex *mutex);

/** Destroys a mutex, locked or not: calls that wait, and all later ones, return YOKE_ECLOSED.
 *  NULL is allowed. */
YOKE_API yoke_status yoke_mutex_destroy(yoke_mutex *mutex);

#ifdef __cplusplus
}
#endif

#endif
