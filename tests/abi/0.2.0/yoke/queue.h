/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A queue of messages between threads and processes: any number of them may put, and get. First
 * in, first out.
 *
 * It lies in the pool's memory, at the same address in every process. The application creates
 * and destroys it. All other calls may be made by any thread of the application, by native
 * functions in workers, and by processes that the application forks after the pool was
 * created. A queue is passed to a native function as yoke_scalar(queue).
 *
 * What times mean: see status.h. Texts for yoke_pool_error() are kept in the application only.
 *
 * A process that dies while it puts a message leaves no part of it. One that dies while it gets
 * takes at most the message that it was getting along. Others wait for a dead process for at
 * most 0.1 s.
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
    /** Keep count of messages that were taken and are not done yet: yoke_queue_mark_done(),
     *  yoke_queue_wait(). */
    bool track_done;
    unsigned char reserved[7]; /**< 0 */
} yoke_queue_options;

/** Implementation of yoke_queue_create(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_queue_create_sized(yoke_queue **queue, yoke_pool *pool,
                                             const yoke_queue_options *options,
                                             size_t size);

/**
 * Creates a queue. It is the caller's until yoke_queue_destroy() or the end of the pool.
 *
 * @param queue    where it goes; NULL on failure
 * @param pool     the pool in whose memory it lies
 * @param options  NULL: all defaults
 */
static inline yoke_status yoke_queue_create(yoke_queue **queue, yoke_pool *pool,
                                            const yoke_queue_options *options)
{
    return yoke_queue_create_sized(queue, pool, options, sizeof(yoke_queue_options));
}

/**
 * Appends a message. Waits while there is no room.
 *
 * YOKE_EINVAL if it is longer than the queue can ever hold, or not of its fixed size;
 * YOKE_ECLOSED if the queue was shut down.
 *
 * @param queue    the queue
 * @param data     the message, which is copied; NULL only if it has no bytes
 * @param bytes    its length
 * @param seconds  the longest time to wait for room
 */
YOKE_API yoke_status yoke_queue_put(yoke_queue *queue, const void *data, size_t bytes,
                                    double seconds);

/**
 * Takes the oldest message. Waits while there is none.
 *
 * YOKE_ECLOSED if there is none and the queue was shut down. YOKE_EINVAL if the message is longer
 * than the room for it: it stays, and *bytes is its length. YOKE_EBUSY if more than 1024 living
 * processes have taken from a queue with .track_done.
 *
 * @param queue    the queue
 * @param data     where the message goes
 * @param bytes    room there; then the message's length. NULL: item_bytes, for queues with
 *                 messages of fixed size
 * @param seconds  the longest time to wait for a message
 */
YOKE_API yoke_status yoke_queue_get(yoke_queue *queue, void *data, size_t *bytes,
                                    double seconds);

/** The number of messages in it, at some moment during the call; 0 if `queue` is not a valid
 *  queue. */
YOKE_API size_t yoke_queue_count(const yoke_queue *queue);

/** Stops putting: from now on no message can be put, and those in the queue can be taken. Wakes
 *  all calls that wait. The queue itself is not destroyed. */
YOKE_API yoke_status yoke_queue_shutdown(yoke_queue *queue);

/** Stops putting and getting: shuts the queue down and drops what is in it. Messages that were
 *  dropped count as done. Calls that wait, and all later ones, return YOKE_ECLOSED;
 *  yoke_queue_wait() still waits for messages that were taken and are not done. The queue itself is
 *  not destroyed. */
YOKE_API yoke_status yoke_queue_abort(yoke_queue *queue);

/**
 * Marks a message as done that this process took from a queue with .track_done. YOKE_EINVAL if
 * all that it took are done.
 */
YOKE_API yoke_status yoke_queue_mark_done(yoke_queue *queue);

/**
 * Waits until every message that was put into a queue with .track_done has been taken and is
 * done. Messages that a process had taken when it died no longer count: the call then returns
 * YOKE_ELOST, once, and yoke_pool_error() has their number.
 *
 * @param queue    the queue
 * @param seconds  the longest time to wait
 */
YOKE_API yoke_status yoke_queue_wait(yoke_queue *queue, double seconds);

/**
 * Destroys a queue with all that is in it: calls that wait, and all later ones, return
 * YOKE_ECLOSED. NULL is allowed.
 */
YOKE_API yoke_status yoke_queue_destroy(yoke_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
