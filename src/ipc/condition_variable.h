/* SPDX-License-Identifier: MIT */
/*
 * A condition: a thread that waits has released its lock and sleeps on a word, the object's first
 * bell, which notifiers change. No step can be left half done:
 *
 *     waiter                                   notifier
 *     with the lock: ticket = the word         change, with the lock
 *     release the lock                         the word + 2
 *     sleep while the word is the ticket       wake `count` sleepers
 *     take the lock
 *
 * Every notification changes the word, so a waiter that does not sleep yet will not. A waiter may
 * die after it was woken, and a notifier before it wakes one: so no waiter sleeps longer than
 * YK_POLL_MS.
 */
#ifndef YK_IPC_CONDITION_VARIABLE_H
#define YK_IPC_CONDITION_VARIABLE_H

#include "ipc/ipc_object.h"

/* YOKE_OK: notified, or time to check again; YOKE_EOWNERDEAD from the lock. In both cases the
 * lock is held, as it is with YOKE_EAGAIN and YOKE_ETIMEDOUT. It is not held with YOKE_EBROKEN:
 * the pool is broken. */
yoke_status yk_condition_wait(yk_ipc_object *condition, yk_ipc_object *lock, uint64_t deadline);

void yk_condition_wake(yk_ipc_object *condition, int count);

#endif
