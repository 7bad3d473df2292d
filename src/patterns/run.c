/* SPDX-License-Identifier: MIT */
#include "patterns/run.h"

#include "patterns/parts_by.h"
#include "patterns/sums.h"
#include "pool/pool.h"
#include "pool/submit.h"
#include "sys/call_guard.h"

/* How the job ended. If it has not, *over is false: YOKE_ETIMEDOUT, or what yk_future_wait()
 * says. The caller holds the future. */
static yoke_status run_wait_held(yoke_future *future, double seconds, bool *over,
                                 yk_error *error)
{
    const yoke_status status = yk_future_wait(future, seconds, error);

    *over = status == YOKE_OK;
    if (!*over) {
        return status;
    }
    future->told = true;
    if (future->status != YOKE_OK) {
        yk_fail(error, future->status, "%s",
                future->error != NULL ? future->error : "");
    }
    return future->status;
}

/* Ends yk_future_hold_own(). NULL for the result: it is not wanted. */
static yoke_status run_finish_held(yoke_future *future, void **result, size_t *bytes,
                                   yk_error *error)
{
    yoke_pool *pool = future->pool;
    yoke_status status;
    bool over;

    yk_guard_cancel_point(); /* also if it need not sleep */
    status = run_wait_held(future, -1, &over, error);
    if (!over) {
        yk_future_abandon(future);
        return status;
    }
    if (status == YOKE_OK && result != NULL) {
        yk_future_take_result(pool, future, result, bytes);
    }
    yk_future_unhold(future, pool);
    return status;
}

yoke_status yk_run_finish(yoke_future *future, yk_error *error)
{
    yk_future_hold_own(future);
    return run_finish_held(future, NULL, NULL, error);
}

yoke_status yk_run_finish_result(yoke_future *future, void **result, size_t *bytes,
                                 yk_error *error)
{
    yk_future_hold_own(future);
    return run_finish_held(future, result, bytes, error);
}

yoke_status yk_run_wait(yoke_future *future, double seconds, yk_error *error)
{
    yoke_pool *pool;
    yoke_status status;
    bool over;

    if (yk_result_is_making(future)) {
        return yk_fail(error, YOKE_EBUSY,
                       "the function that makes the job's result cannot wait for it");
    }
    pool = yk_future_hold(future);
    yk_guard_cancel_point(); /* also if it need not sleep */
    status = run_wait_held(future, seconds, &over, error);
    yk_future_unhold(future, pool);
    return status;
}

yoke_status yk_run_result(yoke_future *future, void **result, size_t *bytes,
                          yk_error *error)
{
    yoke_pool *pool = yk_future_hold(future);
    bool over;
    yoke_status status = run_wait_held(future, 0, &over, error);

    if (status == YOKE_OK && pool != NULL) {
        yk_future_take_result(pool, future, result, bytes);
    } else if (status == YOKE_OK && future->is_lost) {
        status = yk_fail(error, YOKE_ECLOSED,
                         "the job's result was freed with its pool, which was closed "
                         "before the result was taken");
    }
    yk_future_unhold(future, pool);
    return status;
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
    return run_finish_held(job, NULL, NULL, error);
}

yoke_status yk_run_nothing(yoke_future **future, yoke_pool *pool,
                           const yk_request *request, yk_error *error)
{
    if (future != NULL) {
        *future = yk_future_create_ended(pool, request);
        if (*future == NULL) {
            return yk_fail(error, YOKE_ENOMEM, "out of memory");
        }
    }
    return YOKE_OK;
}

static void run_drop(yoke_pool *pool, yk_request *request)
{
    yk_pool_lock(pool);
    yk_completions_drop(request->completions, pool, NULL);
    yk_pool_unlock(pool);
}

yoke_status yk_run_begin(yoke_future **future, yoke_pool *pool, yk_request *request,
                         yk_error *error)
{
    const yoke_status status = yk_sums_attach(pool, request, error);

    if (status != YOKE_OK) {
        run_drop(pool, request);
        return status;
    }
    return yk_submit(future, pool, request, error);
}

yoke_status yk_run(yoke_future **future, yoke_pool *pool, yk_request *request,
                   yk_error *error)
{
    yoke_future *job = NULL;
    yoke_status status = yk_parts_by_attach(pool, request, error);

    if (status == YOKE_OK) {
        status = yk_sums_attach(pool, request, error);
    }
    if (status != YOKE_OK) {
        run_drop(pool, request);
        return status;
    }
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
