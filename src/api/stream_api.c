/* SPDX-License-Identifier: MIT */
#include "yoke/stream.h"

#include <string.h>

#include "api/call.h"
#include "api/submission.h"
#include "api/valid.h"
#include "patterns/stream.h"
#include "sys/call_guard.h"
#include "sys/process.h"

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
                       stream == NULL    ? "`stream`"
                       : options == NULL ? "`options`"
                                         : "`next`, the source,");
    }
    return YOKE_OK;
}

/* What a call of the program gives. */
typedef struct stream_call {
    yoke_stream_options options;
    yoke_stream_source *next;
    void *context;
} stream_call;

static yoke_status stream_create(yoke_stream **stream, yoke_pool *pool,
                                 stream_call *call, size_t arg_size, yk_error *error)
{
    yoke_stream_options *options = &call->options;
    yk_request request = {.range = options->range,
                          .args = options->args,
                          .arg_count = options->arg_count};
    yoke_status status = yk_call_take_args(&request, arg_size, error);

    options->args = request.args;
    if (status == YOKE_OK && options->kernel != NULL) {
        status = yk_call_check_kernel(pool, options->kernel, error);
    }
    if (status == YOKE_OK) {
        status = yk_stream_create(stream, pool, !options->unordered, options,
                                  call->next, call->context, error);
    }
    yk_call_drop_args(&request);
    return status;
}

yoke_status yoke_stream_create_sized(yoke_stream **stream, yoke_pool *pool,
                                     const yoke_stream_options *options, size_t size,
                                     size_t arg_size, yoke_stream_source *next,
                                     void *context)
{
    stream_call call = {.next = next, .context = context};
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    if (stream != NULL) {
        *stream = NULL;
    }
    status = stream_check_open(stream, pool, options, next, &error);
    if (status == YOKE_OK) {
        status = yk_call_take(&call.options, YK_CALL_RESERVED(yoke_stream_options),
                              options, size, &error);
    }
    if (status == YOKE_OK) {
        status = stream_create(stream, pool, &call, arg_size, &error);
    }
    return yk_call_end(pool, status, &error);
}

/* Whether the stream may be used: its pool is there, and it is this process's. */
static yoke_status stream_check(const yoke_stream *stream, yk_error *error)
{
    yoke_status status = yk_valid_check(stream, YK_HANDLE_STREAM, error);

    if (status != YOKE_OK) {
        return status;
    }
    status = yk_call_check(stream->pool, error);
    if (status == YOKE_OK && yk_handle_serial(stream->pool) != stream->pool_serial) {
        status = yk_fail(error, YOKE_ECLOSED, "the stream's pool was closed");
    }
    return status;
}

/* NULL if the stream is not valid. */
static const yoke_pool *stream_pool_of(const yoke_stream *stream)
{
    return yk_valid_is(stream, YK_HANDLE_STREAM) ? stream->pool : NULL;
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
        status = yk_fail(&error, YOKE_EINVAL, "`result` is NULL");
    }
    if (status == YOKE_OK) {
        status = yk_call_check_seconds(seconds, &error);
    }
    if (status == YOKE_OK) {
        status = yk_stream_next(stream, result, seconds, &error);
    }
    return yk_call_end(stream_pool_of(stream), status, &error);
}

size_t yoke_stream_index(const yoke_stream *stream)
{
    return yk_valid_is(stream, YK_HANDLE_STREAM) ? stream->index : 0;
}

bool yoke_stream_has_ended(const yoke_stream *stream)
{
    return !yk_valid_is(stream, YK_HANDLE_STREAM) || stream->is_over ||
           stream->failure != YOKE_OK;
}

/* A callback was left, or the thread was cancelled: the stream can be destroyed once more. */
static void undo_destroy(void *stream, uint64_t unused)
{
    yk_handle_resume(stream);
    yk_stream_undo(stream, unused);
}

yoke_status yoke_stream_destroy(yoke_stream *stream)
{
    yk_error error;
    yoke_status status;
    bool has_pool;

    if (stream == NULL) {
        return YOKE_OK;
    }
    yk_guard_settle();
    yk_error_clear(&error);
    status = yk_valid_check(stream, YK_HANDLE_STREAM, &error);
    if (status != YOKE_OK) {
        return yk_call_end(NULL, status, &error);
    }
    if (stream->busy) {
        return yk_call_fail(stream->pool, YOKE_EBUSY,
                            "a call on this stream is under way: its source, or a "
                            "callback, cannot destroy it");
    }
    has_pool = stream_check(stream, &error) == YOKE_OK;
    if (yk_handle_owner(stream) == yk_process_self() && yk_handle_suspend(stream)) {
        yk_hold(undo_destroy, stream, 0);
        yk_stream_destroy(stream, has_pool);
        yk_hold_end();
    }
    return YOKE_OK;
}
