/* SPDX-License-Identifier: MIT */
/* What the calls that submit a job share. */
#ifndef YK_API_SUBMISSION_H
#define YK_API_SUBMISSION_H

#include "base/error.h"
#include "pool/pool.h"

/* Whether pool and kernel may be used, and belong together. */
yoke_status yk_call_check_kernel(yoke_pool *pool, const yoke_kernel *kernel,
                                 yk_error *error);

/* Whether the program was compiled with arguments as they are here. */
yoke_status yk_call_check_arg_size(size_t size, yk_error *error);

/* Hands a future over to the user; `future` is NULL if none is wanted: the job goes on without.
 * `job` is NULL after a failure. */
void yk_call_give_future(yoke_future **future, yoke_future *job);

#endif
