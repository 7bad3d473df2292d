/* SPDX-License-Identifier: MIT */
/**
 * @file
 * An array that threads and processes share, of items of any one type, with one lock. An array
 * of one item is a shared value. (For arrays that kernels compute on: yoke_alloc().)
 *
 * A process that dies while it sets an item has set it or not: nothing in between is seen. One
 * that dies while it holds the lock may leave anything; the next call that needs the lock is
 * done all the same and returns YOKE_EOWNERDEAD.
 *
 * Where the calls may be made: see queue.h. What times mean: see status.h.
 */
#ifndef YOKE_ARRAY_H
#define YOKE_ARRAY_H

#include <stddef.h>

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_array yoke_array;

/** How to make an array. Zero in a field means the default. */
typedef struct yoke_array_options {
    /** What it holds at first, count * item_bytes bytes; only read during the call. NULL:
     *  zeros. */
    const void *initial;
} yoke_array_options;

/** Implementation of yoke_array_create(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_array_create_sized(yoke_array **array, yoke_pool *pool,
                                             size_t count, size_t item_bytes,
                                             const yoke_array_options *options,
                                             size_t size);

/**
 * Creates an array. It is the caller's until yoke_array_destroy() or the end of the pool.
 *
 * @param array       where it goes; NULL on failure
 * @param pool        the pool in whose memory it lies
 * @param count       number of items, at least 1; 1: a shared value
 * @param item_bytes  size of an item, at least 1
 * @param options     NULL: all defaults
 */
static inline yoke_status yoke_array_create(yoke_array **array, yoke_pool *pool,
                                            size_t count, size_t item_bytes,
                                            const yoke_array_options *options)
{
    return yoke_array_create_sized(array, pool, count, item_bytes, options,
                                   sizeof(yoke_array_options));
}

/** Copies an item to `data`, which has room for item_bytes. Holds the lock for a moment.
 *  YOKE_EINVAL: there is no such item. */
YOKE_API yoke_status yoke_array_get(yoke_array *array, size_t index, void *data);

/** Copies item_bytes bytes from `data` to an item. Holds the lock for a moment. YOKE_EINVAL:
 *  there is no such item. */
YOKE_API yoke_status yoke_array_set(yoke_array *array, size_t index, const void *data);

/** The number of items; 0 if `array` is not a valid array. */
YOKE_API size_t yoke_array_count(const yoke_array *array);

/**
 * Locks an array, for changes that depend on what it held. Its owner may lock it again, and get
 * and set items.
 *
 * @param array    the array
 * @param seconds  the longest time to wait
 * @return YOKE_OK or YOKE_EOWNERDEAD: the array is locked; else it is not
 */
YOKE_API yoke_status yoke_array_lock(yoke_array *array, double seconds);

/** Unlocks an array once. YOKE_EINVAL if this thread does not own its lock. */
YOKE_API yoke_status yoke_array_unlock(yoke_array *array);

/** Where the first item lies, the same address in every process, aligned to 64 bytes; NULL if
 *  `array` is not a valid array. To be read and written with the array locked, or by atomic
 *  operations alone. */
YOKE_API void *yoke_array_pointer(yoke_array *array);

/** Destroys an array: calls that wait, and all later ones, return YOKE_ECLOSED. NULL is
 *  allowed. */
YOKE_API yoke_status yoke_array_destroy(yoke_array *array);

#ifdef __cplusplus
}
#endif

#endif
