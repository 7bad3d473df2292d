/* SPDX-License-Identifier: MIT */
/*
 * The processor time of a worker: that of its processes that were reaped, and of the one that
 * lives. Only the system knows the latter, and only as long as the process is not reaped.
 *
 *     step                                         process      if it dies here
 *     pid: there is a process                      supervisor   the pool is broken, and then
 *     reap it: the system forgets its time         supervisor   figures are those of the last
 *     changes + 1: it is odd                       supervisor   process that was reaped, or
 *     add its time; pid = 0                        supervisor   lack that one
 *     changes + 1: it is even                      supervisor
 *     read changes, times, pid; ask the system;    application  all processes end with it
 *     read changes again: if it is odd, is
 *     another, or the system does not know the
 *     pid, all of it once more
 */
#ifndef YK_PROTOCOL_CPU_TALLY_H
#define YK_PROTOCOL_CPU_TALLY_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "sys/process.h"

/* The supervisor writes it. */
typedef struct yk_cpu_tally {
    _Atomic uint32_t changes;
    _Atomic uint32_t pid; /* of the process whose time is not in it yet; 0: there is none */
    _Atomic uint64_t user_ns;
    _Atomic uint64_t system_ns;
} yk_cpu_tally;

/* A process has been forked. */
void yk_cpu_tally_begin(yk_cpu_tally *tally, pid_t pid);

/* It has been reaped. */
void yk_cpu_tally_end(yk_cpu_tally *tally, const yk_cpu_time *used);

/* Application: the time of all processes so far. supervisor: the parent of the one that lives. */
yk_cpu_time yk_cpu_tally_read(const yk_cpu_tally *tally, pid_t supervisor);

#endif
