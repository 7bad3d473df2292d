/* SPDX-License-Identifier: MIT */
#include "yoke/event.h"

#include "api/call.h"
#include "api/object_call.h"
#include "ipc/semaphore.h"

yoke_status yoke_event_create_sized(yoke_event **result, yoke_pool *pool,
                                    const yoke_event_options *options, size_t size)
{
    yoke_event_options all;
    yoke_status status = yk_object_take(
        pool, result, &all, YK_CALL_RESERVED(yoke_event_options), options, size);
    yk_semaphore *event;

    if (status != YOKE_OK) {
        return status;
    }
    event = yk_object_alloc(pool, result, sizeof *event, YK_ZONE_OBJECTS, &status);
    if (event == NULL) {
        return status;
    }
    yk_semaphore_init(event, all.is_set ? 1 : 0, 1);
    return yk_object_publish(pool, result, &event->object, YK_MAGIC_EVENT);
}

yoke_status yoke_event_set(yoke_event *event)
{
    YK_OBJECT_CHECK(event, YK_MAGIC_EVENT);
    return yk_object_end(event, yk_semaphore_set((yk_semaphore *)event, true));
}

yoke_status yoke_event_clear(yoke_event *event)
{
    YK_OBJECT_CHECK(event, YK_MAGIC_EVENT);
    return yk_object_end(event, yk_semaphore_set((yk_semaphore *)event, false));
}

bool yoke_event_is_set(const yoke_event *event)
{
    return yk_valid_is(event, YK_MAGIC_EVENT) &&
           yk_semaphore_count((const yk_semaphore *)event) != 0;
}

yoke_status yoke_event_wait(yoke_event *event, double seconds)
{
    uint64_t deadline;
    yoke_status status;

    YK_OBJECT_CHECK(event, YK_MAGIC_EVENT);
    status = yk_object_deadline(event, seconds, &deadline);
    if (status != YOKE_OK) {
        return status;
    }
    return yk_object_end(event, yk_semaphore_wait((yk_semaphore *)event, deadline));
}

yoke_status yoke_event_destroy(yoke_event *event)
{
    return yk_object_destroy(event, YK_MAGIC_EVENT, false);
}
