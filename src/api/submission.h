/* SPDX-License-Identifier: MIT */
/* What the calls that submit a job share. */
#ifndef YK_API_SUBMISSION_H
#define YK_API_SUBMISSION_H

#include "base/error.h"
#include "pool/pool.h"

/* Whether pool and kernel may be used, and belong together. */
yoke_status yk_call_check_kernel(yoke_pool *pool, const yoke_kernel *kernel,
                                 yk_error *error);

/* Takes the options of a map, of which the program was compiled with `size` bytes, and what
 * yk_call_take_args() takes. */
yoke_status yk_call_take_map(yk_request *submission, const yoke_map_options *options,
                             size_t size, size_t arg_size, yk_error *error);

/* Checks what the range and the arguments of a submission reserve. Copies the arguments if the
 * program was compiled with another size of them, so yk_call_drop_args() must follow, also after
 * a failure. */
yoke_status yk_call_take_args(yk_request *submission, size_t arg_size, yk_error *error);
void yk_call_drop_args(yk_request *submission);

/* Hands a future over to the user; `future` is NULL if none is wanted, and the request's is_users is
 * false: the job goes on without, and its callbacks are run. `job` is NULL after a failure. */
void yk_call_give_future(yoke_future **future, yoke_future *job);

#endif
