/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A condition: waiting, with a mutex unlocked, until another thread or process notifies that
 * something has changed.
 *
 * Either side may die between the change and the wake-up, so yoke_condition_wait() also returns,
 * with YOKE_OK, ten times a second without a notification. Check what you wait for in a loop, or
 * use yoke_condition_wait_for(), which does.
 *
 * Where the calls may be made: see queue.h. What times mean: see status.h.
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

/** Returns whether what is waited for holds; called with the mutex locked. */
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
 * Creates a condition. It is used together with a mutex, always the same one.
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
 * Unlocks the mutex, waits for a notification, and locks the mutex again. YOKE_EINVAL if this
 * thread does not own the mutex, or if it is recursive.
 *
 * @param condition  the condition
 * @param mutex      a mutex that this thread has locked, not a recursive one
 * @param seconds    the longest time to wait for a notification. Locking the mutex again may
 *                   take longer
 * @return YOKE_OK, YOKE_EOWNERDEAD (the mutex's owner died), YOKE_ETIMEDOUT: the mutex is
 *         locked. YOKE_ECLOSED: the mutex is locked, unless it was destroyed itself.
 *         YOKE_EBROKEN (the pool is broken): it is not locked
 */
YOKE_API yoke_status yoke_condition_wait(yoke_condition *condition, yoke_mutex *mutex,
                                         double seconds);

/**
 * Waits until a predicate holds. Statuses are as those of yoke_condition_wait(); the predicate
 * holds after YOKE_OK. After YOKE_EOWNERDEAD the mutex is locked and the predicate was not called
 * again.
 *
 * @param condition  the condition
 * @param mutex      a mutex that this thread has locked, not a recursive one
 * @param predicate  called with the mutex locked, before waiting and after each time
 * @param context    handed to it
 * @param seconds    the longest time to wait in all
 */
YOKE_API yoke_status yoke_condition_wait_for(yoke_condition *condition,
                                             yoke_mutex *mutex,
                                             yoke_condition_predicate *predicate,
                                             void *context, double seconds);

/** Wakes at least `count` of the threads that wait, or all if they are fewer. Usually called with
 *  the mutex locked. YOKE_EINVAL for 0. */
YOKE_API yoke_status yoke_condition_notify(yoke_condition *condition, unsigned count);

/** Wakes all threads that wait. */
YOKE_API yoke_status yoke_condition_notify_all(yoke_condition *condition);

/**
 * Destroys a condition, not its mutex: calls that wait, and all later ones, return
 * YOKE_ECLOSED. NULL is allowed.
 */
YOKE_API yoke_status yoke_condition_destroy(yoke_condition *condition);

#ifdef __cplusplus
}
#endif

#endif
