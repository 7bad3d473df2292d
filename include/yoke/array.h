/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Items of equal size that threads and processes share, with one lock. In all else as
 * value.h. For arrays that kernels compute on, yoke_alloc() is what you want.
 */
#ifndef YOKE_ARRAY_H
#define YOKE_ARRAY_H

#include <stddef.h>

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_shared_array yoke_shared_array;

/**
 * Creates an array.
 *
 * @param array       where it goes; NULL after a failure
 * @param pool        the pool in whose memory it lies
 * @param count       items, at least 1
 * @param item_bytes  size of each, at least 1
 * @param initial     count * item_bytes bytes, what it holds at first; NULL: zeros
 */
YOKE_API yoke_status yoke_array_create(yoke_shared_array **array, yoke_pool *pool,
                                       size_t count, size_t item_bytes,
                                       const void *initial);

/** Copies an item to `data`. Takes the lock for a moment. YOKE_EINVAL: there is no such item. */
YOKE_API yoke_status yoke_array_get(yoke_shared_array *array, size_t index, void *data);

/** Copies `data` to an item. Takes the lock for a moment. YOKE_EINVAL: there is no such item. */
YOKE_API yoke_status yoke_array_set(yoke_shared_array *array, size_t index,
                                    const void *data);

/** How many items it has; 0 if it is no array. */
YOKE_API size_t yoke_array_count(const yoke_shared_array *array);

/**
 * Takes the array's lock. Its owner may take it again, and get and set.
 *
 * @param array    the array
 * @param seconds  how long to wait; negative: without limit, 0: not at all
 * @return YOKE_OK or YOKE_EOWNERDEAD: the lock is held; else it is not
 */
YOKE_API yoke_status yoke_array_lock(yoke_shared_array *array, double seconds);

/** Gives the lock back once. YOKE_EINVAL if this thread does not have it. */
YOKE_API yoke_status yoke_array_unlock(yoke_shared_array *array);

/** Where its first item lies, the same in every process, aligned to 64 bytes; NULL if it is no
 *  array. To be used as yoke_value_pointer(). */
YOKE_API void *yoke_array_pointer(yoke_shared_array *array);

/**
 * Destroys an array: calls that wait, and all later ones, answer YOKE_ECLOSED. NULL is
 * allowed.
 */
YOKE_API yoke_status yoke_array_destroy(yoke_shared_array *array);

#ifdef __cplusplus
}
#endif

#endif
