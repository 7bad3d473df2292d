/* SPDX-License-Identifier: MIT */
#include "ipc/semaphore.h"

#include "ipc/step.h"

static uint64_t semaphore_seal_of(const yk_semaphore *permits, uint32_t max_count)
{
    const uint64_t word = max_count;

    return yk_seal_of(permits, &word, 1);
}

void yk_semaphore_init(yk_semaphore *permits, uint32_t count, uint32_t max_count)
{
    yk_ipc_object_init(&permits->object);
    atomic_store(&permits->count, count);
    permits->max_count = max_count;
    permits->object.seal = semaphore_seal_of(permits, max_count);
}

/* The maximum number of permits; 0: the semaphore is damaged. */
static uint32_t max_of(const yk_semaphore *permits)
{
    const uint32_t max_count = permits->max_count;

    return permits->object.seal == semaphore_seal_of(permits, max_count) ? max_count
                                                                         : 0;
}

yoke_status yk_semaphore_give(yk_semaphore *permits, uint32_t count)
{
    const uint32_t max_count = max_of(permits);
    uint32_t now = atomic_load(&permits->count);

    do {
        if (max_count == 0 || now > max_count) {
            return yk_ipc_object_damaged(&permits->object);
        }
        if (count > max_count - now) {
            return YOKE_EINVAL;
        }
    } while (!atomic_compare_exchange_weak(&permits->count, &now, now + count));
    YK_STEP();
    yk_ipc_object_ring(&permits->object, 0);
    return YOKE_OK;
}

/* Takes a permit if `take`. YOKE_EAGAIN: there are none. */
static yoke_status try_take(yk_semaphore *permits, bool take)
{
    const uint32_t max_count = max_of(permits);
    uint32_t now = atomic_load(&permits->count);

    do {
        if (max_count == 0 || now > max_count) {
            return yk_ipc_object_damaged(&permits->object);
        }
        if (now == 0 || !take) {
            return now == 0 ? YOKE_EAGAIN : YOKE_OK;
        }
    } while (!atomic_compare_exchange_weak(&permits->count, &now, now - 1));
    YK_STEP();
    return YOKE_OK;
}

static yoke_status semaphore_wait_until(yk_semaphore *permits, bool take,
                                        uint64_t deadline)
{
    yk_waiting waiting = yk_waiting_start(&permits->object, deadline);

    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(&permits->object.bells[0]);
        yoke_status status = try_take(permits, take);

        if (status != YOKE_EAGAIN) {
            return status;
        }
        status = yk_waiting_sleep(&waiting, 0, ticket);
        if (status != YOKE_OK) {
            return status;
        }
    }
}

yoke_status yk_semaphore_take(yk_semaphore *permits, uint64_t deadline)
{
    return semaphore_wait_until(permits, true, deadline);
}

yoke_status yk_semaphore_wait(yk_semaphore *permits, uint64_t deadline)
{
    return semaphore_wait_until(permits, false, deadline);
}

yoke_status yk_semaphore_set(yk_semaphore *permits, bool on)
{
    if (max_of(permits) == 0) {
        return yk_ipc_object_damaged(&permits->object);
    }
    atomic_store(&permits->count, on ? 1 : 0);
    YK_STEP();
    if (on) {
        yk_ipc_object_ring(&permits->object, 0);
    }
    return YOKE_OK;
}

uint32_t yk_semaphore_count(const yk_semaphore *permits)
{
    const uint32_t count = atomic_load(&permits->count);

    return count <= max_of(permits) ? count : 0;
}
