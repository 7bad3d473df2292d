/* SPDX-License-Identifier: MIT */
#include "api/submission.h"

#include "api/call.h"
#include "api/finish.h"
#include "api/live.h"

yoke_status yk_call_check_kernel(yoke_pool *pool, const yoke_kernel *kernel,
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

yoke_status yk_call_submit(yoke_future **future, yoke_pool *pool,
                           yk_submission *submission, yk_error *error)
{
    yoke_future *job = NULL;
    yoke_status status;

    submission->is_users = future != NULL;
    submission->caller_helps = future == NULL && submission->options.caller_helps &&
                               yk_caller_begin(pool, submission->kernel);
    status = yk_submit(&job, pool, submission, error);
    if (submission->caller_helps) {
        if (status == YOKE_OK) {
            yk_caller_work(pool, job->ref);
        }
        yk_caller_end(pool);
    }
    if (status == YOKE_OK && future != NULL) {
        *future = job;
        return YOKE_OK;
    }
    return status == YOKE_OK ? yk_finish(job, error) : status;
}
