/* SPDX-License-Identifier: MIT */
#include "yoke/future.h"

#include "api/call.h"
#include "api/valid.h"
#include "patterns/run.h"
#include "pool/pool.h"
#include "sys/process.h"

/* A future of a pool that is gone may be used by anybody, others only by the process
 * that created the pool: a fork's copy of one stands for nothing. */
static yoke_status future_check(const yoke_future *future)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_valid_check(future, YK_HANDLE_FUTURE, &error);
    if (status != YOKE_OK) {
        return yk_call_end(NULL, status, &error);
    }
    if (future->pool != NULL && future->owner != yk_process_self()) {
        return yk_call_fail(future->pool, YOKE_EINVAL,
                            "the future belongs to the process that forked this one");
    }
    return YOKE_OK;
}

yoke_status yoke_future_wait(yoke_future *future, double seconds)
{
    yoke_status status = future_check(future);
    const yoke_pool *pool;
    yk_error error;

    if (status != YOKE_OK) {
        return status;
    }
    yk_error_clear(&error);
    pool = future->pool;
    status = yk_call_check_seconds(seconds, &error);
    if (status == YOKE_OK) {
        status = yk_run_wait(future, seconds, &error);
    }
    return status == YOKE_ETIMEDOUT ? status : yk_call_end(pool, status, &error);
}

bool yoke_future_is_done(yoke_future *future)
{
    yoke_pool *pool;
    bool done;

    if (future_check(future) != YOKE_OK) {
        return false;
    }
    pool = yk_future_hold(future);
    done = yk_future_is_done(future);
    yk_future_unhold(future, pool);
    return done;
}

bool yoke_future_is_running(yoke_future *future)
{
    return future_check(future) == YOKE_OK && yk_future_get_running(future);
}

double yoke_future_progress(yoke_future *future)
{
    return future_check(future) == YOKE_OK ? yk_future_get_progress(future) : 0;
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
    return future_check(future) == YOKE_OK ? yk_future_get_error(future) : "";
}

yoke_status yoke_future_on_done(yoke_future *future, yoke_on_done *callback,
                                void *context)
{
    yoke_status status = future_check(future);
    const yoke_pool *pool;

    if (status != YOKE_OK) {
        return status;
    }
    pool = future->pool;
    if (callback == NULL) {
        return yk_call_fail(pool, YOKE_EINVAL, "the callback is NULL");
    }
    status = yk_future_add_callback(future, callback, context);
    return status == YOKE_OK ? YOKE_OK : yk_call_fail(pool, status, "out of memory");
}

yoke_status yoke_future_result(yoke_future *future, void **result, size_t *bytes)
{
    yoke_status status = future_check(future);
    const yoke_pool *pool;
    yk_error error;

    if (result != NULL) {
        *result = NULL;
    }
    if (bytes != NULL) {
        *bytes = 0;
    }
    if (status != YOKE_OK) {
        return status;
    }
    pool = future->pool;
    if (result == NULL) {
        return yk_call_fail(pool, YOKE_EINVAL, "`result` is NULL");
    }
    yk_error_clear(&error);
    status = yk_run_result(future, result, bytes, &error);
    /* A job never ends with it. */
    return status == YOKE_ETIMEDOUT ? YOKE_EAGAIN : yk_call_end(pool, status, &error);
}

yoke_status yoke_future_destroy(yoke_future *future)
{
    const yoke_status status = future != NULL ? future_check(future) : YOKE_OK;

    if (future != NULL && status == YOKE_OK) {
        yk_future_give_up(future);
    }
    return status;
}
