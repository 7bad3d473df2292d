/* SPDX-License-Identifier: MIT */
#include "yoke/queue.h"

#include "api/call.h"
#include "api/object_call.h"
#include "base/bits.h"
#include "ipc/message_queue.h"

enum { DEFAULT_MESSAGES = 1024, DEFAULT_BYTES = 1 << 20, LEAST_BYTES = 16 };

static yk_queue_shape shape_of(const yoke_queue_options *options)
{
    yk_queue_shape shape = {options->item_bytes, options->capacity,
                            options->track_done};

    if (shape.capacity == 0) {
        shape.capacity = shape.item_bytes != 0 ? DEFAULT_MESSAGES : DEFAULT_BYTES;
    }
    if (shape.item_bytes == 0) {
        shape.capacity = yk_max(shape.capacity, LEAST_BYTES);
    }
    return shape;
}

yoke_status yoke_queue_create_sized(yoke_queue **result, yoke_pool *pool,
                                    const yoke_queue_options *options, size_t size)
{
    yoke_queue_options all;
    yoke_status status = yk_object_take(
        pool, result, &all, YK_CALL_RESERVED(yoke_queue_options), options, size);
    yk_queue_shape shape;
    uint64_t bytes;
    yk_queue *queue;

    if (status != YOKE_OK) {
        return status;
    }
    shape = shape_of(&all);
    bytes = yk_queue_bytes(&shape);
    if (bytes == 0) {
        if (result != NULL) {
            *result = NULL;
        }
        return yk_call_fail(pool, YOKE_EINVAL, "the queue would hold more than 64 TiB");
    }
    queue = yk_object_alloc(pool, result, bytes, YK_ZONE_OBJECTS, &status);
    if (queue == NULL) {
        return status;
    }
    yk_queue_init(queue, &shape);
    return yk_object_publish(pool, result, &queue->object, YK_MAGIC_QUEUE);
}

static yoke_status refuse_message(yk_queue *queue, size_t bytes)
{
    return yk_object_fail(queue, YOKE_EINVAL,
                          "a message of %zu bytes: this queue takes %s %llu bytes",
                          bytes, queue->item_bytes != 0 ? "messages of" : "at most",
                          (unsigned long long)yk_queue_longest(queue));
}

yoke_status yoke_queue_put(yoke_queue *handle, const void *data, size_t bytes,
                           double seconds)
{
    yk_queue *queue = (yk_queue *)handle;
    uint64_t deadline;
    yoke_status status;

    YK_OBJECT_CHECK(handle, YK_MAGIC_QUEUE);
    status = yk_object_deadline(queue, seconds, &deadline);
    if (status != YOKE_OK) {
        return status;
    }
    if (data == NULL && bytes != 0) {
        return yk_object_fail(queue, YOKE_EINVAL, "the message is NULL");
    }
    status = yk_queue_put(queue, data, bytes, deadline);
    return status == YOKE_EINVAL ? refuse_message(queue, bytes)
                                 : yk_object_end(queue, status);
}

yoke_status yoke_queue_get(yoke_queue *handle, void *data, size_t *bytes,
                           double seconds)
{
    yk_queue *queue = (yk_queue *)handle;
    uint64_t deadline;
    uint64_t length;
    size_t room;
    yoke_status status;

    YK_OBJECT_CHECK(handle, YK_MAGIC_QUEUE);
    status = yk_object_deadline(queue, seconds, &deadline);
    if (status != YOKE_OK) {
        return status;
    }
    if (bytes == NULL && queue->item_bytes == 0) {
        return yk_object_fail(queue, YOKE_EINVAL, "`bytes`, the address for the length, is NULL");
    }
    room = bytes != NULL ? *bytes : queue->item_bytes;
    if (data == NULL && room != 0) {
        return yk_object_fail(queue, YOKE_EINVAL, "`data`, the address for the message, is NULL");
    }
    length = room;
    status = yk_queue_get(queue, data, &length, deadline);
    if (bytes != NULL) {
        *bytes = length;
    }
    if (status == YOKE_EINVAL) {
        return yk_object_fail(queue, status, "the message has %llu bytes, the room %zu",
                              (unsigned long long)length, room);
    }
    return status == YOKE_EBUSY
               ? yk_object_fail(queue, status,
                                "more than %d processes take from the queue",
                                YK_MAX_TAKERS)
               : yk_object_end(queue, status);
}

size_t yoke_queue_count(const yoke_queue *handle)
{
    return yk_valid_is(handle, YK_MAGIC_QUEUE) ? yk_queue_size((const yk_queue *)handle)
                                               : 0;
}

yoke_status yoke_queue_shutdown(yoke_queue *handle)
{
    YK_OBJECT_CHECK(handle, YK_MAGIC_QUEUE);
    yk_queue_close((yk_queue *)handle);
    return YOKE_OK;
}

yoke_status yoke_queue_abort(yoke_queue *handle)
{
    YK_OBJECT_CHECK(handle, YK_MAGIC_QUEUE);
    return yk_object_end(handle, yk_queue_abort((yk_queue *)handle));
}

static yoke_status queue_check_tracking(const yk_queue *queue)
{
    return queue->takers != 0
               ? YOKE_OK
               : yk_object_fail(queue, YOKE_EINVAL,
                                "the queue was created without .track_done");
}

yoke_status yoke_queue_mark_done(yoke_queue *handle)
{
    yk_queue *queue = (yk_queue *)handle;
    yoke_status status;

    YK_OBJECT_CHECK(handle, YK_MAGIC_QUEUE);
    status = queue_check_tracking(queue);
    if (status != YOKE_OK) {
        return status;
    }
    status = yk_queue_task_done(queue);
    return status == YOKE_EINVAL
               ? yk_object_fail(queue, status,
                                "this process has taken no message that is not done")
               : yk_object_end(queue, status);
}

yoke_status yoke_queue_wait(yoke_queue *handle, double seconds)
{
    yk_queue *queue = (yk_queue *)handle;
    uint64_t deadline;
    uint64_t lost;
    yoke_status status;

    YK_OBJECT_CHECK(handle, YK_MAGIC_QUEUE);
    status = yk_object_deadline(queue, seconds, &deadline);
    if (status == YOKE_OK) {
        status = queue_check_tracking(queue);
    }
    if (status != YOKE_OK) {
        return status;
    }
    status = yk_queue_join(queue, deadline, &lost);
    return status == YOKE_ELOST
               ? yk_object_fail(
                     queue, status,
                     "%llu message(s) died with processes that had taken them",
                     (unsigned long long)lost)
               : yk_object_end(queue, status);
}

yoke_status yoke_queue_destroy(yoke_queue *queue)
{
    return yk_object_destroy(queue, YK_MAGIC_QUEUE, true);
}
