/* SPDX-License-Identifier: MIT */
#include "yoke/barrier.h"

#include "api/call.h"
#include "api/object_call.h"
#include "ipc/barrier.h"

yoke_status yoke_barrier_create_sized(yoke_barrier **result, yoke_pool *pool,
                                      uint32_t parties,
                                      const yoke_barrier_options *options, size_t size)
{
    yoke_barrier_options all;
    yoke_status status = yk_object_take(
        pool, result, &all, YK_CALL_RESERVED(yoke_barrier_options), options, size);
    yk_barrier *barrier;

    if (status != YOKE_OK) {
        return status;
    }
    if (parties == 0 || parties > YK_MAX_PARTIES) {
        if (result != NULL) {
            *result = NULL;
        }
        return yk_call_fail(pool, YOKE_EINVAL, "a barrier has 1 to 65536 parties");
    }
    barrier = yk_object_alloc(pool, result, yk_barrier_bytes(parties), YK_ZONE_OBJECTS,
                              &status);
    if (barrier == NULL) {
        return status;
    }
    yk_barrier_init(barrier, parties);
    return yk_object_publish(pool, result, &barrier->object, YK_MAGIC_BARRIER);
}

static yoke_status barrier_end(const yoke_barrier *barrier, yoke_status status)
{
    return status == YOKE_EBROKEN
               ? yk_object_fail(barrier, status,
                                "the barrier is broken: a party gave up or died there")
               : yk_object_end(barrier, status);
}

yoke_status yoke_barrier_wait(yoke_barrier *barrier, uint32_t *index, double seconds)
{
    uint64_t deadline;
    uint32_t own = 0;
    yoke_status status;

    YK_OBJECT_CHECK(barrier, YK_MAGIC_BARRIER);
    status = yk_object_deadline(barrier, seconds, &deadline);
    if (status != YOKE_OK) {
        return status;
    }
    status = yk_barrier_wait((yk_barrier *)barrier, &own, deadline);
    if (index != NULL) {
        *index = own;
    }
    return barrier_end(barrier, status);
}

yoke_status yoke_barrier_abort(yoke_barrier *barrier)
{
    YK_OBJECT_CHECK(barrier, YK_MAGIC_BARRIER);
    return barrier_end(barrier, yk_barrier_break((yk_barrier *)barrier, false));
}

yoke_status yoke_barrier_reset(yoke_barrier *barrier)
{
    YK_OBJECT_CHECK(barrier, YK_MAGIC_BARRIER);
    return barrier_end(barrier, yk_barrier_break((yk_barrier *)barrier, true));
}

uint32_t yoke_barrier_waiting(const yoke_barrier *barrier)
{
    return yk_valid_is(barrier, YK_MAGIC_BARRIER)
               ? yk_barrier_count((const yk_barrier *)barrier)
               : 0;
}

uint32_t yoke_barrier_parties(const yoke_barrier *barrier)
{
    return yk_valid_is(barrier, YK_MAGIC_BARRIER)
               ? yk_barrier_parties((const yk_barrier *)barrier)
               : 0;
}

bool yoke_barrier_is_broken(const yoke_barrier *barrier)
{
    return yk_valid_is(barrier, YK_MAGIC_BARRIER) &&
           yk_barrier_is_broken((const yk_barrier *)barrier);
}

yoke_status yoke_barrier_destroy(yoke_barrier *barrier)
{
    return yk_object_destroy(barrier, YK_MAGIC_BARRIER, true);
}
