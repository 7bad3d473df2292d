/* SPDX-License-Identifier: MIT */
#include "worker/own_time.h"

#include <time.h>

#include "base/clock.h"
#include "sys/futex.h"

yk_own_time yk_own_time_now(void)
{
    yk_own_time now = {.clock_ns = yk_clock_ns(), .waits = yk_thread_waits()};
    struct timespec cpu;

    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu) == 0) {
        now.cpu_ns = (uint64_t)cpu.tv_sec * YK_NS_PER_S + (uint64_t)cpu.tv_nsec;
    }
    return now;
}

uint64_t yk_own_time_since(const yk_own_time *began)
{
    const yk_own_time now = yk_own_time_now();
    const uint64_t ns = now.waits == began->waits && now.cpu_ns != 0
                            ? now.cpu_ns - began->cpu_ns
                            : now.clock_ns - began->clock_ns;

    return ns > 0 ? ns : 1;
}
