/* SPDX-License-Identifier: MIT */
/*
 * The hub of a pool: a word at which threads sleep that wait for several event counts at once. An
 * event count that is linked to the hub passes its next signal on to it.
 *
 *     waiter                                    signaller
 *     ticket = yk_hub_ticket(hub)               change the state that the waiter checks
 *     yk_eventcount_link() of each              yk_eventcount_signal(): undoes the link
 *     check the states; nothing to do?          true: yk_hub_signal(hub, event)
 *     yk_hub_wait(hub, ticket, mask, limit)
 *
 * No wake-up is lost. If the link comes before the signal, the signaller finds it, and the hub's
 * word changes after the ticket was drawn. Otherwise the check finds the changed state. Several
 * waiters share a link: it only says that there may be one, and the signal wakes all of them.
 *
 *     step                                      if the thread dies here
 *     the waiter links, sleeps                  links stay: the next signal of each makes one
 *                                               system call for nothing
 *     the signaller changes the state           waiters check again by themselves: they never
 *     it undoes the link                        sleep longer than 0.1 s
 *     it counts in the hub's word               the same
 *     it wakes                                  nothing
 *
 * The word is the same for all waiters of a pool, but a signal wakes only some: each event count
 * has one of 32 bits, waiters sleep with the bits of theirs, and the system compares them. This
 * needs nothing newer than Linux 2.6.25. futex_waitv() (Linux 5.16) sleeps on the event counts
 * themselves, but it would need this besides, for older systems and in containers that forbid it.
 *
 * The word lies in front of the zone of objects (layout.h), so an object's address leads to it.
 */
#ifndef YK_SHM_HUB_H
#define YK_SHM_HUB_H

#include <stdatomic.h>
#include <stdint.h>

#include "shm/eventcount.h"

/* In shared memory, zero at the start. */
typedef struct yk_hub {
    _Atomic uint32_t word; /* any: number of signals that were passed on */
} yk_hub;

/* The bit of an event count, which lies at the same address in all processes. */
uint32_t yk_hub_bit(const yk_eventcount *event);

uint32_t yk_hub_ticket(const yk_hub *hub);

/* Sleeps until an event count with a bit in the mask passes a signal on after `ticket` was drawn,
 * or until limit_ns have passed. May return early. */
void yk_hub_wait(yk_hub *hub, uint32_t ticket, uint32_t mask, uint64_t limit_ns);

/* Passes a signal on. */
void yk_hub_signal(yk_hub *hub, const yk_eventcount *event);

/* Wakes all: after a death, since the dead process may not have passed a signal on. */
void yk_hub_repair(yk_hub *hub);

#endif
