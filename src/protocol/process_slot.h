/* SPDX-License-Identifier: MIT */
/*
 * A process that runs a function of the program, as part of the control block. Three processes
 * take part: the starter requests it, the supervisor forks and reaps it, the process itself runs.
 * The starter is the application, a worker (in a task, say) or another such process. `state` says
 * which of the three owns the slot, and which starter has it. Its generation goes up with each use,
 * so that a late signal reaches no other process.
 *
 *     FREE       no process owns it
 *     CLAIMED    the starter fills it in
 *     REQUESTED  filled in; the supervisor is to fork
 *     RUNNING    there is a process, or there was one: only the supervisor knows
 *     ENDED      it was reaped; the starter may take the result and free the slot
 *     REFUSED    it could not be forked; then as ENDED
 *
 *     step                                        by              if it dies here
 *     CLAIMED, by compare-and-swap                starter         see below
 *     function, argument, name                    starter         "
 *     REQUESTED, wake the supervisor              starter         "
 *     fork                                        supervisor      the process dies with it;
 *                                                                 the pool is broken
 *     pid, RUNNING, signal                        supervisor      "
 *     ... or KILL is in `wanted` before the fork:
 *       REFUSED, signal                           supervisor      "
 *     find the function, run it, exit             process         it is reaped, as after any end
 *     failure, unfound: there is no function      process         before unfound: as any end
 *     a signal behind those in `wanted`, wake     starter         the signal is sent
 *     kill(), refusal                             supervisor      the pool is broken
 *     take the signal out of `wanted`, signal     supervisor      "
 *     reaped = 1                                  supervisor      the pool is broken
 *     reap, wait status, end, ENDED, signal       supervisor      "
 *     take the result, free the argument, FREE    starter         see below
 *     give the handle back: abandoned = 1         starter         "
 *
 * All processes die with the application. When another starter has been reaped, the supervisor goes
 * through the slots that it has: those that are CLAIMED, REQUESTED, ENDED or REFUSED become FREE; a
 * RUNNING process is killed if it is a daemon; otherwise it is abandoned, and goes on. It does that
 * before the starter's own slot can be used again. A slot that is abandoned becomes FREE when its
 * process is reaped. The starter stores `abandoned` and then looks at the state, the supervisor
 * stores the state and then looks at `abandoned`; both free it by compare-and-swap. If the process
 * did not find its function, or the function did not return, the slot becomes the application's
 * instead, which reports that.
 *
 * `wanted` has up to eight signals that were not sent yet, a byte each, the next one lowest. They
 * are sent in this order, and none is sent only once for two. Only the starter adds, in a use of
 * the slot whose process it has not found to have ended; only the supervisor takes. Only the
 * supervisor sends signals, and only to children that it has not reaped: their pids
 * cannot have been given to other processes. Any other process that wants a descriptor of this
 * one opens it by the pid; it has the right one if `reaped` is still 0 and the supervisor still
 * lives after that. Waiters check every 0.1 s whether the supervisor lives.
 */
#ifndef YK_PROTOCOL_PROCESS_SLOT_H
#define YK_PROTOCOL_PROCESS_SLOT_H

#include <stdatomic.h>
#include <stdint.h>

#include "launch/kernel.h"
#include "protocol/crash.h"
#include "shm/eventcount.h"

enum {
    YK_MAX_PROCESSES = 256,
    YK_PROCESS_NAME_BYTES = 64,
    YK_PROCESS_END_BYTES = 1024,
};

/* Bytes of an argument that a worker or process may hand over: only the application has the books
 * of the arena, in which larger ones lie. */
enum { YK_PROCESS_SMALL_BYTES = 4096 };

enum {
    YK_PROCESS_FREE = 0,
    YK_PROCESS_REQUESTED = 1,
    YK_PROCESS_RUNNING = 2,
    YK_PROCESS_ENDED = 3,
    YK_PROCESS_REFUSED = 4,
    YK_PROCESS_CLAIMED = 5,
};

/* Starters: the application, then workers by slot, then processes by slot. */
enum {
    YK_STARTER_APPLICATION = 0,
    YK_STARTER_WORKER = 1,
    YK_STARTER_PROCESS = 0x1000,
};

typedef struct yk_process_slot {
    /* starter << 40 | generation << 8 | YK_PROCESS_...; starter: ENDED, REFUSED -> FREE ->
     * CLAIMED -> REQUESTED; supervisor: the others, and for a starter that has died */
    _Atomic uint64_t state;
    _Atomic uint64_t wanted; /* starter: adds signals, and before REQUESTED 0; supervisor: takes them */
    yk_eventcount changed;        /* supervisor */

    /* starter, before REQUESTED */
    uint32_t daemon;
    uint32_t is_small; /* the argument is in `small`, not at an address */
    yk_function function;
    uint64_t argument; /* address */
    uint64_t bytes;
    char name[YK_PROCESS_NAME_BYTES];
    /* starter, supervisor: nothing waits for the result; starter, before REQUESTED: 0 */
    _Atomic uint32_t abandoned;

    /* supervisor */
    int32_t pid;         /* before RUNNING */
    int32_t wait_status; /* before ENDED; errno before REFUSED */
    /* errno of the last signal that was sent, before it is taken out of `wanted` */
    int32_t signal_refusal;
    /* or about to be reaped: the pid may be another process's; starter, before REQUESTED: 0 */
    _Atomic uint32_t reaped;

    _Atomic uint64_t
        detached_seen; /* the process; supervisor, before it exists and after it */

    /* the process; starter, before REQUESTED: 0 */
    _Atomic uint32_t unfound; /* its function was not found, and `failure` says why */
    _Atomic uint32_t left;    /* its function did not return, and `failure` says why */
    char failure[256];

    char small[YK_PROCESS_SMALL_BYTES]; /* starter, before REQUESTED */
    yk_crash crash; /* the process; supervisor, before it exists */
    char end[YK_PROCESS_END_BYTES]; /* supervisor, before ENDED: how it ended */
} yk_process_slot;

static inline uint64_t yk_process_pack(uint32_t starter, uint32_t generation,
                                       uint32_t state)
{
    return (uint64_t)starter << 40 | (uint64_t)generation << 8 | state;
}

static inline uint32_t yk_process_starter(uint64_t word)
{
    return (uint32_t)(word >> 40);
}

#endif
