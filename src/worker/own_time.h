/* SPDX-License-Identifier: MIT */
/* How long a thread's own work takes, whatever else runs on the machine. */
#ifndef YK_WORKER_OWN_TIME_H
#define YK_WORKER_OWN_TIME_H

#include <stdint.h>

typedef struct yk_own_time {
    uint64_t clock_ns; /* yk_clock_ns() */
    uint64_t cpu_ns;   /* that this thread has run */
    long waits;        /* how often it has waited for something */
} yk_own_time;

/* Where the calling thread is now. Costs half a microsecond. */
yk_own_time yk_own_time_now(void);

/* What the calling thread has needed since: the time in which it ran, without that in which others
 * had its processor. If it has waited, for a disk or for its helpers, all time counts. At least
 * 1 ns. */
uint64_t yk_own_time_since(const yk_own_time *began);

#endif
