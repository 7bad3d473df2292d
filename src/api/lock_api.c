/* SPDX-License-Identifier: MIT */
#include "yoke/lock.h"

#include "api/object_call.h"

yoke_status yoke_lock_create(yoke_lock **result, yoke_pool *pool)
{
    yoke_status status;
    yk_ipc_object *lock =
        yk_object_alloc(pool, result, sizeof *lock, YK_ZONE_OBJECTS, &status);

    if (lock == NULL) {
        return status;
    }
    yk_ipc_object_init(lock);
    return yk_object_publish(pool, result, lock, YK_MAGIC_LOCK);
}

yoke_status yoke_lock_acquire(yoke_lock *handle, double seconds)
{
    yk_ipc_object *lock = (yk_ipc_object *)handle;
    uint64_t deadline;
    yoke_status status;

    YK_OBJECT_CHECK(handle, YK_MAGIC_LOCK);
    status = yk_object_deadline(lock, seconds, &deadline);
    if (status != YOKE_OK) {
        return status;
    }
    return yk_object_end(lock, yk_ipc_object_lock(lock, yk_identity_thread(), deadline));
}

yoke_status yoke_lock_release(yoke_lock *handle)
{
    yk_ipc_object *lock = (yk_ipc_object *)handle;

    YK_OBJECT_CHECK(handle, YK_MAGIC_LOCK);
    if (!yk_ipc_object_has_lock(lock, yk_identity_thread())) {
        return yk_object_fail(lock, YOKE_EINVAL, "this thread does not have the lock");
    }
    yk_ipc_object_unlock(lock);
    return YOKE_OK;
}

yoke_status yoke_lock_destroy(yoke_lock *lock)
{
    return yk_object_destroy(lock, YK_MAGIC_LOCK, false);
}
