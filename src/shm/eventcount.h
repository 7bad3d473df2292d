/* SPDX-License-Identifier: MIT */
/*
 * An event count: waiting for "something has changed" between processes, without locks.
 *
 *     waiter                                      signaller
 *     ticket = yk_eventcount_ticket(event)        change the state that the waiter checks
 *     check the state; nothing to do?             yk_eventcount_signal(event)
 *     yk_eventcount_wait(event, ticket, limit)
 *
 * A signal between ticket and wait makes the wait return at once, so none is lost.
 *
 * All of it is one word: the number of signals, times 4, and two bits. One is set if a waiter may be
 * asleep, the other if one may wait for several event counts at once, this one among them (hub.h).
 * If a waiter dies, its bit stays set, and the next signal makes one system call for nothing. If a signaller dies before its wake-up, waiters stay asleep: the process that reaps it
 * calls yk_eventcount_repair().
 */
#ifndef YK_SHM_EVENTCOUNT_H
#define YK_SHM_EVENTCOUNT_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* In shared memory, zero at the start. */
typedef struct yk_eventcount {
    _Atomic uint32_t word; /* signallers add 4 and clear bits 0 and 1, waiters set them */
} yk_eventcount;

static_assert(sizeof(yk_eventcount) == 4, "a futex");

uint32_t yk_eventcount_ticket(const yk_eventcount *event);

/* Sleeps until a signal comes after `ticket` was drawn, or until limit_ns have passed
 * (UINT64_MAX: no limit). May return early. */
void yk_eventcount_wait(yk_eventcount *event, uint32_t ticket, uint64_t limit_ns);

/* Looks again and again until a signal comes, for about spin_ns at most. Whether one came. Between
 * two looks it yields the CPU or, in company, only pauses (company.h), and soon
 * gives up. */
bool yk_eventcount_spin(const yk_eventcount *event, uint32_t ticket, uint64_t spin_ns);

/* As yk_eventcount_wait(), but first looks for a signal for up to spin_ns: a wake-up from sleep
 * costs a system call here and tens of microseconds in the other process. Whether it slept. */
bool yk_eventcount_wait_spinning(yk_eventcount *event, uint32_t ticket, uint64_t spin_ns,
                            uint64_t limit_ns);

/* Links it to the hub until its next signal. */
void yk_eventcount_link(yk_eventcount *event);

/* Whether it was linked: then the caller passes the signal on. */
bool yk_eventcount_signal(yk_eventcount *event);

/* The only waiter is awake again: its time limit has ended its sleep. */
void yk_eventcount_awake(yk_eventcount *event);

/* Whether a waiter may be asleep: then a signal takes time to arrive. */
bool yk_eventcount_has_sleeper(const yk_eventcount *event);

/* As yk_eventcount_signal(), but wakes in any case: after a death, since the dead process may
 * have changed the word and not woken the waiters. */
bool yk_eventcount_repair(yk_eventcount *event);

#endif
