/* SPDX-License-Identifier: MIT */
/*
 * Waiting for "something changed" between processes, without locks.
 *
 *     waiter                                  changer
 *     ticket = yk_event_ticket(event)         change what the waiter looks at
 *     look; nothing to do?                    yk_event_signal(event)
 *     yk_event_wait(event, ticket, limit)
 *
 * A signal between ticket and wait makes the wait return at once, so none is lost. A
 * process that dies anywhere in here leaves nothing locked: at worst `sleepers` stays too
 * high and a later signal makes one system call in vain.
 */
#ifndef YK_SHARED_EVENT_COUNT_H
#define YK_SHARED_EVENT_COUNT_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

/* In shared memory, all zero at the start. */
typedef struct yk_event {
    _Atomic uint32_t count;    /* changers add 1 */
    _Atomic uint32_t sleepers; /* each waiter adds 1 for the time it sleeps */
} yk_event;

static_assert(sizeof(yk_event) == 8, "fits a word");

uint32_t yk_event_ticket(const yk_event *event);

/* Sleeps until a signal comes after `ticket` was drawn, or limit_ns have passed
 * (UINT64_MAX: no limit). May return early. */
void yk_event_wait(yk_event *event, uint32_t ticket, uint64_t limit_ns);

/* As yk_event_wait, but first gives the CPU to others for up to spin_ns: a wake-up from
 * sleep costs a system call here and tens of microseconds there. */
void yk_event_wait_spinning(yk_event *event, uint32_t ticket, uint64_t spin_ns,
                            uint64_t limit_ns);

void yk_event_signal(yk_event *event);

/* After the death of a waiter: nobody is counted as asleep. Sleepers that were are woken
 * and count themselves again. */
void yk_event_repair(yk_event *event);

#endif
