/* SPDX-License-Identifier: MIT */
/*
 * A process that runs a function of the user's, as the pool's processes see it: part of
 * the control block. Three take part: the application asks, the supervisor forks and reaps,
 * the process runs. `state` says whose the slot is; its generation, which the application
 * raises with each use, makes a late signal meet nobody.
 *
 *     FREE       the application's
 *     REQUESTED  filled in; the supervisor is to fork
 *     RUNNING    there is a process, or there was: only the supervisor knows
 *     ENDED      it was reaped; the application may take the result and free the slot
 *     REFUSED    it could not be forked; as ENDED
 *
 *     step                                        who             if it dies here
 *     function, argument, name                    application     everybody dies with it
 *     REQUESTED, ring the supervisor              application     "
 *     fork                                        supervisor      the process dies with it;
 *                                                                 the pool is broken
 *     pid, RUNNING, signal                        supervisor      "
 *     find the function, run it, exit             process         is reaped, as after any end
 *     failure, unfound: it is not there           process         before unfound: as any end
 *     signal number into `wanted`, ring           application     everybody dies with it
 *     take it from there, kill()                  supervisor      the pool is broken
 *     reaped = 1                                  supervisor      the pool is broken
 *     reap, wait status, ENDED, signal            supervisor      "
 *     take the result, free the argument, FREE    application     everybody dies with it
 *
 * Only the supervisor sends signals, to children that it has not reaped: their pids cannot
 * have been given to others. Whoever else wants a descriptor of the process opens it by the
 * pid, and has the right one if `reaped` is 0 and the supervisor lives afterwards. Waiters look every 0.1 s whether the supervisor lives.
 */
#ifndef YK_PROTOCOL_PROCESS_SLOT_H
#define YK_PROTOCOL_PROCESS_SLOT_H

#include <stdatomic.h>
#include <stdint.h>

#include "launch/kernel.h"
#include "shm/eventcount.h"

enum {
    YK_MAX_PROCESSES = 256,
    YK_PROCESS_NAME_BYTES = 64,
};

enum {
    YK_PROCESS_FREE = 0,
    YK_PROCESS_REQUESTED = 1,
    YK_PROCESS_RUNNING = 2,
    YK_PROCESS_ENDED = 3,
    YK_PROCESS_REFUSED = 4,
};

enum { YK_WANTED_TERMINATE = 1, YK_WANTED_KILL = 2 };

typedef struct yk_process_slot {
    /* generation << 8 | YK_PROCESS_...; app: ENDED, REFUSED -> FREE -> REQUESTED;
     * supervisor: the others */
    _Atomic uint64_t state;
    _Atomic uint64_t wanted; /* app: generation << 8 | YK_WANTED_...; supervisor: 0 */
    yk_eventcount changed;        /* supervisor */

    /* app, before REQUESTED */
    uint32_t daemon;
    yk_function function;
    uint64_t argument; /* address */
    uint64_t bytes;
    char name[YK_PROCESS_NAME_BYTES];

    /* supervisor */
    int32_t pid;         /* before RUNNING */
    int32_t wait_status; /* before ENDED; errno before REFUSED */
    _Atomic uint32_t reaped; /* or about to be: the pid may be another's; app, before
                                REQUESTED: 0 */

    _Atomic uint64_t
        detached_seen; /* the process; supervisor, before it exists and after it */

    /* the process; app, before REQUESTED: 0 */
    _Atomic uint32_t unfound; /* its function is not there, and failure says why */
    _Atomic uint32_t left;    /* its function has not returned, and failure says why */
    char failure[256];
} yk_process_slot;

#endif
