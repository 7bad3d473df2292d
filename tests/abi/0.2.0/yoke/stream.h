/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Streams: items that a function of the program makes one after the other go through the
 * pool, and their results come out. Only a window of them exists at a time: no further item
 * is made while it is full, so nothing is computed that is not taken.
 */
#ifndef YOKE_STREAM_H
#define YOKE_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "arg.h"
#include "kernel.h"
#include "pool.h"
#include "range.h"
#include "task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_stream yoke_stream;

/**
 * Makes the next item. Called in the program's thread, inside yoke_stream_next(), never
 * elsewhere, and never again once it has returned something else than more than 0. It may
 * make calls on the pool, but not close it, and none on its stream: YOKE_EBUSY. A C++
 * exception that it throws reaches the function that called yoke_stream_next(); the stream then
 * has no more items.
 *
 * @param item     where the item's bytes go; what is there before is anything
 * @param index    its number, from 0
 * @param context  as given to yoke_stream_create()
 * @return more than 0 if there is an item; 0 at the end; less for an error
 */
typedef int yoke_stream_source(void *item, size_t index, void *context);

/** What happens to the items: a function or a kernel. Zero in a field means that the library
 *  chooses. */
typedef struct yoke_stream_options {
    yoke_task_function *function; /**< is called for each item, as by yoke_apply_each() */
    size_t input_bytes;           /**< of one item */
    size_t output_bytes;          /**< of one result */
    const void *context;          /**< a value that every call gets a copy of */
    size_t context_bytes;
    bool on_device;               /**< as yoke_task_options.on_device */

    yoke_kernel *kernel;  /**< is mapped over `range` for each item */
    yoke_range range;
    const yoke_arg *args; /**< one per parameter; copied. In the place of the item is a
                               yoke_in_stream(), in that of the result a yoke_out_stream() */
    size_t arg_count;

    const char *devices; /**< only these workers; as yoke_pool_options.devices */
    double timeout;      /**< seconds that one job may take; 0: any */
    /** Most items that have been made and whose results have not been taken. 0: 64 for
     *  each worker, fewer if they are large; of a kernel 4. */
    size_t window;
    /** Items that are handed to the workers at once; 0: the window's 32nd part or so. For a
     *  function only. */
    size_t chunk;
    /** Results come as they are ready: yoke_stream_index() says of which item. Otherwise they
     *  come in the order of the items. */
    bool unordered;
    unsigned char reserved[3]; /**< 0 */
    /** YOKE_ON_FAILURE_KEEP: an item that fails does not end the stream. yoke_stream_next() returns
     *  its failure in its place, and the next call goes on after it. */
    yoke_on_failure on_failure;
    /** With YOKE_ON_FAILURE_KEEP: seconds that one item may take; as
     *  yoke_task_options.item_timeout. For a function only: each item of a kernel is a job. */
    double item_timeout;
} yoke_stream_options;

/** Stands for the item in a kernel's arguments: item i of the range reads its own `item_bytes`
 *  bytes. Other ways of reading are made of yoke_in_halo() and the like with NULL as the
 *  array. */
static inline yoke_arg yoke_in_stream(size_t item_bytes)
{
    return yoke_in(NULL, item_bytes);
}

/** Stands for the result: item i of the range writes its own `item_bytes` bytes. (An item that is
 *  changed in place, and so is the result, is yoke_inout() with NULL as the array.) */
static inline yoke_arg yoke_out_stream(size_t item_bytes)
{
    return yoke_out(NULL, item_bytes);
}

/** Implementation of yoke_stream_create(); `size` is sizeof *options and `arg_size`
 *  sizeof(yoke_arg) as compiled. */
YOKE_API yoke_status yoke_stream_create_sized(yoke_stream **stream, yoke_pool *pool,
                                              const yoke_stream_options *options,
                                              size_t size, size_t arg_size,
                                              yoke_stream_source *next, void *context);

/**
 * Creates a stream. Memory for the window is taken now, and no more later. No item is made or
 * computed before the first yoke_stream_next().
 *
 * @param stream   where the stream goes; the caller owns it; NULL on failure
 * @param pool     the pool
 * @param options  what happens to the items; what it points to is copied. Not NULL
 * @param next     makes the items
 * @param context  handed to `next`
 */
static inline yoke_status yoke_stream_create(yoke_stream **stream, yoke_pool *pool,
                                             const yoke_stream_options *options,
                                             yoke_stream_source *next, void *context)
{
    return yoke_stream_create_sized(stream, pool, options, sizeof(yoke_stream_options),
                                    sizeof(yoke_arg), next, context);
}

/**
 * Gives the next result, and makes items while there is room for them. One thread at a time.
 *
 * An error is the end: items that were under way are cancelled, and each further call gives
 * the error again. It names the item. In order, all results of the chunks before the failed
 * one have come; those of the others in its chunk do not. (What should not end a stream a
 * function puts into its result.) If `next` has failed, results of the items before come
 * first; then YOKE_EKERNEL.
 *
 * With .on_failure = YOKE_ON_FAILURE_KEEP the failure of an item is not the end: YOKE_EKERNEL,
 * YOKE_ECRASHED or YOKE_EDEADLINE stand for this one item, of which yoke_stream_index() is the
 * number, and further calls give the items after it. Other errors, and a failure of `next`, are the
 * end. yoke_stream_has_ended() tells them apart.
 *
 * @param stream   the stream
 * @param result   where a pointer to the result goes, which is good until the next call; NULL
 *                 with YOKE_OK: that was all. Of a function without output: the item itself
 * @param seconds  the longest time to wait for it. What `next` takes
 *                 does not count
 * @return YOKE_OK; YOKE_ETIMEDOUT if it is not ready; an error
 */
YOKE_API yoke_status yoke_stream_next(yoke_stream *stream, void **result, double seconds);

/** The number of the item whose result, or failure of its own, came last. */
YOKE_API size_t yoke_stream_index(const yoke_stream *stream);

/** Whether yoke_stream_next() has given all there is: it has returned NULL with YOKE_OK, or an
 *  error that is the end of the stream. */
YOKE_API bool yoke_stream_has_ended(const yoke_stream *stream);

/**
 * Destroys a stream and frees its memory: cancels what is under way, and waits for what cannot be
 * cancelled: items that are being computed, for as long as .timeout or .item_timeout allow.
 * yoke_pool_wait() or yoke_pool_close() reports items that had failed by then and
 * were not read, unless yoke_stream_next() has reported an error. Call it before the pool is
 * closed. YOKE_EBUSY if the stream's source calls it. NULL is allowed.
 */
YOKE_API yoke_status yoke_stream_destroy(yoke_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
