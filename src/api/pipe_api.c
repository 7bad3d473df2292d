/* SPDX-License-Identifier: MIT */
#include "yoke/pipe.h"

#include <assert.h>
#include <stddef.h>

#include "api/call.h"
#include "api/object_call.h"
#include "base/bits.h"
#include "base/clock.h"
#include "ipc/message_queue.h"
#include "ipc/step.h"

/* An end: closed by the magic word of its object. */
typedef struct pipe_end {
    yk_ipc_object object;
    yk_queue *in;  /* NULL: it only sends; never changes */
    yk_queue *out; /* NULL: it only receives; never changes */
    struct pipe_end *other;
    _Atomic uint64_t user; /* the process that used it last; 0: none yet */
    _Atomic uint32_t closed;
    uint32_t padding;
    uint64_t reserved[3];
} pipe_end;

enum { DEFAULT_BYTES = 1 << 20, LEAST_BYTES = 16, WAYS = 2 };

/* What never changes of an end, copied: when the pipe is destroyed it reads as zeros. */
typedef struct pipe_ways {
    yk_queue *in;
    yk_queue *out;
    struct pipe_end *other;
} pipe_ways;

static uint64_t pipe_seal_of(const pipe_end *end, const pipe_ways *ways)
{
    const uint64_t words[] = {(uint64_t)(uintptr_t)ways->in,
                              (uint64_t)(uintptr_t)ways->out,
                              (uint64_t)(uintptr_t)ways->other};

    return yk_seal_of(end, words, sizeof words / sizeof words[0]);
}

/* False: something has written over it, or it was destroyed meanwhile. */
static bool get_ways(const pipe_end *end, pipe_ways *ways)
{
    *ways = (pipe_ways){end->in, end->out, end->other};
    return end->object.seal == pipe_seal_of(end, ways);
}

/* ---- making ---- */

/* What may be looked at when the pipe is gone comes first: the ends, then the queues; their
 * rings follow. */
typedef struct pipe_head {
    pipe_end ends[WAYS];
    yk_queue queues[WAYS];
} pipe_head;

static_assert(sizeof(pipe_head) <= 4096, "these addresses rest, see ipc/registry.h");

static uint64_t ring_bytes(const yk_queue_shape *shape)
{
    return yk_queue_bytes(shape) - sizeof(yk_queue);
}

static void pipe_connect(pipe_end *ends, const yk_queue_shape *shape, uint32_t way)
{
    pipe_head *head = (pipe_head *)ends;
    yk_queue *queue = &head->queues[way];

    yk_queue_init_apart(queue, shape,
                        sizeof *head - offsetof(pipe_head, queues) -
                            way * sizeof *queue + way * ring_bytes(shape));
    ends[way].in = queue;
    ends[1 - way].out = queue;
}

/* Adds all of it, in one block. */
static yoke_status pipe_publish(yoke_pool *pool, pipe_end *ends, yk_error *error)
{
    yoke_status status = YOKE_OK;

    for (uint32_t i = 0; i < WAYS && status == YOKE_OK; i++) {
        if (ends[i].in != NULL) {
            status = yk_ipc_registry_add(&pool->objects, &ends[i].in->object, YK_MAGIC_QUEUE,
                                    ends, error);
        }
        if (status == YOKE_OK) {
            status = yk_ipc_registry_add(&pool->objects, &ends[i].object, YK_MAGIC_PIPE,
                                    ends, error);
        }
    }
    return status;
}

