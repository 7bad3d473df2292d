/* SPDX-License-Identifier: MIT */
#include "yoke/trace.h"

#include "api/call.h"
#include "pool/trace.h"

yoke_status yoke_trace_start(yoke_pool *pool)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
    if (status == YOKE_OK) {
        status = yk_trace_start(pool, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_trace_stop(yoke_pool *pool)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
    if (status == YOKE_OK) {
        yk_trace_stop(pool);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_trace_write(yoke_pool *pool, const char *path)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
    if (status == YOKE_OK && path == NULL) {
        status = yk_fail(&error, YOKE_EINVAL, "the path is NULL");
    }
    if (status == YOKE_OK) {
        status = yk_trace_write(pool, path, &error);
    }
    return yk_call_end(pool, status, &error);
}
