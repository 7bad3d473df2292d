/* SPDX-License-Identifier: MIT */
#include "shared/event_count.h"

#include "base/clock.h"
#include "sys/futex.h"

uint32_t yk_event_ticket(const yk_event *event)
{
    return atomic_load(&event->count);
}

void yk_event_wait(yk_event *event, uint32_t ticket, uint64_t limit_ns)
{
    uint32_t sleepers;

    /* seq_cst: the add is seen by any signal whose change this waiter did not see. */
    atomic_fetch_add(&event->sleepers, 1);
    if (atomic_load(&event->count) == ticket) {
        yk_futex_wait(&event->count, ticket, limit_ns);
    }
    /* A repair may have set the count to 0 in the meantime. */
    sleepers = atomic_load(&event->sleepers);
    while (sleepers > 0 && !atomic_compare_exchange_weak(&event->sleepers, &sleepers,
                                                         sleepers - 1)) {
    }
}

void yk_event_wait_spinning(yk_event *event, uint32_t ticket, uint64_t spin_ns,
                            uint64_t limit_ns)
{
    enum { TURNS_PER_LOOK = 8 };
    const uint64_t start = yk_clock_ns();

    do {
        for (unsigned turn = 0; turn < TURNS_PER_LOOK; turn++) {
            if (atomic_load(&event->count) != ticket) {
                return;
            }
            yk_yield();
        }
    } while (yk_clock_ns() - start < spin_ns);
    yk_event_wait(event, ticket, limit_ns);
}

void yk_event_signal(yk_event *event)
{
    atomic_fetch_add(&event->count, 1);
    if (atomic_load(&event->sleepers) != 0) {
        yk_futex_wake(&event->count, YK_WAKE_ALL);
    }
}

void yk_event_repair(yk_event *event)
{
    atomic_store(&event->sleepers, 0);
    atomic_fetch_add(&event->count, 1);
    yk_futex_wake(&event->count, YK_WAKE_ALL);
}
