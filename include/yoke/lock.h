/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A lock between threads and processes that survives whoever holds it.
 *
 * Its owner is a thread. When the owner's process or thread ends without giving it back, the
 * next one that wants it gets it within 0.1 s, and is told so: the status is YOKE_EOWNERDEAD, the
 * lock is held, and what it protects may be half changed.
 *
 * Where the calls may be made, and what times mean: see queue.h.
 */
#ifndef YOKE_LOCK_H
#define YOKE_LOCK_H

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_lock yoke_lock;

/**
 * Creates a lock that nobody holds.
 *
 * @param lock  where it goes; NULL after a failure
 * @param pool  the pool in whose memory it lies
 */
YOKE_API yoke_status yoke_lock_create(yoke_lock **lock, yoke_pool *pool);

/**
 * Takes the lock. YOKE_EBUSY if this thread has it already: it would wait for itself.
 *
 * @param lock     the lock
 * @param seconds  how long to wait; negative: without limit, 0: not at all
 * @return YOKE_OK or YOKE_EOWNERDEAD: the lock is held; else it is not
 */
YOKE_API yoke_status yoke_lock_acquire(yoke_lock *lock, double seconds);

/** Gives the lock back. YOKE_EINVAL if this thread does not have it. */
YOKE_API yoke_status yoke_lock_release(yoke_lock *lock);

/**
 * Destroys a lock, held or not: calls that wait, and all later ones, answer YOKE_ECLOSED.
 * NULL is allowed.
 */
YOKE_API yoke_status yoke_lock_destroy(yoke_lock *lock);

#ifdef __cplusplus
}
#endif

#endif
