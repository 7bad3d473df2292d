/* SPDX-License-Identifier: MIT */
#include "yoke/semaphore.h"

#include "api/call.h"
#include "api/object_call.h"
#include "ipc/semaphore.h"

yoke_status yoke_semaphore_create_sized(yoke_semaphore **result, yoke_pool *pool,
                                        uint32_t permits,
                                        const yoke_semaphore_options *options,
                                        size_t size)
{
    yoke_semaphore_options all;
    yoke_status status = yk_object_take(
        pool, result, &all, YK_CALL_RESERVED(yoke_semaphore_options), options, size);
    yk_semaphore *semaphore;

    if (status != YOKE_OK) {
        return status;
    }
    semaphore =
        yk_object_alloc(pool, result, sizeof *semaphore, YK_ZONE_OBJECTS, &status);
    if (semaphore == NULL) {
        return status;
    }
    if (all.max_permits == 0) {
        all.max_permits = INT32_MAX;
    }
    if (permits > all.max_permits) {
        yk_ipc_registry_drop(&pool->arena, semaphore);
        return yk_call_fail(pool, YOKE_EINVAL,
                            "more permits than there can be at most");
    }
    yk_semaphore_init(semaphore, permits, all.max_permits);
    return yk_object_publish(pool, result, &semaphore->object, YK_MAGIC_SEMAPHORE);
}

yoke_status yoke_semaphore_acquire(yoke_semaphore *semaphore, double seconds)
{
    uint64_t deadline;
    yoke_status status;

    YK_OBJECT_CHECK(semaphore, YK_MAGIC_SEMAPHORE);
    status = yk_object_deadline(semaphore, seconds, &deadline);
    if (status != YOKE_OK) {
        return status;
    }
    return yk_object_end(semaphore, yk_semaphore_take((yk_semaphore *)semaphore, deadline));
}

yoke_status yoke_semaphore_release(yoke_semaphore *semaphore, uint32_t permits)
{
    yoke_status status;

    YK_OBJECT_CHECK(semaphore, YK_MAGIC_SEMAPHORE);
    if (permits == 0) {
        return yk_object_fail(semaphore, YOKE_EINVAL, "no permit is given back");
    }
    status = yk_semaphore_give((yk_semaphore *)semaphore, permits);
    if (status == YOKE_EINVAL) {
        return yk_object_fail(
            semaphore, YOKE_EINVAL,
            "there would be more than %u permits: more are given back "
            "than were taken",
            ((yk_semaphore *)semaphore)->max_count);
    }
    return yk_object_end(semaphore, status);
}

uint32_t yoke_semaphore_count(const yoke_semaphore *semaphore)
{
    return yk_valid_is(semaphore, YK_MAGIC_SEMAPHORE)
               ? yk_semaphore_count((const yk_semaphore *)semaphore)
               : 0;
}

yoke_status yoke_semaphore_destroy(yoke_semaphore *semaphore)
{
    return yk_object_destroy(semaphore, YK_MAGIC_SEMAPHORE, false);
}
