/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A lock that its owner may take again: it is free when it has been given back as often as
 * it was taken. In all else as lock.h.
 */
#ifndef YOKE_RLOCK_H
#define YOKE_RLOCK_H

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_rlock yoke_rlock;

/**
 * Creates a lock that nobody holds.
 *
 * @param rlock  where it goes; NULL after a failure
 * @param pool   the pool in whose memory it lies
 */
YOKE_API yoke_status yoke_rlock_create(yoke_rlock **rlock, yoke_pool *pool);

/**
 * Takes the lock, once more if this thread has it.
 *
 * @param rlock    the lock
 * @param seconds  how long to wait; negative: without limit, 0: not at all
 * @return YOKE_OK or YOKE_EOWNERDEAD: the lock is held; else it is not
 */
YOKE_API yoke_status yoke_rlock_acquire(yoke_rlock *rlock, double seconds);

/** Gives the lock back once. YOKE_EINVAL if this thread does not have it. */
YOKE_API yoke_status yoke_rlock_release(yoke_rlock *rlock);

/**
 * Destroys a lock, held or not: calls that wait, and all later ones, answer YOKE_ECLOSED.
 * NULL is allowed.
 */
YOKE_API yoke_status yoke_rlock_destroy(yoke_rlock *rlock);

#ifdef __cplusplus
}
#endif

#endif
