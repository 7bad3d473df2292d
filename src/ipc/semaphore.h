/* SPDX-License-Identifier: MIT */
/*
 * A counter; threads wait while it is 0. It is a semaphore or, with at most one permit that is not
 * used up, an event. It is one word that changes in one step, so a death leaves nothing half done:
 *
 *     give: count goes up, or to 1    if the thread dies here: waiters check again by themselves
 *     signal
 *
 * All calls return YOKE_EDAMAGED if they detect that the semaphore has been overwritten.
 */
#ifndef YK_IPC_SEMAPHORE_H
#define YK_IPC_SEMAPHORE_H

#include "ipc/ipc_object.h"

typedef struct yk_semaphore {
    yk_ipc_object object;
    _Atomic uint32_t count;      /* any process */
    uint32_t max_count;          /* never changes */
} yk_semaphore;

/* Initialises a semaphore in zeroed memory. */
void yk_semaphore_init(yk_semaphore *permits, uint32_t count, uint32_t max_count);

/* Adds permits. YOKE_EINVAL: there would be more than `max_count`. */
yoke_status yk_semaphore_give(yk_semaphore *permits, uint32_t count);

/* Takes a permit. */
yoke_status yk_semaphore_take(yk_semaphore *permits, uint64_t deadline);

/* Waits until there are permits; takes none. */
yoke_status yk_semaphore_wait(yk_semaphore *permits, uint64_t deadline);

/* Sets the count to 0 or 1. */
yoke_status yk_semaphore_set(yk_semaphore *permits, bool on);

/* The number of permits now; 0 if the semaphore is damaged. */
uint32_t yk_semaphore_count(const yk_semaphore *permits);

#endif
