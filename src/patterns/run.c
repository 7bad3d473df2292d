/* SPDX-License-Identifier: MIT */
#include "patterns/run.h"

#include "pool/pool.h"
#include "pool/submit.h"
#include "sys/call_guard.h"

/* How the job ended. Between yk_future_hold_own() and yk_future_unhold(). */
static yoke_status run_wait_held(yoke_future *future, yk_error *error)
{
    yk_guard_cancel_point(); /* also if it need not sleep */
    (void)yk_future_wait(future, -1);
    future->told = true;
    if (future->status != YOKE_OK) {
        yk_fail(error, future->status, "%s",
                future->error != NULL ? future->error : "");
    }
    return future->status;
}

static yoke_status run_finish_held(yoke_future *future, yk_error *error)
{
    yoke_pool *pool = future->pool;
    const yoke_status status = run_wait_held(future, error);

    yk_future_unhold(future, pool);
    return status;
}

yoke_status yk_run_finish(yoke_future *future, yk_error *error)
{
    yk_future_hold_own(future);
    return run_finish_held(future, error);
}

/* Until the job has ended, with the calling thread's help or without. */
static yoke_status run_wait(yoke_future *job, yoke_pool *pool, bool caller_helps,
                            yk_error *error)
{
    yk_future_hold_own(job);
    if (caller_helps) {
        yk_hold(yk_undo_caller, pool, 0);
        yk_caller_work(pool, job->ref);
        yk_hold_end();
        yk_caller_end(pool);
    }
    return run_finish_held(job, error);
}

yoke_status yk_run(yoke_future **future, yoke_pool *pool, yk_request *request,
                   yk_error *error)
{
    yoke_future *job = NULL;
    yoke_status status;

    request->is_users = future != NULL;
    request->caller_helps = future == NULL && request->options.caller_helps &&
                            yk_caller_begin(pool, request->kernel);
    if (request->caller_helps) {
        yk_hold(yk_undo_caller, pool, 0);
    }
    status = yk_submit(&job, pool, request, error);
    if (request->caller_helps) {
        yk_hold_end();
    }
    if (status == YOKE_OK && future == NULL) {
        return run_wait(job, pool, request->caller_helps, error);
    }
    if (request->caller_helps) {
        yk_caller_end(pool);
    }
    if (status == YOKE_OK) {
        *future = job;
    }
    return status;
}
