/* SPDX-License-Identifier: MIT */
#include "yoke/condition.h"

#include "api/call.h"
#include "api/object_call.h"
#include "ipc/condition_variable.h"
#include "sys/futex.h"

yoke_status yoke_condition_create_sized(yoke_condition **result, yoke_pool *pool,
                                        const yoke_condition_options *options,
                                        size_t size)
{
    yoke_condition_options all;
    yoke_status status = yk_object_take(
        pool, result, &all, YK_CALL_RESERVED(yoke_condition_options), options, size);
    yk_ipc_object *condition;

    if (status != YOKE_OK) {
        return status;
    }
    condition =
        yk_object_alloc(pool, result, sizeof *condition, YK_ZONE_OBJECTS, &status);
    if (condition == NULL) {
        return status;
    }
    yk_ipc_object_init(condition);
    return yk_object_publish(pool, result, condition, YK_MAGIC_CONDITION);
}

static yoke_status condition_check(const yoke_condition *condition,
                                   const yoke_mutex *mutex, double seconds,
                                   uint64_t *deadline)
{
    YK_OBJECT_CHECK(condition, YK_MAGIC_CONDITION);
    YK_OBJECT_CHECK(mutex, YK_MAGIC_LOCK);
    if (!yk_ipc_object_has_lock((const yk_ipc_object *)mutex, yk_identity_thread())) {
        return yk_object_fail(
            condition, YOKE_EINVAL,
            "this thread does not have the lock that it would give back");
    }
    return yk_object_deadline(condition, seconds, deadline);
}

yoke_status yoke_condition_wait(yoke_condition *condition, yoke_mutex *mutex,
                                double seconds)
{
    uint64_t deadline;
    const yoke_status status = condition_check(condition, mutex, seconds, &deadline);

    return status != YOKE_OK
               ? status
               : yk_object_end(condition,
                               yk_condition_wait((yk_ipc_object *)condition,
                                                 (yk_ipc_object *)mutex, deadline));
}

yoke_status yoke_condition_wait_for(yoke_condition *condition, yoke_mutex *mutex,
                                    yoke_condition_predicate *predicate, void *context,
                                    double seconds)
{
    uint64_t deadline;
    yoke_status status = condition_check(condition, mutex, seconds, &deadline);

    if (status == YOKE_OK && predicate == NULL) {
        return yk_object_fail(condition, YOKE_EINVAL, "the predicate is NULL");
    }
    while (status == YOKE_OK && !predicate(context)) {
        status = yk_condition_wait((yk_ipc_object *)condition, (yk_ipc_object *)mutex,
                                   deadline);
        if ((status == YOKE_ETIMEDOUT || status == YOKE_EAGAIN) && predicate(context)) {
            return YOKE_OK;
        }
    }
    return yk_object_end(condition, status);
}

yoke_status yoke_condition_notify(yoke_condition *condition, unsigned count)
{
    YK_OBJECT_CHECK(condition, YK_MAGIC_CONDITION);
    if (count == 0) {
        return yk_object_fail(condition, YOKE_EINVAL,
                              "count is 0; at least 1 waiter must be woken");
    }
    yk_condition_wake((yk_ipc_object *)condition,
                   count < INT32_MAX ? (int)count : YK_WAKE_ALL);
    return YOKE_OK;
}

yoke_status yoke_condition_notify_all(yoke_condition *condition)
{
    return yoke_condition_notify(condition, INT32_MAX);
}

yoke_status yoke_condition_destroy(yoke_condition *condition)
{
    return yk_object_destroy(condition, YK_MAGIC_CONDITION, false);
}
