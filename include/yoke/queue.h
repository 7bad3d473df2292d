/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A queue of messages between threads and processes: many may put, many may get, first in,
 * first out.
 *
 * It lies in the pool's memory, at the same address in every process. The application creates
 * and destroys it; all other calls may be made by any thread of the application, by native
 * functions in workers, and by processes that the application forks after the pool was
 * created. A queue reaches a native function as yoke_scalar(queue).
 *
 * Times to wait are in seconds: negative: without limit; 0: not at all (YOKE_EAGAIN); else
 * the call ends with YOKE_ETIMEDOUT when they have passed. Texts for yoke_pool_error() are
 * kept in the application.
 *
 * A process that dies while it puts leaves no part of a message; one that dies while it gets
 * takes along the message that it was taking, at most. Nobody else waits for it for more than a
 * moment (0.1 s).
 */
#ifndef YOKE_QUEUE_H
#define YOKE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_queue yoke_queue;

/** What a queue is for. Zero in a field means the default. */
typedef struct yoke_queue_options {
    /** Bytes of each message; 0: messages of any length. */
    size_t item_bytes;
    /** How much it holds: messages if they have a fixed size (0: 1024), else bytes, of which
     *  each message takes its length, rounded up to 8, and 8 (0: 1 MiB). Only what is
     *  used takes memory. */
    size_t capacity;
    /** Count what was taken and is not done: yoke_queue_mark_done(), yoke_queue_wait(). */
    bool track_done;
} yoke_queue_options;

/** Implementation of yoke_queue_create(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_queue_create_sized(yoke_queue **queue, yoke_pool *pool,
                                             const yoke_queue_options *options,
                                             size_t size);

/**
 * Creates a queue. It is the caller's until yoke_queue_destroy() or the end of the pool.
 *
 * @param queue    where it goes; NULL after a failure
 * @param pool     the pool in whose memory it lies
 * @param options  NULL for all defaults
 */
static inline yoke_status yoke_queue_create(yoke_queue **queue, yoke_pool *pool,
                                            const yoke_queue_options *options)
{
    return yoke_queue_create_sized(queue, pool, options, sizeof(yoke_queue_options));
}

/**
 * Appends a message. Waits while there is no room. YOKE_EINVAL if it is longer than the
 * queue can ever hold, or not of its fixed size; YOKE_ECLOSED if the queue is closed.
 *
 * @param queue    the queue
 * @param data     the message, which is copied; NULL only if it has no bytes
 * @param bytes    its length
 * @param seconds  how long to wait for room
 */
YOKE_API yoke_status yoke_queue_put(yoke_queue *queue, const void *data, size_t bytes,
                                    double seconds);

/**
 * Takes the oldest message. Waits while there is none; YOKE_ECLOSED if there is none and the
 * queue is closed. YOKE_EINVAL if the message is longer than the room for it: then it stays,
 * and *bytes says how long it is. YOKE_EBUSY if more than 1024 living processes have taken
 * from a joinable queue.
 *
 * @param queue    the queue
 * @param data     where the message goes
 * @param bytes    room there; then the message's length. NULL: item_bytes, for queues with
 *                 messages of fixed size
 * @param seconds  how long to wait for a message
 */
YOKE_API yoke_status yoke_queue_get(yoke_queue *queue, void *data, size_t *bytes,
                                    double seconds);

/** How many messages are in it, at some moment during the call; 0 if it is none. */
YOKE_API size_t yoke_queue_count(const yoke_queue *queue);

/** From now on nothing can be put; what is in it can be taken. Wakes all that wait. */
YOKE_API yoke_status yoke_queue_shutdown(yoke_queue *queue);

/**
 * Says that a message which this process took from a joinable queue is done. YOKE_EINVAL if
 * it has none that is not.
 */
YOKE_API yoke_status yoke_queue_mark_done(yoke_queue *queue);

/**
 * Waits until every message that was put into a joinable queue has been taken and is done.
 * What a process had taken when it died counts no more: then the call ends with YOKE_ELOST,
 * once, and yoke_pool_error() says how many messages they were.
 *
 * @param queue    the queue
 * @param seconds  how long to wait
 */
YOKE_API yoke_status yoke_queue_wait(yoke_queue *queue, double seconds);

/**
 * Destroys a queue with all that is in it: calls that wait, and all later ones, answer
 * YOKE_ECLOSED. NULL is allowed.
 */
YOKE_API yoke_status yoke_queue_destroy(yoke_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
