/* SPDX-License-Identifier: MIT */
#include "yoke/mutex.h"

#include "api/call.h"
#include "api/object_call.h"

yoke_status yoke_mutex_create_sized(yoke_mutex **result, yoke_pool *pool,
                                    const yoke_mutex_options *options, size_t size)
{
    yoke_mutex_options all;
    yoke_status status = yk_object_take(
        pool, result, &all, YK_CALL_RESERVED(yoke_mutex_options), options, size);
    yk_ipc_object *mutex;

    if (status != YOKE_OK) {
        return status;
    }
    mutex = yk_object_alloc(pool, result, sizeof *mutex, YK_ZONE_OBJECTS, &status);
    if (mutex == NULL) {
        return status;
    }
    yk_ipc_object_init(mutex);
    return yk_object_publish(pool, result, mutex,
                             all.recursive ? YK_MAGIC_RLOCK : YK_MAGIC_LOCK);
}

/* What it is; 0: not a mutex. */
static yk_magic mutex_kind(const yoke_mutex *mutex)
{
    return yk_valid_is(mutex, YK_MAGIC_LOCK)    ? YK_MAGIC_LOCK
           : yk_valid_is(mutex, YK_MAGIC_RLOCK) ? YK_MAGIC_RLOCK
                                                : (yk_magic)0;
}

yoke_status yoke_mutex_lock(yoke_mutex *handle, double seconds)
{
    yk_ipc_object *mutex = (yk_ipc_object *)handle;
    const yk_magic kind = mutex_kind(handle);
    uint64_t deadline;
    yoke_status status;

    if (kind == 0) {
        return yk_object_refuse(handle, YK_MAGIC_LOCK);
    }
    status = yk_object_deadline(mutex, seconds, &deadline);
    if (status != YOKE_OK) {
        return status;
    }
    status = kind == YK_MAGIC_RLOCK
                 ? yk_ipc_object_lock_again(mutex, yk_identity_thread(), deadline)
                 : yk_ipc_object_lock(mutex, yk_identity_thread(), deadline);
    return yk_object_end(mutex, status);
}

yoke_status yoke_mutex_unlock(yoke_mutex *handle)
{
    yk_ipc_object *mutex = (yk_ipc_object *)handle;
    const yk_magic kind = mutex_kind(handle);

    if (kind == 0) {
        return yk_object_refuse(handle, YK_MAGIC_LOCK);
    }
    if (!yk_ipc_object_has_lock(mutex, yk_identity_thread())) {
        return yk_object_fail(mutex, YOKE_EINVAL, "this thread does not have the lock");
    }
    if (kind == YK_MAGIC_RLOCK) {
        yk_ipc_object_unlock_once(mutex);
    } else {
        yk_ipc_object_unlock(mutex);
    }
    return YOKE_OK;
}

bool yoke_mutex_is_locked(const yoke_mutex *mutex)
{
    return mutex_kind(mutex) != 0 &&
           atomic_load(&((const yk_ipc_object *)mutex)->owner) != 0;
}

yoke_status yoke_mutex_destroy(yoke_mutex *mutex)
{
    const yk_magic kind = mutex_kind(mutex);

    return yk_object_destroy(mutex, kind != 0 ? kind : YK_MAGIC_LOCK, false);
}
