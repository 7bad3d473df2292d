/* SPDX-License-Identifier: MIT */
#include "api/object_call.h"

#include <stdio.h>
#include <string.h>

#include "api/call.h"
#include "base/clock.h"
#include "base/status.h"
#include "protocol/segment_view.h"
#include "shm/window.h"
#include "sys/process.h"

/* It was destroyed while the call looked at it: what did not fit were zeros. */
static bool has_vanished(const void *object, yoke_status status)
{
    const yk_ipc_object *found =
        status == YOKE_EINVAL ? yk_valid_object_at(object) : NULL;

    return found != NULL && !yk_ipc_object_is_open(found);
}

yoke_status yk_object_fail(const void *object, yoke_status status, const char *format,
                           ...)
{
    const void *pool = NULL;
    pid_t maker = yk_process_self();
    char text[300];
    va_list args;

    (void)yk_window_find(object, sizeof(yk_ipc_object), &pool, &maker);
    /* Elsewhere the books of pools may have been copied while somebody changed them. */
    if (maker != yk_process_self()) {
        return has_vanished(object, status) ? YOKE_ECLOSED : status;
    }
    if (has_vanished(object, status)) {
        return yk_call_fail(pool, YOKE_ECLOSED, "it was destroyed");
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return yk_call_fail(pool, status, text);
}

yoke_status yk_object_refuse(const void *object, yk_magic magic)
{
    yk_error error;
    const yoke_status status = yk_valid_refuse(object, (uint32_t)magic, &error);

    return yk_object_fail(object, status, "%s", yk_error_text(&error));
}

yoke_status yk_object_end(const void *object, yoke_status status)
{
    yk_segment_view_refresh(); /* what was got may point into a segment that was opened since */
    if (status == YOKE_OK) {
        return status;
    }
    if (status == YOKE_EAGAIN) { /* at once; no text: it is asked often */
        return YOKE_ETIMEDOUT;
    }
    return yk_object_fail(object, status, "%s",
                          status == YOKE_ECLOSED ? "it was closed or destroyed"
                          : status == YOKE_EBUSY ? "this thread has it already"
                                                 : yk_status_text(status));
}

yoke_status yk_object_deadline(const void *object, double seconds, uint64_t *deadline)
{
    if (!yk_clock_is_time(seconds)) {
        return yk_object_fail(object, YOKE_EINVAL, YK_CALL_NO_TIME, seconds);
    }
    *deadline = yk_deadline(seconds);
    return YOKE_OK;
}

static void set_result(void *result, void *object)
{
    memcpy(result, &object, sizeof object);
}

yoke_status yk_object_take(const yoke_pool *pool, void *result, void *own,
                           const yk_call_struct *known, const void *options,
                           size_t size)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_take(own, known, options, size, &error);
    if (status != YOKE_OK && result != NULL) {
        set_result(result, NULL);
    }
    return yk_call_end(pool, status, &error);
}

void *yk_object_alloc(yoke_pool *pool, void *result, uint64_t bytes, yk_zone_kind zone,
                      yoke_status *status)
{
    void *memory = NULL;
    yk_error error;

    yk_error_clear(&error);
    if (result == NULL) {
        *status = yk_call_fail(pool, YOKE_EINVAL, "the address for the new object is NULL");
        return NULL;
    }
    set_result(result, NULL);
    if (yk_call_check(pool, &error) == YOKE_OK) {
        memory = yk_ipc_registry_alloc(&pool->objects, &pool->arena, bytes, zone, &error);
    }
    *status = memory == NULL ? yk_call_end(pool, error.status, &error) : YOKE_OK;
    return memory;
}

yoke_status yk_object_publish(yoke_pool *pool, void *result, yk_ipc_object *object,
                              yk_magic magic)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_ipc_registry_add(&pool->objects, object, magic, object, &error);
    if (status != YOKE_OK) {
        yk_ipc_registry_drop(&pool->arena, object);
        return yk_call_end(pool, status, &error);
    }
    set_result(result, object);
    return YOKE_OK;
}

yoke_status yk_object_destroy(void *object, yk_magic magic, bool settle)
{
    yoke_pool *pool = NULL;
    yk_error error;
    yoke_status status;

    if (object == NULL) {
        return YOKE_OK;
    }
    if (!yk_valid_is(object, magic)) {
        return yk_object_refuse(object, magic);
    }
    yk_error_clear(&error);
    status = yk_call_pool_of(&pool, object, &error);
    if (status == YOKE_OK) {
        status =
            yk_ipc_registry_destroy(&pool->objects, &pool->arena, object, settle, &error);
    }
    return yk_call_end(pool, status, &error);
}
