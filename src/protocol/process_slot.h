/* SPDX-License-Identifier: MIT */
/*
 * A process that runs a function of the program, as part of the control block. Three processes
 * take part: the application requests it, the supervisor forks and reaps it, the process itself
 * runs. `state` says which of them owns the slot. The application raises its generation with each
 * use, so that a late signal reaches no other process.
 *
 *     FREE       the application owns it
 *     REQUESTED  filled in; the supervisor is to fork
 *     RUNNING    there is a process, or there was one: only the supervisor knows
 *     ENDED      it was reaped; the application may take the result and free the slot
 *     REFUSED    it could not be forked; then as ENDED
 *
 *     step                                        by              if it dies here
 *     function, argument, name                    application     all processes die with it
 *     REQUESTED, wake the supervisor              application     "
 *     fork                                        supervisor      the process dies with it;
 *                                                                 the pool is broken
 *     pid, RUNNING, signal                        supervisor      "
 *     find the function, run it, exit             process         it is reaped, as after any end
 *     failure, unfound: there is no function      process         before unfound: as any end
 *     signal number into `wanted`, wake           application     all processes die with it
 *     take the number, kill()                     supervisor      the pool is broken
 *     reaped = 1                                  supervisor      the pool is broken
 *     reap, wait status, ENDED, signal            supervisor      "
 *     take the result, free the argument, FREE    application     all processes die with it
 *
 * Only the supervisor sends signals, and only to children that it has not reaped: their pids
 * cannot have been given to other processes. Any other process that wants a descriptor of this
 * one opens it by the pid; it has the right one if `reaped` is still 0 and the supervisor still
 * lives after that. Waiters check every 0.1 s whether the supervisor lives.
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
    /* or about to be reaped: the pid may be another process's; app, before REQUESTED: 0 */
    _Atomic uint32_t reaped;

    _Atomic uint64_t
        detached_seen; /* the process; supervisor, before it exists and after it */

    /* the process; app, before REQUESTED: 0 */
    _Atomic uint32_t unfound; /* its function was not found, and `failure` says why */
    _Atomic uint32_t left;    /* its function did not return, and `failure` says why */
    char failure[256];
} yk_process_slot;

#endif