static yoke_status pipe_make(yoke_pipe *result[2], yoke_pool *pool,
                             const yoke_pipe_options *options)
{
    const yk_queue_shape shape = {
        .capacity = options->capacity == 0 ? DEFAULT_BYTES
                                           : yk_max(options->capacity, LEAST_BYTES)};
    yoke_status status;
    pipe_end *ends;
    yk_error error;

    if (yk_queue_bytes(&shape) == 0) {
        return yk_call_fail(pool, YOKE_EINVAL, "the pipe would hold more than 64 TiB");
    }
    ends = yk_object_alloc(pool, result, sizeof(pipe_head) + WAYS * ring_bytes(&shape),
                           YK_ZONE_OBJECTS, &status);
    if (ends == NULL) {
        return status;
    }
    yk_error_clear(&error);
    for (uint32_t i = 0; i < WAYS; i++) {
        yk_ipc_object_init(&ends[i].object);
        ends[i].other = &ends[1 - i];
        if (i == 0 || !options->simplex) {
            pipe_connect(ends, &shape, i);
        }
    }
    for (uint32_t i = 0; i < WAYS; i++) {
        ends[i].object.seal = pipe_seal_of(
            &ends[i], &(pipe_ways){ends[i].in, ends[i].out, ends[i].other});
    }
    status = pipe_publish(pool, ends, &error);
    if (status != YOKE_OK) {
        if (yk_ipc_registry_destroy(&pool->objects, &pool->arena, &ends[0].in->object, false,
                               NULL) != YOKE_OK) {
            yk_ipc_registry_drop(&pool->arena, ends);
        }
        return yk_call_end(pool, status, &error);
    }
    result[0] = (yoke_pipe *)&ends[0];
    result[1] = (yoke_pipe *)&ends[1];
    return YOKE_OK;
}

yoke_status yoke_pipe_create_sized(yoke_pipe *ends[2], yoke_pool *pool,
                                   const yoke_pipe_options *given, size_t size)
{
    yoke_pipe_options options = {.capacity = 0};

    if (ends != NULL) {
        ends[0] = ends[1] = NULL;
    }
    yk_call_take_options(&options, sizeof options, given, size);
    return pipe_make(ends, pool, &options);
}

/* ---- using ---- */

/* What is done at an end, by a time. It has copies of what does not change: when the pipe is
 * destroyed the end reads as zeros. */
typedef struct pipe_call {
    pipe_end *end;
    yk_queue *in;
    yk_queue *out;
    const pipe_end *other;
    yoke_status (*step)(struct pipe_call *call, uint64_t deadline);
    void *data;
    const void *message;
    uint64_t bytes;
    uint64_t deadline;
} pipe_call;

static yoke_status pipe_begin(pipe_call *call, yoke_pipe *handle, double seconds)
{
    pipe_end *end = (pipe_end *)handle;
    const yk_identity self = yk_identity_process();
    pipe_ways ways;

    YK_OBJECT_CHECK(handle, YK_MAGIC_PIPE);
    if (!get_ways(end, &ways)) {
        return yk_object_end(end, yk_ipc_object_damaged(&end->object));
    }
    call->end = end;
    call->in = ways.in;
    call->out = ways.out;
    call->other = ways.other;
    YK_STEP();
    if (atomic_load(&end->closed) != 0) {
        return yk_object_fail(end, YOKE_ECLOSED, "this end of the pipe was closed");
    }
    if (atomic_load_explicit(&end->user, memory_order_relaxed) != self) {
        atomic_store(&end->user, self);
    }
    return yk_object_deadline(end, seconds, &call->deadline);
}

/* Whether it was closed, by somebody who died over it, or its process has died. */
static bool pipe_end_is_gone(const pipe_end *end)
{
    const uint64_t user = atomic_load(&end->user);

    if (atomic_load(&end->closed) != 0) {
        return true;
    }
    return user != 0 && user != yk_identity_process() &&
           !yk_identity_process_lives(user);
}

/* The step, in pieces short enough to notice that the other end is gone. */
static yoke_status pipe_run(pipe_call *call)
{
    const uint64_t deadline = call->deadline;

    for (;;) {
        const uint64_t piece =
            deadline == YK_AT_ONCE
                ? YK_AT_ONCE
                : yk_min(deadline, yk_clock_ns() + (uint64_t)YK_POLL_MS * YK_NS_PER_MS);
        yoke_status status = call->step(call, piece);

        if (status != YOKE_EAGAIN && status != YOKE_ETIMEDOUT) {
            return status;
        }
        if (pipe_end_is_gone(call->other)) {
            /* What it has sent before is still received. */
            status = call->step(call, YK_AT_ONCE);
            return status == YOKE_EAGAIN ? YOKE_ECLOSED : status;
        }
        if (piece == deadline) {
            return status;
        }
        if (yk_ipc_object_is_orphan(&call->end->object)) {
            return YOKE_EBROKEN;
        }
    }
}

