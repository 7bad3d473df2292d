/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Waiting, with a lock released, until somebody says that something has changed.
 *
 * A notifier may die before he notifies, and a waiter after he was notified, so nobody relies on
 * that alone: yoke_condition_wait() also returns, with YOKE_OK, ten times a second without a
 * notification. Look at what you wait for in a loop, or use yoke_condition_wait_for(), which does.
 *
 * Where the calls may be made, and what times mean: see queue.h.
 */
#ifndef YOKE_CONDITION_H
#define YOKE_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

#include "mutex.h"
#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_condition yoke_condition;

/** Whether what is waited for holds; called with the lock held. */
typedef bool yoke_condition_predicate(void *context);

/** How to make a condition. Zero in a field means the default. */
typedef struct yoke_condition_options {
    size_t reserved; /**< 0 */
} yoke_condition_options;

/** Implementation of yoke_condition_create(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_condition_create_sized(yoke_condition **condition,
                                                 yoke_pool *pool,
                                                 const yoke_condition_options *options,
                                                 size_t size);

/**
 * Creates a condition. It is used together with a lock, always the same one.
 *
 * @param condition  where it goes; NULL on failure
 * @param pool       the pool in whose memory it lies
 * @param options    NULL: all defaults
 */
static inline yoke_status yoke_condition_create(yoke_condition **condition,
                                                yoke_pool *pool,
                                                const yoke_condition_options *options)
{
    return yoke_condition_create_sized(condition, pool, options,
                                       sizeof(yoke_condition_options));
}

/**
 * Gives the lock back, waits, and takes the lock again. YOKE_EINVAL if this thread does not have
 * the lock.
 *
 * @param condition  the condition
 * @param mutex      a mutex that this thread has locked, not a recursive one
 * @param seconds    how long to wait; negative: without limit. Taking the lock again may
 *                   take longer
 * @return YOKE_OK, YOKE_EOWNERDEAD (somebody died with the lock), YOKE_ETIMEDOUT, YOKE_EAGAIN
 *         (0 seconds): the lock is held. YOKE_ECLOSED: the lock is held, unless it is
 *         itself destroyed. YOKE_EBROKEN (the pool is broken): it is not held
 */
YOKE_API yoke_status yoke_condition_wait(yoke_condition *condition, yoke_mutex *mutex,
                                         double seconds);

/**
 * Waits until a predicate holds. Statuses are as those of yoke_condition_wait(); the predicate
 * holds after YOKE_OK. After YOKE_EOWNERDEAD the lock is held and the predicate has not been
 * looked at again.
 *
 * @param condition  the condition
 * @param mutex      a mutex that this thread has locked, not a recursive one
 * @param predicate  called with the lock held, before waiting and after each time
 * @param context    handed to it
 * @param seconds    how long to wait in all
 */
YOKE_API yoke_status yoke_condition_wait_for(yoke_condition *condition,
                                             yoke_mutex *mutex,
                                             yoke_condition_predicate *predicate,
                                             void *context, double seconds);

/** Wakes at least `count` of those who wait, as far as there are so many. Usually called
 *  with the lock held. YOKE_EINVAL for 0. */
YOKE_API yoke_status yoke_condition_notify(yoke_condition *condition, unsigned count);

/** Wakes all who wait. */
YOKE_API yoke_status yoke_condition_notify_all(yoke_condition *condition);

/**
 * Destroys a condition, not its lock: calls that wait, and all later ones, answer
 * YOKE_ECLOSED. NULL is allowed.
 */
YOKE_API yoke_status yoke_condition_destroy(yoke_condition *condition);

#ifdef __cplusplus
}
#endif

#endif
