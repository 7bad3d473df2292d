/* SPDX-License-Identifier: MIT */
#include "shm/eventcount.h"

#include "base/bits.h"
#include "base/clock.h"
#include "shm/company.h"
#include "sys/futex.h"

enum { ASLEEP = 1, LINKED = 2, SIGNAL = 4 };

/* What is waited for may need this very core. */
static const uint64_t spin_in_company_ns = 5000;

uint32_t yk_eventcount_ticket(const yk_eventcount *event)
{
    return atomic_load(&event->word) & ~(uint32_t)(ASLEEP | LINKED);
}

void yk_eventcount_wait(yk_eventcount *event, uint32_t ticket, uint64_t limit_ns)
{
    uint32_t word = atomic_load(&event->word);

    /* The bit is set only in the word that the ticket was drawn from: a signal either sees it,
     * or has come before, and then neither this nor the futex lets the waiter sleep. */
    do {
        if ((word & ~(uint32_t)(ASLEEP | LINKED)) != ticket) {
            return;
        }
    } while ((word & ASLEEP) == 0 &&
             !atomic_compare_exchange_weak(&event->word, &word, word | ASLEEP));
    yk_futex_wait(&event->word, word | ASLEEP, limit_ns);
}

/* Between two looks: alone another process gets the core, in company none does. */
static void spin_turn(bool in_company)
{
    enum { PAUSES = 8 };

    if (!in_company) {
        yk_yield();
        return;
    }
    for (unsigned i = 0; i < PAUSES; i++) {
        yk_pause();
    }
}

bool yk_eventcount_spin(const yk_eventcount *event, uint32_t ticket, uint64_t spin_ns)
{
    const uint64_t start = yk_clock_ns();
    uint64_t now = start;

    if (yk_company_is_seen(now)) {
        spin_ns = yk_min(spin_ns, spin_in_company_ns);
    }
    do {
        const uint64_t before = now;

        if (yk_eventcount_ticket(event) != ticket) {
            return true;
        }
        spin_turn(yk_company_is_seen(now));
        now = yk_clock_ns();
        yk_company_note(before, now);
    } while (now - start < spin_ns);
    return yk_eventcount_ticket(event) != ticket;
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

void yk_eventcount_link(yk_eventcount *event)
{
    atomic_fetch_or(&event->word, LINKED);
}

/* Counts a signal and clears the bits. Returns the word before. */
static uint32_t count_signal(yk_eventcount *event)
{
    uint32_t word = atomic_load(&event->word);

    while (!atomic_compare_exchange_weak(
        &event->word, &word, (word & ~(uint32_t)(ASLEEP | LINKED)) + SIGNAL)) {
    }
    return word;
}

bool yk_eventcount_signal(yk_eventcount *event)
{
    const uint32_t before = count_signal(event);

    if ((before & ASLEEP) != 0) {
        yk_futex_wake(&event->word, YK_WAKE_ALL);
    }
    return (before & LINKED) != 0;
}

bool yk_eventcount_repair(yk_eventcount *event)
{
    const uint32_t before = count_signal(event);

    yk_futex_wake(&event->word, YK_WAKE_ALL);
    return (before & LINKED) != 0;
}
