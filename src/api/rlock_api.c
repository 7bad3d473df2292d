/* SPDX-License-Identifier: MIT */
#include "yoke/rlock.h"

#include "api/object_call.h"

yoke_status yoke_rlock_create(yoke_rlock **result, yoke_pool *pool)
{
    yoke_status status;
    yk_ipc_object *lock =
        yk_object_alloc(pool, result, sizeof *lock, YK_ZONE_OBJECTS, &status);

    if (lock == NULL) {
        return status;
    }
    yk_ipc_object_init(lock);
    return yk_object_publish(pool, result, lock, YK_MAGIC_RLOCK);
}

yoke_status yoke_rlock_acquire(yoke_rlock *handle, double seconds)
{
    yk_ipc_object *lock = (yk_ipc_object *)handle;
    uint64_t deadline;
    yoke_status status;

    YK_OBJECT_CHECK(handle, YK_MAGIC_RLOCK);
    status = yk_object_deadline(lock, seconds, &deadline);
    if (status != YOKE_OK) {
        return status;
    }
    return yk_object_end(lock,
                         yk_ipc_object_lock_again(lock, yk_identity_thread(), deadline));
}

yoke_status yoke_rlock_release(yoke_rlock *handle)
{
    yk_ipc_object *lock = (yk_ipc_object *)handle;

    YK_OBJECT_CHECK(handle, YK_MAGIC_RLOCK);
    if (!yk_ipc_object_has_lock(lock, yk_identity_thread())) {
        return yk_object_fail(lock, YOKE_EINVAL, "this thread does not have the lock");
    }
    yk_ipc_object_unlock_once(lock);
    return YOKE_OK;
}

yoke_status yoke_rlock_destroy(yoke_rlock *rlock)
{
    return yk_object_destroy(rlock, YK_MAGIC_RLOCK, false);
}
