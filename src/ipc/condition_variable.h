/* SPDX-License-Identifier: MIT */
/*
 * A condition: who waits with a lock released sleeps on a word, its first bell, that notifiers
 * change. Nothing in it can be half done:
 *
 *     waiter                                   notifier
 *     with the lock: ticket = the word         change, with the lock
 *     release the lock                         the word + 2
 *     sleep while the word is the ticket       wake so many
 *     take the lock
 *
 * The word changes for every notification, so who has not slept yet does not sleep. Who was
 * woken may die; a notifier may die before his wake-up: so nobody sleeps longer than
 * YK_POLL_MS.
 */
#ifndef YK_IPC_CONDITION_VARIABLE_H
#define YK_IPC_CONDITION_VARIABLE_H

#include "ipc/ipc_object.h"

/* YOKE_OK: notified, or time to look again; YOKE_EOWNERDEAD from the lock. With both the
 * lock is held, also with YOKE_EAGAIN and YOKE_ETIMEDOUT. Not with YOKE_EBROKEN: the
 * pool is broken. */
yoke_status yk_condition_wait(yk_ipc_object *condition, yk_ipc_object *lock, uint64_t deadline);

void yk_condition_wake(yk_ipc_object *condition, int count);

#endif
