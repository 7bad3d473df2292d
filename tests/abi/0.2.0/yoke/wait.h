/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Waiting for the first of several things.
 *
 * Things are queues, the ends of pipes, events, semaphores, futures and processes, in any mixture.
 * A thing is *ready* if the call that waits for it would return at once:
 *
 * - a queue, or the end of a pipe: a message can be got, or there will be none any more since the
 *   queue was shut down or aborted, or the other end is closed or its processes have died;
 * - an event: it is set; a semaphore: there are permits;
 * - a future: its job has ended, well or not; a process: it has ended.
 *
 * A thing that was destroyed or damaged meanwhile is ready, too: a call on it returns that. Ready
 * is not reserved: another thread may be first, so get from it with 0 seconds, and wait again if
 * there was nothing.
 *
 * The call may be made in the application, in native functions and tasks, and in processes: where
 * calls on these things may be made (see queue.h). Futures are the application's, and a process is
 * waited for where it was started.
 */
#ifndef YOKE_WAIT_H
#define YOKE_WAIT_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What yoke_wait_any() reports besides. Zero in a field means the default. */
typedef struct yoke_wait_options {
    /** `count` values: whether each thing was ready, all at about the same time. Filled in if the
     *  status is YOKE_OK or YOKE_ETIMEDOUT. NULL: not wanted. */
    bool *ready;
} yoke_wait_options;

/** Implementation of yoke_wait_any(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_wait_any_sized(void *const *things, size_t count,
                                         size_t *index, double seconds,
                                         const yoke_wait_options *options, size_t size);

/**
 * Waits until one of several things is ready. If several are, *index is the first in the list: a
 * thing that is always ready hides those behind it, unless options->ready is used, or the list is
 * turned.
 *
 * Callbacks of futures may be called in it, as in yoke_future_wait(). The death of a process is
 * noticed within 0.1 s; all else wakes the thread at once.
 *
 * @param things   the things, all of one pool; the list may have a thing twice
 * @param count    how many; at least 1
 * @param index    where the index of the first that is ready goes; left alone unless the status is
 *                 YOKE_OK. May be NULL
 * @param seconds  the longest time to wait
 * @param options  NULL: all defaults
 * @return YOKE_OK if one is ready; YOKE_ETIMEDOUT if none is; YOKE_EINVAL if something in the list
 *         is nothing that one can wait for here, is of another pool, or is the end of a pipe that
 *         only sends; YOKE_ECLOSED if it was not valid any more at the start; YOKE_EBUSY if 112
 *         living processes hold that end of a pipe, or in the function that makes a future's result; YOKE_EBROKEN if the pool's supervisor has
 *         died, and no future or process is in the list; YOKE_ENOMEM
 */
static inline yoke_status yoke_wait_any(void *const *things, size_t count,
                                        size_t *index, double seconds,
                                        const yoke_wait_options *options)
{
    return yoke_wait_any_sized(things, count, index, seconds, options,
                               sizeof(yoke_wait_options));
}

#ifdef __cplusplus
}
#endif

#endif
