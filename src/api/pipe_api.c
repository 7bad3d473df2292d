/* SPDX-License-Identifier: MIT */
#include "yoke/pipe.h"

#include "api/call.h"
#include "api/object_call.h"
#include "base/bits.h"
#include "ipc/pipe.h"

enum { DEFAULT_BYTES = 1 << 20, LEAST_BYTES = 16 };

static yoke_status pipe_make(yoke_pipe *result[2], yoke_pool *pool,
                             const yoke_pipe_options *options)
{
    const uint64_t capacity =
        options->capacity == 0 ? DEFAULT_BYTES : yk_max(options->capacity, LEAST_BYTES);
    const uint64_t bytes = yk_pipe_bytes(capacity);
    yoke_status status;
    yk_pipe_end *ends;
    yk_error error;

    if (bytes == 0) {
        return yk_call_fail(pool, YOKE_EINVAL, "the pipe would hold more than 64 TiB");
    }
    ends = yk_object_alloc(pool, result, bytes, YK_ZONE_OBJECTS, &status);
    if (ends == NULL) {
        return status;
    }
    yk_error_clear(&error);
    yk_pipe_init(ends, capacity, options->simplex);
    status = yk_pipe_publish(ends, &pool->objects, &pool->arena, &error);
    if (status != YOKE_OK) {
        return yk_call_end(pool, status, &error);
    }
    result[0] = (yoke_pipe *)&ends[0];
    result[1] = (yoke_pipe *)&ends[1];
    return YOKE_OK;
}

yoke_status yoke_pipe_create_sized(yoke_pipe *ends[2], yoke_pool *pool,
                                   const yoke_pipe_options *given, size_t size)
{
    yoke_pipe_options options;
    yoke_status status;

    if (ends != NULL) {
        ends[0] = ends[1] = NULL;
    }
    status = yk_object_take(pool, ends, &options, YK_CALL_STRUCT(yoke_pipe_options),
                            given, size);
    return status == YOKE_OK ? pipe_make(ends, pool, &options) : status;
}

static yoke_status pipe_begin(yk_pipe_use *use, yoke_pipe *handle, double seconds,
                              uint64_t *deadline)
{
    yoke_status status;

    YK_OBJECT_CHECK(handle, YK_MAGIC_PIPE);
    status = yk_pipe_begin(use, (yk_pipe_end *)handle);
    if (status == YOKE_OK) {
        return yk_object_deadline(handle, seconds, deadline);
    }
    if (status == YOKE_EBUSY) {
        return yk_object_fail(handle, status,
                              "%d living processes have this end of the pipe, the maximum",
                              YK_PIPE_HOLDERS);
    }
    return use->is_shut
               ? yk_object_fail(handle, status, "this end of the pipe was closed")
               : yk_object_end(handle, status);
}

static yoke_status pipe_end_call(const yoke_pipe *handle, yoke_status status)
{
    return status == YOKE_ECLOSED
               ? yk_object_fail(
                     handle, status,
                     "the other end of the pipe was closed, or its process died")
               : yk_object_end(handle, status);
}

yoke_status yoke_pipe_send(yoke_pipe *handle, const void *data, size_t bytes,
                           double seconds)
{
    yk_pipe_use use;
    uint64_t deadline;
    const yoke_status status = pipe_begin(&use, handle, seconds, &deadline);

    if (status != YOKE_OK) {
        return status;
    }
    if (use.out == NULL) {
        return yk_object_fail(handle, YOKE_EINVAL,
                              "this end of the pipe only receives");
    }
    if (data == NULL && bytes != 0) {
        return yk_object_fail(handle, YOKE_EINVAL, "the message is NULL");
    }
    if (bytes > yk_queue_longest(use.out)) {
        return yk_object_fail(
            handle, YOKE_EINVAL,
            "a message of %zu bytes: this pipe takes at most %llu bytes", bytes,
            (unsigned long long)yk_queue_longest(use.out));
    }
    return pipe_end_call(handle, yk_pipe_send(&use, data, bytes, deadline));
}

yoke_status yoke_pipe_recv(yoke_pipe *handle, void *data, size_t *bytes, double seconds)
{
    yk_pipe_use use;
    uint64_t deadline;
    uint64_t length;
    size_t room;
    yoke_status status = pipe_begin(&use, handle, seconds, &deadline);

    if (status != YOKE_OK) {
        return status;
    }
    if (use.in == NULL) {
        return yk_object_fail(handle, YOKE_EINVAL, "this end of the pipe only sends");
    }
    if (bytes == NULL || (data == NULL && *bytes != 0)) {
        return yk_object_fail(handle, YOKE_EINVAL,
                              "`data`, the address for the message, or `bytes` is NULL");
    }
    length = room = *bytes;
    status = yk_pipe_recv(&use, data, &length, deadline);
    *bytes = length;
    return status == YOKE_EINVAL
               ? yk_object_fail(handle, status,
                                "the message has %zu bytes, the room %zu", *bytes, room)
               : pipe_end_call(handle, status);
}

yoke_status yoke_pipe_wait(yoke_pipe *handle, double seconds)
{
    yk_pipe_use use;
    uint64_t deadline;
    const yoke_status status = pipe_begin(&use, handle, seconds, &deadline);

    if (status != YOKE_OK) {
        return status;
    }
    if (use.in == NULL) {
        return yk_object_fail(handle, YOKE_EINVAL, "this end of the pipe only sends");
    }
    return pipe_end_call(handle, yk_pipe_poll(&use, deadline));
}

yoke_status yoke_pipe_shutdown(yoke_pipe *handle)
{
    yoke_status status;

    YK_OBJECT_CHECK(handle, YK_MAGIC_PIPE);
    status = yk_pipe_shut((yk_pipe_end *)handle);
    return status == YOKE_OK ? status : yk_object_end(handle, status);
}

yoke_status yoke_pipe_destroy(yoke_pipe *end)
{
    return yk_object_destroy(end, YK_MAGIC_PIPE, true);
}
