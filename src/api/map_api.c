/* SPDX-License-Identifier: MIT */
#include "yoke/map.h"

#include <string.h>

#include "api/call.h"
#include "api/finish.h"
#include "api/live.h"
#include "pool/pool.h"

static yoke_status check_handles(yoke_pool *pool, const yoke_kernel *kernel,
                                 yk_error *error)
{
    const yoke_status status = yk_call_check(pool, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (kernel == NULL) {
        return yk_fail(error, YOKE_EINVAL, "the kernel is NULL");
    }
    if (!yk_live_has_kernel(pool, kernel)) {
        return yk_fail(error, YOKE_EINVAL,
                       "the kernel belongs to another pool or has been destroyed");
    }
    return YOKE_OK;
}

yoke_status yoke_map_args_sized(yoke_future **future, yoke_pool *pool,
                                yoke_kernel *kernel, yoke_range range,
                                const yoke_map_options *options, size_t size,
                                const yoke_arg *args, size_t count)
{
    yk_submission submission = {
        .kernel = kernel, .range = range, .args = args, .count = count};
    yoke_future *job = NULL;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    if (future != NULL) {
        *future = NULL;
    }
    if (options != NULL) {
        memcpy(&submission.options, options,
               size < sizeof *options ? size : sizeof *options);
    }
    status = check_handles(pool, kernel, &error);
    if (status == YOKE_OK) {
        submission.caller_helps = future == NULL && submission.options.caller_helps &&
                                  yk_caller_begin(pool, kernel);
        status = yk_submit(&job, pool, &submission, &error);
    }
    if (submission.caller_helps) {
        if (status == YOKE_OK) {
            yk_caller_work(pool, job->ref);
        }
        yk_caller_end(pool);
    }
    if (status == YOKE_OK && future != NULL) {
        *future = job;
    } else if (status == YOKE_OK) {
        status = yk_finish(pool, job, &error);
    }
    return yk_call_end(pool, status, &error);
}
