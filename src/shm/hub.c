/* SPDX-License-Identifier: MIT */
#include "shm/hub.h"

#include "sys/futex.h"

uint32_t yk_hub_bit(const yk_eventcount *event)
{
    const uint64_t mixed = (uint64_t)(uintptr_t)event * UINT64_C(0x9e3779b97f4a7c15);

    return UINT32_C(1) << (mixed >> 59);
}

uint32_t yk_hub_ticket(const yk_hub *hub)
{
    return atomic_load(&hub->word);
}

void yk_hub_wait(yk_hub *hub, uint32_t ticket, uint32_t mask, uint64_t limit_ns)
{
    yk_futex_wait_mask(&hub->word, ticket, mask, limit_ns);
}

static void hub_wake(yk_hub *hub, uint32_t mask)
{
    (void)atomic_fetch_add(&hub->word, 1);
    yk_futex_wake_mask(&hub->word, mask);
}

void yk_hub_signal(yk_hub *hub, const yk_eventcount *event)
{
    hub_wake(hub, yk_hub_bit(event));
}

void yk_hub_repair(yk_hub *hub)
{
    hub_wake(hub, UINT32_MAX);
}
