/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A job that was submitted and may not have ended yet.
 */
#ifndef YOKE_FUTURE_H
#define YOKE_FUTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_future yoke_future;

/**
 * Called once, when a job has ended, in a thread of the application that is inside
 * yoke_future_wait(), yoke_future_is_done(), yoke_pool_poll() or another call on the pool. Of
 * jobs that such a call finds to have ended, the one that was submitted first comes first.
 *
 * It may make calls on the pool, also such that wait, and give futures back, this one or
 * others. What ends meanwhile has its callbacks called when it has returned. It cannot close
 * the pool: YOKE_EBUSY. If it is called while the pool is being closed, calls on the pool end
 * with YOKE_ECLOSED.
 *
 * A C++ exception that it throws reaches the function that made the call. The callback counts
 * as called. The next wait or poll calls the others that are due.
 */
typedef void yoke_on_done(yoke_future *future, yoke_status status, void *context);

/**
 * Waits until the job has ended.
 *
 * @param future   the job
 * @param seconds  the longest time to wait
 * @return how the job ended, or YOKE_ETIMEDOUT if it has not. YOKE_ESTOPPED: it has not, and may
 *         not, since the pool's supervisor is stopped; it can be waited for again
 */
YOKE_API yoke_status yoke_future_wait(yoke_future *future, double seconds);

/** Whether the job has ended, well or not. Does not wait. */
YOKE_API bool yoke_future_is_done(yoke_future *future);

/**
 * Whether the job has begun and has not ended: a worker has taken a chunk of it. Otherwise it waits
 * for workers or for other jobs, or it is done. Does not wait, and calls no callbacks.
 */
YOKE_API bool yoke_future_is_running(yoke_future *future);

/** The share of the range that is done, 0 to 1. */
YOKE_API double yoke_future_progress(yoke_future *future);

/**
 * Asks the job to end early with YOKE_ECANCELED: no further chunk is started, those that
 * run are finished. No effect on a job that has ended. Does not wait.
 */
YOKE_API yoke_status yoke_future_cancel(yoke_future *future);

/** Why the job failed, "" if it did not or has not ended; borrowed from the future. */
YOKE_API const char *yoke_future_error(yoke_future *future);

/**
 * Adds a function that is called when the job has ended; it is called at once if the job
 * already has. A future may have any number of them. They are called in the order in which they
 * were added, after the callback of the submission. YOKE_ENOMEM: it will not be called.
 *
 * @param future    the job
 * @param callback  the function
 * @param context   handed to it
 */
YOKE_API yoke_status yoke_future_on_done(yoke_future *future, yoke_on_done *callback,
                                         void *context);

/**
 * Takes the result of yoke_apply_async(). It is memory of the pool, and the caller's from now
 * on, to be given back with yoke_free(); if it is not taken it is freed with the
 * future. Does not wait.
 *
 * @param future  the job
 * @param result  where the memory goes; NULL if there is none: the task has given none, it
 *                has been taken, or the job is a map
 * @param bytes   where its size goes; may be NULL
 * @return YOKE_EAGAIN if the job has not ended; YOKE_ECLOSED if there was a result, and closing
 *         the pool has freed it; else how the job ended
 */
YOKE_API yoke_status yoke_future_result(yoke_future *future, void **result,
                                        size_t *bytes);

/**
 * Destroys a future. The job goes on, and callbacks that have not been called yet will not be
 * called. If the job fails, or has failed and the program has not read that from the future,
 * yoke_pool_wait() or yoke_pool_close() reports the failure. A future that is not the program's
 * is left alone: that of a callback whose call waits, or was given NULL in the future's place.
 * NULL is allowed. A destroyed future must not be used any more, not even in this call.
 */
YOKE_API yoke_status yoke_future_destroy(yoke_future *future);

#ifdef __cplusplus
}
#endif

#endif
