/* SPDX-License-Identifier: MIT */
#include "shared/permits.h"

#include "shared/step.h"

yoke_status yk_permits_give(yk_permits *permits, uint32_t count)
{
    uint32_t now = atomic_load(&permits->count);

    do {
        if (count > permits->most - now) {
            return YOKE_EINVAL;
        }
    } while (!atomic_compare_exchange_weak(&permits->count, &now, now + count));
    YK_STEP();
    yk_event_signal(&permits->object.bells[0]);
    return YOKE_OK;
}

static bool try_take(yk_permits *permits)
{
    uint32_t now = atomic_load(&permits->count);

    while (now != 0) {
        if (atomic_compare_exchange_weak(&permits->count, &now, now - 1)) {
            YK_STEP();
            return true;
        }
    }
    return false;
}

static bool there_are(yk_permits *permits)
{
    return atomic_load(&permits->count) != 0;
}

static yoke_status wait_until(yk_permits *permits, bool (*succeeded)(yk_permits *),
                              uint64_t deadline)
{
    yk_waiting waiting = yk_waiting_start(&permits->object, deadline);

    for (;;) {
        const uint32_t ticket = yk_event_ticket(&permits->object.bells[0]);
        yoke_status status;

        if (succeeded(permits)) {
            return YOKE_OK;
        }
        status = yk_waiting_sleep(&waiting, 0, ticket);
        if (status != YOKE_OK) {
            return status;
        }
    }
}

yoke_status yk_permits_take(yk_permits *permits, uint64_t deadline)
{
    return wait_until(permits, try_take, deadline);
}

yoke_status yk_permits_wait(yk_permits *permits, uint64_t deadline)
{
    return wait_until(permits, there_are, deadline);
}

void yk_permits_set(yk_permits *permits, bool on)
{
    atomic_store(&permits->count, on ? 1 : 0);
    YK_STEP();
    if (on) {
        yk_event_signal(&permits->object.bells[0]);
    }
}
