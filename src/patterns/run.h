/* SPDX-License-Identifier: MIT */
/* Submitting a job and, where no future is wanted, waiting for it with the calling thread's
 * help. */
#ifndef YK_PATTERNS_RUN_H
#define YK_PATTERNS_RUN_H

#include "base/error.h"
#include "launch/request.h"
#include "yoke/future.h"

/* Submits a job. NULL for the future: works on it if the options say so, and waits; then
 * the status is how it ended. */
yoke_status yk_run(yoke_future **future, yoke_pool *pool, yk_request *request,
                   yk_error *error);

/* Waits for a job and gives its future back. How it ended, in error too. */
yoke_status yk_run_finish(yoke_future *future, yk_error *error);

#endif