static yoke_status send_step(pipe_call *call, uint64_t deadline)
{
    return yk_queue_put(call->out, call->message, call->bytes, deadline);
}

static yoke_status recv_step(pipe_call *call, uint64_t deadline)
{
    return yk_queue_get(call->in, call->data, &call->bytes, deadline);
}

static yoke_status poll_step(pipe_call *call, uint64_t deadline)
{
    return yk_queue_poll(call->in, deadline);
}

static yoke_status end_call(const pipe_end *end, yoke_status status)
{
    return status == YOKE_ECLOSED
               ? yk_object_fail(
                     end, status,
                     "the other end of the pipe was closed, or its process died")
               : yk_object_end(end, status);
}

yoke_status yoke_pipe_send(yoke_pipe *handle, const void *data, size_t bytes,
                           double seconds)
{
    pipe_end *end = (pipe_end *)handle;
    pipe_call call = {.step = send_step, .message = data, .bytes = bytes};
    const yoke_status status = pipe_begin(&call, handle, seconds);

    if (status != YOKE_OK) {
        return status;
    }
    if (call.out == NULL) {
        return yk_object_fail(end, YOKE_EINVAL, "this end of the pipe only receives");
    }
    if (data == NULL && bytes != 0) {
        return yk_object_fail(end, YOKE_EINVAL, "the message is NULL");
    }
    if (bytes > yk_queue_longest(call.out)) {
        return yk_object_fail(
            end, YOKE_EINVAL,
            "a message of %zu bytes: this pipe takes at most %llu bytes", bytes,
            (unsigned long long)yk_queue_longest(call.out));
    }
    return end_call(end, pipe_run(&call));
}

yoke_status yoke_pipe_recv(yoke_pipe *handle, void *data, size_t *bytes, double seconds)
{
    pipe_end *end = (pipe_end *)handle;
    pipe_call call = {.step = recv_step, .data = data};
    size_t room;
    yoke_status status = pipe_begin(&call, handle, seconds);

    if (status != YOKE_OK) {
        return status;
    }
    if (call.in == NULL) {
        return yk_object_fail(end, YOKE_EINVAL, "this end of the pipe only sends");
    }
    if (bytes == NULL || (data == NULL && *bytes != 0)) {
        return yk_object_fail(end, YOKE_EINVAL,
                              "the place for the message, or for its length, is NULL");
    }
    call.bytes = room = *bytes;
    status = pipe_run(&call);
    *bytes = call.bytes;
    return status == YOKE_EINVAL
               ? yk_object_fail(end, status, "the message has %zu bytes, the room %zu",
                                *bytes, room)
               : end_call(end, status);
}

yoke_status yoke_pipe_wait(yoke_pipe *handle, double seconds)
{
    pipe_end *end = (pipe_end *)handle;
    pipe_call call = {.step = poll_step};
    const yoke_status status = pipe_begin(&call, handle, seconds);

    if (status != YOKE_OK) {
        return status;
    }
    if (call.in == NULL) {
        return yk_object_fail(end, YOKE_EINVAL, "this end of the pipe only sends");
    }
    return end_call(end, pipe_run(&call));
}

yoke_status yoke_pipe_shutdown(yoke_pipe *handle)
{
    pipe_end *end = (pipe_end *)handle;
    pipe_ways ways;

    YK_OBJECT_CHECK(handle, YK_MAGIC_PIPE);
    if (!get_ways(end, &ways)) {
        return yk_object_end(end, yk_ipc_object_damaged(&end->object));
    }
    atomic_store(&end->closed, 1);
    YK_STEP();
    if (ways.in != NULL) {
        yk_queue_close(ways.in);
    }
    if (ways.out != NULL) {
        yk_queue_close(ways.out);
    }
    return YOKE_OK;
}

yoke_status yoke_pipe_destroy(yoke_pipe *end)
{
    return yk_object_destroy(end, YK_MAGIC_PIPE, true);
}
