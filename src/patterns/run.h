/* SPDX-License-Identifier: MIT */
/* Submitting a job and, where no future is wanted, waiting for it with the calling thread's
 * help; waiting for futures, and their results. */
#ifndef YK_PATTERNS_RUN_H
#define YK_PATTERNS_RUN_H

#include "base/error.h"
#include "launch/request.h"
#include "yoke/future.h"

/* Submits a job. NULL for the future: works on it if the options say so, and waits; then
 * the status is how it ended. */
yoke_status yk_run(yoke_future **future, yoke_pool *pool, yk_request *request,
                   yk_error *error);

/* Submits a job; nothing more. */
yoke_status yk_run_begin(yoke_future **future, yoke_pool *pool, yk_request *request,
                         yk_error *error);

/* yk_run() for a request of no items, which has ended well. NULL for the future: nothing is done. */
yoke_status yk_run_nothing(yoke_future **future, yoke_pool *pool,
                           const yk_request *request, yk_error *error);

/* Waits for a job and gives its future back. How it ended, in error too. */
yoke_status yk_run_finish(yoke_future *future, yk_error *error);

/* The same, and hands over the result of a job that has ended well. NULL: it is not wanted. */
yoke_status yk_run_finish_result(yoke_future *future, void **result, size_t *bytes,
                                 yk_error *error);

/* Waits for a job of which the program has the future. How it ended, in error too.
 * YOKE_ETIMEDOUT: it has not. YOKE_EBUSY: the thread is in the function that makes its result. */
yoke_status yk_run_wait(yoke_future *future, double seconds, yk_error *error);

/* The same at once, and hands over the result. YOKE_ECLOSED: the result went with its pool. */
yoke_status yk_run_result(yoke_future *future, void **result, size_t *bytes,
                          yk_error *error);

#endif
