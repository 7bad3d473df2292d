/* SPDX-License-Identifier: MIT */
/*
 * A counter that is waited for while it is 0: a semaphore, and, with at most one permit that
 * stays, an event. One word that changes in one step, so a death leaves nothing half done:
 *
 *     give: count goes up, or to 1    if it dies here: who waits looks again by himself
 *     signal
 *
 * All calls answer YOKE_EDAMAGED if something has written over it and that shows.
 */
#ifndef YK_IPC_SEMAPHORE_H
#define YK_IPC_SEMAPHORE_H

#include "ipc/ipc_object.h"

typedef struct yk_semaphore {
    yk_ipc_object object;
    _Atomic uint32_t count; /* anybody */
    uint32_t max_count;          /* never changes */
} yk_semaphore;

/* In zeroed memory. */
void yk_semaphore_init(yk_semaphore *permits, uint32_t count, uint32_t max_count);

/* YOKE_EINVAL: there would be more than `max_count`. */
yoke_status yk_semaphore_give(yk_semaphore *permits, uint32_t count);

/* One fewer. */
yoke_status yk_semaphore_take(yk_semaphore *permits, uint64_t deadline);

/* Until there are any; takes none. */
yoke_status yk_semaphore_wait(yk_semaphore *permits, uint64_t deadline);

/* Sets it to 0 or 1. */
yoke_status yk_semaphore_set(yk_semaphore *permits, bool on);

/* How many there are now; 0 if it is damaged. */
uint32_t yk_semaphore_count(const yk_semaphore *permits);

#endif
