/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A value, of any type, that threads and processes share, with its lock.
 *
 * Where the calls may be made, and what times mean: see queue.h. A process that dies while it
 * sets a value has set it or not: nothing in between is seen. One that dies while it holds
 * the lock may leave anything; the next call that needs the lock is done all the same and
 * says YOKE_EOWNERDEAD.
 */
#ifndef YOKE_VALUE_H
#define YOKE_VALUE_H

#include <stddef.h>

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_value yoke_value;

/**
 * Creates a value.
 *
 * @param value    where it goes; NULL after a failure
 * @param pool     the pool in whose memory it lies
 * @param bytes    its size, at least 1
 * @param initial  what it is at first; NULL: zeros
 */
YOKE_API yoke_status yoke_value_create(yoke_value **value, yoke_pool *pool,
                                       size_t bytes, const void *initial);

/** Copies the value to `data`, which has room for its bytes. Takes the lock for a moment. */
YOKE_API yoke_status yoke_value_get(yoke_value *value, void *data);

/** Copies `data`, as many bytes as the value has, to the value. Takes the lock for a moment. */
YOKE_API yoke_status yoke_value_set(yoke_value *value, const void *data);

/**
 * Takes the value's lock, for changes that depend on what it was. Its owner may take it again,
 * and get and set.
 *
 * @param value    the value
 * @param seconds  how long to wait; negative: without limit, 0: not at all
 * @return YOKE_OK or YOKE_EOWNERDEAD: the lock is held; else it is not
 */
YOKE_API yoke_status yoke_value_lock(yoke_value *value, double seconds);

/** Gives the lock back once. YOKE_EINVAL if this thread does not have it. */
YOKE_API yoke_status yoke_value_unlock(yoke_value *value);

/**
 * Where the value lies, the same in every process, aligned to 64 bytes; NULL if it is none. To
 * be read and written with the lock held, or, if all do so, with atomic operations.
 */
YOKE_API void *yoke_value_pointer(yoke_value *value);

/**
 * Destroys a value: calls that wait, and all later ones, answer YOKE_ECLOSED. NULL is
 * allowed.
 */
YOKE_API yoke_status yoke_value_destroy(yoke_value *value);

#ifdef __cplusplus
}
#endif

#endif
