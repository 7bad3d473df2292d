/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A pipe: two ends, each of which receives what is sent at the other, message by message.
 *
 * Processes hold an end: those that have used it (sent, received or waited), and those that were
 * started by yoke_process_start() with it: as their argument, in the bytes that were copied for
 * them, or in the memory of the pool that the argument points to, within the first 4096 bytes. A
 * process lets go of an end by yoke_pipe_shutdown(), which leaves the end to the others, and by
 * its own end. When no process holds an end any more, and all that was sent there has been
 * received, the other end finds it closed. A process that the program forks itself holds an end
 * only from its first use on: yoke_pipe_wait() with 0 seconds is one. A process that waits at one end while it holds the
 * other counts for the other only if no process has come to hold it later. An end that no process
 * has held yet is waited for. At most 112 living processes hold an end.
 *
 * Where the calls may be made: see queue.h. What times mean: see status.h.
 */
#ifndef YOKE_PIPE_H
#define YOKE_PIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One end of a pipe. */
typedef struct yoke_pipe yoke_pipe;

/** How to make a pipe. Zero in a field means the default. */
typedef struct yoke_pipe_options {
    /** The first end only receives, the second only sends; otherwise both do both. */
    bool simplex;
    /** Bytes that fit in one direction, counted as in queues of messages of any length; 0:
     *  1 MiB. */
    size_t capacity;
} yoke_pipe_options;

/** Implementation of yoke_pipe_create(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_pipe_create_sized(yoke_pipe *ends[2], yoke_pool *pool,
                                            const yoke_pipe_options *options,
                                            size_t size);

/**
 * Creates a pipe.
 *
 * @param ends     where its two ends go; NULL on failure
 * @param pool     the pool in whose memory it lies
 * @param options  NULL: all defaults
 */
static inline yoke_status yoke_pipe_create(yoke_pipe *ends[2], yoke_pool *pool,
                                           const yoke_pipe_options *options)
{
    return yoke_pipe_create_sized(ends, pool, options, sizeof(yoke_pipe_options));
}

/**
 * Sends a message to the other end. Waits while there is no room.
 *
 * YOKE_ECLOSED if the other end was shut down, or there is no room and its processes have ended.
 * YOKE_EBUSY if 112 living processes hold this end.
 * YOKE_EINVAL if the message is longer than the pipe can ever hold, or this end only receives.
 *
 * @param end      the end
 * @param data     the message, which is copied; NULL only if it has no bytes
 * @param bytes    its length
 * @param seconds  the longest time to wait for room
 */
YOKE_API yoke_status yoke_pipe_send(yoke_pipe *end, const void *data, size_t bytes,
                                    double seconds);

/**
 * Receives a message. Waits while there is none.
 *
 * YOKE_ECLOSED if there is none and the other end was shut down or its processes
 * have ended.
 * YOKE_EINVAL if the message is longer than the room for it: it stays, and *bytes is its length;
 * also if this end only sends.
 *
 * @param end      the end
 * @param data     where the message goes
 * @param bytes    room there; then the message's length
 * @param seconds  the longest time to wait for a message
 */
YOKE_API yoke_status yoke_pipe_recv(yoke_pipe *end, void *data, size_t *bytes,
                                    double seconds);

/**
 * Waits until yoke_pipe_recv() would not wait: YOKE_OK if there is a message, YOKE_ECLOSED if
 * there will be none.
 *
 * @param end      the end
 * @param seconds  the longest time to wait
 */
YOKE_API yoke_status yoke_pipe_wait(yoke_pipe *end, double seconds);

/** Shuts an end down for this process: its calls at this end return YOKE_ECLOSED. If no other
 *  process holds the end, it is shut down for all: the other end receives what was sent, and then
 *  finds it closed. The pipe itself is not destroyed. */
YOKE_API yoke_status yoke_pipe_shutdown(yoke_pipe *end);

/**
 * Destroys a pipe, both ends: calls that wait, and all later ones, return YOKE_ECLOSED. NULL is
 * allowed.
 */
YOKE_API yoke_status yoke_pipe_destroy(yoke_pipe *end);

#ifdef __cplusplus
}
#endif

#endif
