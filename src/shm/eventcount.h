/* SPDX-License-Identifier: MIT */
/*
 * Waiting for "something changed" between processes, without locks.
 *
 *     waiter                                  changer
 *     ticket = yk_eventcount_ticket(event)         change what the waiter looks at
 *     look; nothing to do?                    yk_eventcount_signal(event)
 *     yk_eventcount_wait(event, ticket, limit)
 *
 * A signal between ticket and wait makes the wait return at once, so none is lost.
 *
 * All is in one word: the number of signals, times 2, and a bit that says that somebody
 * may be asleep. A waiter that dies leaves the bit set, and the next signal
 * makes one system call in vain. A changer that dies before its wake-ups leaves waiters
 * asleep: whoever reaps it calls yk_eventcount_repair().
 */
#ifndef YK_SHM_EVENTCOUNT_H
#define YK_SHM_EVENTCOUNT_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* In shared memory, zero at the start. */
typedef struct yk_eventcount {
    _Atomic uint32_t word; /* changers add 2 and clear bit 0, waiters set it */
} yk_eventcount;

static_assert(sizeof(yk_eventcount) == 4, "a futex");

uint32_t yk_eventcount_ticket(const yk_eventcount *event);

/* Sleeps until a signal comes after `ticket` was drawn, or limit_ns have passed
 * (UINT64_MAX: no limit). May return early. */
void yk_eventcount_wait(yk_eventcount *event, uint32_t ticket, uint64_t limit_ns);

/* Gives the CPU to others, again and again, until a signal comes or for spin_ns. Whether one
 * came. */
bool yk_eventcount_spin(const yk_eventcount *event, uint32_t ticket, uint64_t spin_ns);

/* As yk_eventcount_wait, but first gives the CPU to others for up to spin_ns: a wake-up from
 * sleep costs a system call here and tens of microseconds there. Whether it came to
 * sleeping. */
bool yk_eventcount_wait_spinning(yk_eventcount *event, uint32_t ticket, uint64_t spin_ns,
                            uint64_t limit_ns);

void yk_eventcount_signal(yk_eventcount *event);

/* The only one who waits there is awake again: a time limit has ended its sleep. */
void yk_eventcount_awake(yk_eventcount *event);

/* Whether somebody may be asleep there: then a signal takes its time to arrive. */
bool yk_eventcount_has_sleeper(const yk_eventcount *event);

/* As yk_eventcount_signal(), but wakes in any case: after a death, when somebody may have
 * changed the word and not come to wake. */
void yk_eventcount_repair(yk_eventcount *event);

#endif
