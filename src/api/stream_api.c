/* SPDX-License-Identifier: MIT */
#include "yoke/stream.h"

#include <string.h>

#include "api/call.h"
#include "api/live.h"
#include "api/submission.h"
#include "patterns/stream.h"
#include "sys/call_guard.h"

static yoke_status stream_check_open(yoke_stream **stream, const yoke_pool *pool,
                                     const yoke_stream_options *options,
                                     yoke_stream_source *next, yk_error *error)
{
    const yoke_status status = yk_call_check(pool, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (stream == NULL || options == NULL || next == NULL) {
        return yk_fail(error, YOKE_EINVAL, "%s is NULL",
                       stream == NULL    ? "where the stream goes"
                       : options == NULL ? "options"
                                         : "the source");
    }
    return YOKE_OK;
}

yoke_status yoke_stream_create_sized(yoke_stream **stream, yoke_pool *pool,
                                     const yoke_stream_options *options, size_t size,
                                     size_t arg_size, yoke_stream_source *next,
                                     void *context)
{
    yoke_stream_options all;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    if (stream != NULL) {
        *stream = NULL;
    }
    status = stream_check_open(stream, pool, options, next, &error);
    if (status == YOKE_OK) {
        status = yk_call_check_arg_size(arg_size, &error);
    }
    if (status == YOKE_OK) {
        memset(&all, 0, sizeof all);
        yk_call_take_options(&all, sizeof all, options, size);
        if (all.kernel != NULL && !yk_live_has_kernel(pool, all.kernel)) {
            status =
                yk_fail(&error, YOKE_EINVAL,
                        "the kernel belongs to another pool or has been destroyed");
        }
    }
    if (status == YOKE_OK) {
        status =
            yk_stream_create(stream, pool, !all.unordered, &all, next, context, &error);
    }
    if (status == YOKE_OK) {
        (*stream)->serial = yk_live_serial(pool);
        if (!yk_live_add_alone(*stream)) {
            yk_stream_destroy(*stream, true);
            *stream = NULL;
            status = yk_fail(&error, YOKE_ENOMEM, "out of memory");
        }
    }
    return yk_call_end(pool, status, &error);
}

/* Whether the stream may be used: its pool is there, and it is this process's. */
static yoke_status stream_check(const yoke_stream *stream, yk_error *error)
{
    yoke_status status;

    if (stream == NULL) {
        return yk_fail(error, YOKE_EINVAL, "the stream is NULL");
    }
    if (!yk_live_is_alone(stream)) {
        return yk_fail(error, YOKE_ECLOSED, "this is no stream, or one that was destroyed");
    }
    status = yk_call_check(stream->pool, error);
    if (status == YOKE_OK && yk_live_serial(stream->pool) != stream->serial) {
        status = yk_fail(error, YOKE_ECLOSED, "the stream's pool was closed");
    }
    return status;
}

yoke_status yoke_stream_next(yoke_stream *stream, void **result, double seconds)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    if (result != NULL) {
        *result = NULL;
    }
    status = stream_check(stream, &error);
    if (status == YOKE_OK && result == NULL) {
        status = yk_fail(&error, YOKE_EINVAL, "where the result goes is NULL");
    }
    if (status == YOKE_OK) {
        status = yk_call_check_seconds(seconds, &error);
    }
    if (status == YOKE_OK) {
        status = yk_stream_next(stream, result, seconds, &error);
    }
    return yk_call_end(yk_live_is_alone(stream) ? stream->pool : NULL, status, &error);
}

size_t yoke_stream_index(const yoke_stream *stream)
{
    return yk_live_is_alone(stream) ? stream->index : 0;
}

/* A callback was left, or the thread was cancelled: the stream can be destroyed once more. */
static void undo_destroy(void *stream, uint64_t unused)
{
    (void)yk_live_add_alone(stream);
    yk_stream_undo(stream, unused);
}

yoke_status yoke_stream_destroy(yoke_stream *stream)
{
    yk_error error;
    bool has_pool;

    if (stream == NULL) {
        return YOKE_OK;
    }
    yk_guard_settle();
    if (!yk_live_is_alone(stream)) {
        return yk_call_fail(NULL, YOKE_ECLOSED,
                            "this is no stream, or one that was destroyed");
    }
    if (stream->busy) {
        return yk_call_fail(stream->pool, YOKE_EBUSY,
                            "a call on this stream is under way: its source, or a "
                            "callback, cannot destroy it");
    }
    has_pool = stream_check(stream, &error) == YOKE_OK;
    if (yk_live_remove_handle(stream)) {
        yk_hold(undo_destroy, stream, 0);
        yk_stream_destroy(stream, has_pool);
        yk_hold_end();
    }
    return YOKE_OK;
}
