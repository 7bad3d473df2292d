/* SPDX-License-Identifier: MIT */
#include "protocol/cpu_tally.h"

#include "base/clock.h"
#include "sys/futex.h"

/* The supervisor may have lost its core in the middle of a change. If it has died there, what is
 * read then is all that there will be. */
static const uint64_t tally_limit_ns = 100 * (uint64_t)YK_NS_PER_MS;

void yk_cpu_tally_begin(yk_cpu_tally *tally, pid_t pid)
{
    atomic_store(&tally->pid, (uint32_t)pid);
}

void yk_cpu_tally_end(yk_cpu_tally *tally, const yk_cpu_time *used)
{
    atomic_fetch_add(&tally->changes, 1);
    atomic_fetch_add(&tally->user_ns, used->user_ns);
    atomic_fetch_add(&tally->system_ns, used->system_ns);
    atomic_store(&tally->pid, 0);
    atomic_fetch_add(&tally->changes, 1);
}

/* Whether nothing has changed meanwhile. */
static bool cpu_tally_try(const yk_cpu_tally *tally, pid_t supervisor, yk_cpu_time *sum)
{
    const uint32_t changes = atomic_load(&tally->changes);
    const uint32_t pid = atomic_load(&tally->pid);
    yk_cpu_time living = {0, 0};
    bool known = pid == 0;

    *sum = (yk_cpu_time){atomic_load(&tally->user_ns), atomic_load(&tally->system_ns)};
    if (pid != 0) {
        known = yk_process_cpu_time((pid_t)pid, supervisor, &living);
    }
    sum->user_ns += known ? living.user_ns : 0;
    sum->system_ns += known ? living.system_ns : 0;
    return known && changes % 2 == 0 && atomic_load(&tally->changes) == changes;
}

yk_cpu_time yk_cpu_tally_read(const yk_cpu_tally *tally, pid_t supervisor)
{
    const uint64_t deadline = yk_clock_ns() + tally_limit_ns;
    yk_cpu_time sum;

    while (!cpu_tally_try(tally, supervisor, &sum) && yk_clock_ns() < deadline) {
        yk_yield();
    }
    return sum;
}
