/* SPDX-License-Identifier: MIT */
#include "api/submission.h"

#include "api/call.h"
#include "api/finish.h"
#include "api/live.h"
#include "sys/call_guard.h"

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

yoke_status yk_call_check_arg_size(size_t size, yk_error *error)
{
    return size == sizeof(yoke_arg)
               ? YOKE_OK
               : yk_fail(error, YOKE_EUNSUPPORTED,
                         "the program was compiled with arguments of %zu bytes, the "
                         "library with arguments of %zu",
                         size, sizeof(yoke_arg));
}

void yk_call_give_future(yoke_future **future, yoke_future *job)
{
    if (future != NULL) {
        *future = job;
    } else {
        (void)yoke_future_destroy(job);
    }
}

/* Until the job has ended, with the calling thread's help or without. */
static yoke_status submission_wait(yoke_future *job, yoke_pool *pool, bool caller_helps,
                                   yk_error *error)
{
    yk_future_hold_own(job);
    if (caller_helps) {
        yk_hold(yk_undo_caller, pool, 0);
        yk_caller_work(pool, job->ref);
        yk_hold_end();
        yk_caller_end(pool);
    }
    return yk_finish_held(job, error);
}

yoke_status yk_call_submit(yoke_future **future, yoke_pool *pool,
                           yk_request *submission, yk_error *error)
{
    yoke_future *job = NULL;
    yoke_status status;

    submission->is_users = future != NULL;
    submission->caller_helps = future == NULL && submission->options.caller_helps &&
                               yk_caller_begin(pool, submission->kernel);
    if (submission->caller_helps) {
        yk_hold(yk_undo_caller, pool, 0);
    }
    status = yk_submit(&job, pool, submission, error);
    if (submission->caller_helps) {
        yk_hold_end();
    }
    if (status == YOKE_OK && future == NULL) {
        return submission_wait(job, pool, submission->caller_helps, error);
    }
    if (submission->caller_helps) {
        yk_caller_end(pool);
    }
    if (status == YOKE_OK) {
        *future = job;
    }
    return status;
}
