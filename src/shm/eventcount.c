/* SPDX-License-Identifier: MIT */
#include "shm/eventcount.h"

#include "base/clock.h"
#include "sys/futex.h"

enum { ASLEEP = 1, SIGNAL = 2 };

uint32_t yk_eventcount_ticket(const yk_eventcount *event)
{
    return atomic_load(&event->word) & ~(uint32_t)ASLEEP;
}

void yk_eventcount_wait(yk_eventcount *event, uint32_t ticket, uint64_t limit_ns)
{
    uint32_t expected = ticket;

    /* The bit is set only in the word that the ticket was drawn from: a signal either sees it,
     * or has come before, and then neither this nor the futex lets the waiter sleep. */
    if (atomic_compare_exchange_strong(&event->word, &expected, ticket | ASLEEP) ||
        expected == (ticket | ASLEEP)) {
        yk_futex_wait(&event->word, ticket | ASLEEP, limit_ns);
    }
}

bool yk_eventcount_spin(const yk_eventcount *event, uint32_t ticket, uint64_t spin_ns)
{
    enum { TURNS_PER_LOOK = 8 };
    const uint64_t start = yk_clock_ns();

    do {
        for (unsigned turn = 0; turn < TURNS_PER_LOOK; turn++) {
            if (yk_eventcount_ticket(event) != ticket) {
                return true;
            }
            yk_yield();
        }
    } while (yk_clock_ns() - start < spin_ns);
    return false;
}

bool yk_eventcount_wait_spinning(yk_eventcount *event, uint32_t ticket,
                                 uint64_t spin_ns, uint64_t limit_ns)
{
    if (yk_eventcount_spin(event, ticket, spin_ns)) {
        return false;
    }
    yk_eventcount_wait(event, ticket, limit_ns);
    return true;
}

void yk_eventcount_awake(yk_eventcount *event)
{
    atomic_fetch_and(&event->word, ~(uint32_t)ASLEEP);
}

bool yk_eventcount_has_sleeper(const yk_eventcount *event)
{
    return (atomic_load(&event->word) & ASLEEP) != 0;
}

/* Counts a signal and clears the bit. Returns the word before. */
static uint32_t count_signal(yk_eventcount *event)
{
    uint32_t word = atomic_load(&event->word);

    while (!atomic_compare_exchange_weak(&event->word, &word,
                                         (word & ~(uint32_t)ASLEEP) + SIGNAL)) {
    }
    return word;
}

void yk_eventcount_signal(yk_eventcount *event)
{
    if ((count_signal(event) & ASLEEP) != 0) {
        yk_futex_wake(&event->word, YK_WAKE_ALL);
    }
}

void yk_eventcount_repair(yk_eventcount *event)
{
    (void)count_signal(event);
    yk_futex_wake(&event->word, YK_WAKE_ALL);
}
