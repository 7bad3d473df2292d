/* SPDX-License-Identifier: MIT */
#include "yoke/future.h"

#include "api/call.h"
#include "pool/pool.h"
#include "sys/call_guard.h"
#include "sys/process.h"

/* A future of a pool that is gone may be used by anybody, others only by the process
 * that created the pool: a fork's copy of one stands for nothing. */
static yoke_status future_check(const yoke_future *future)
{
    if (future == NULL) {
        return yk_call_fail(NULL, YOKE_EINVAL, "the future is NULL");
    }
    if (future->pool != NULL && future->owner != yk_process_self()) {
        return yk_call_fail(future->pool, YOKE_EINVAL,
                            "the future belongs to the process that forked this one");
    }
    return YOKE_OK;
}

/* With a reference of the caller's, since a callback may give the user's back. */
static yoke_status wait_held(yoke_future *future, double seconds)
{
    yk_error error;

    if (!yk_future_wait(future, seconds)) {
        return YOKE_ETIMEDOUT;
    }
    future->told = true;
    yk_fail(&error, future->status, "%s", future->error != NULL ? future->error : "");
    return yk_call_end(future->pool, future->status, &error);
}

yoke_status yoke_future_wait(yoke_future *future, double seconds)
{
    yoke_status status = future_check(future);
    yoke_pool *pool;
    yk_error error;

    if (status != YOKE_OK) {
        return status;
    }
    status = yk_call_check_seconds(seconds, &error);
    if (status != YOKE_OK) {
        return yk_call_end(future->pool, status, &error);
    }
    if (yk_result_is_making(future)) {
        return yk_call_fail(future->pool, YOKE_EBUSY,
                            "the function that makes the job's result cannot wait for it");
    }
    pool = yk_future_hold(future);
    yk_guard_cancel_point(); /* also if it need not sleep */
    status = wait_held(future, seconds);
    yk_future_unhold(future, pool);
    return status;
}

bool yoke_future_is_done(yoke_future *future)
{
    yoke_pool *pool;
    bool done;

    if (future_check(future) != YOKE_OK) {
        return false;
    }
    pool = yk_future_hold(future);
    done = yk_future_wait(future, 0);
    yk_future_unhold(future, pool);
    return done;
}

double yoke_future_progress(yoke_future *future)
{
    yoke_pool *pool;
    double progress;

    if (future_check(future) != YOKE_OK) {
        return 0;
    }
    pool = yk_future_enter(future);
    if (pool == NULL) {
        return future->progress;
    }
    yk_pool_lock(pool);
    progress = future->collected
                   ? future->progress
                   : yk_job_progress(pool->control,
                                     yk_job_at(pool->control, future->ref));
    yk_pool_unlock(pool);
    yk_pool_leave(pool);
    return progress;
}

yoke_status yoke_future_cancel(yoke_future *future)
{
    const yoke_status status = future_check(future);
    yoke_pool *pool;

    if (status != YOKE_OK) {
        return status;
    }
    pool = yk_future_enter(future);
    if (pool != NULL) {
        yk_future_cancel(future);
        yk_pool_leave(pool);
    }
    return YOKE_OK;
}

const char *yoke_future_error(yoke_future *future)
{
    yoke_pool *pool;
    const char *text;

    if (future_check(future) != YOKE_OK) {
        return "";
    }
    pool = yk_future_enter(future);
    if (pool != NULL) {
        yk_pool_lock(pool);
    }
    text = future->collected && future->error != NULL ? future->error : "";
    future->told |= text[0] != '\0';
    if (pool != NULL) {
        yk_pool_unlock(pool);
        yk_pool_leave(pool);
    }
    return text;
}

yoke_status yoke_future_on_done(yoke_future *future, yoke_on_done *callback,
                                void *context)
{
    yoke_status status = future_check(future);
    yoke_pool *pool;
    bool now;

    if (status != YOKE_OK) {
        return status;
    }
    if (callback == NULL) {
        return yk_call_fail(future->pool, YOKE_EINVAL, "the callback is NULL");
    }
    pool = yk_future_enter(future);
    if (pool != NULL) {
        yk_hold(yk_undo_pool_enter, pool, 0);
        yk_pool_lock(pool);
    }
    now = yk_future_is_over_locked(future);
    if (!now && future->callback != NULL) {
        status = YOKE_EBUSY;
    } else if (!now) {
        future->callback = callback;
        future->callback_context = context;
    }
    if (pool != NULL) {
        yk_pool_unlock(pool);
    }
    if (now) {
        yk_run_callback(pool, future, callback, context);
    }
    if (pool != NULL) {
        yk_hold_end();
        yk_pool_leave(pool);
    }
    return status == YOKE_OK ? YOKE_OK
                             : yk_call_fail(pool, status, "the future has a callback");
}

/* Of a job that has ended well, with a reference of the caller's. */
static void future_take_result(yoke_pool *pool, yoke_future *future, void **result,
                               size_t *bytes)
{
    yk_pool_lock(pool);
    *result = future->result;
    if (bytes != NULL) {
        *bytes = future->result_bytes;
    }
    future->result = NULL;
    future->result_bytes = 0;
    yk_pool_unlock(pool);
}

yoke_status yoke_future_result(yoke_future *future, void **result, size_t *bytes)
{
    yoke_status status = future_check(future);
    yoke_pool *pool;

    if (result != NULL) {
        *result = NULL;
    }
    if (bytes != NULL) {
        *bytes = 0;
    }
    if (status == YOKE_OK && result == NULL) {
        status =
            yk_call_fail(future->pool, YOKE_EINVAL, "where the result goes is NULL");
    }
    if (status != YOKE_OK) {
        return status;
    }
    pool = yk_future_hold(future);
    status = wait_held(future, 0);
    if (status == YOKE_ETIMEDOUT) {
        status = YOKE_EAGAIN; /* a job never ends with it */
    } else if (status == YOKE_OK && pool != NULL) {
        future_take_result(pool, future, result, bytes);
    } else if (status == YOKE_OK && future->is_lost) {
        status =
            yk_call_fail(NULL, YOKE_ECLOSED,
                         "the job's result was freed with its pool, which was closed "
                         "before the result was taken");
    }
    yk_future_unhold(future, pool);
    return status;
}

yoke_status yoke_future_destroy(yoke_future *future)
{
    const yoke_status status = future != NULL ? future_check(future) : YOKE_OK;
    yoke_pool *pool;

    if (future == NULL || status != YOKE_OK) {
        return status;
    }
    pool = yk_future_enter(future);
    if (pool == NULL) {
        yk_future_release_locked(future);
        return YOKE_OK;
    }
    yk_pool_lock(pool);
    /* Of a call that waits, or that nobody wanted a future of, a callback sees one that is
     * not the user's. */
    if (future->is_users) {
        future->is_users = false;
        future->callback = future->on_success = future->on_error = NULL;
        yk_future_release_locked(future);
    }
    yk_pool_unlock(pool);
    yk_pool_leave(pool);
    return YOKE_OK;
}
