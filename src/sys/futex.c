/* SPDX-License-Identifier: MIT */
#include "sys/futex.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

void yk_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    const struct timespec timeout = {
        .tv_sec = (time_t)(timeout_ns / YK_NS_PER_S),
        .tv_nsec = (long)(timeout_ns % YK_NS_PER_S),
    };

    /* Not FUTEX_PRIVATE: the word is shared between processes. */
    (void)syscall(SYS_futex, word, FUTEX_WAIT, expected,
                  timeout_ns == UINT64_MAX ? NULL : &timeout, NULL, 0);
}

void yk_futex_wait_mask(_Atomic uint32_t *word, uint32_t expected, uint32_t mask,
                        uint64_t timeout_ns)
{
    const uint64_t now = yk_clock_ns();
    const uint64_t end = timeout_ns < UINT64_MAX - now ? now + timeout_ns : UINT64_MAX;
    const struct timespec until = {
        .tv_sec = (time_t)(end / YK_NS_PER_S),
        .tv_nsec = (long)(end % YK_NS_PER_S),
    };

    /* Unlike FUTEX_WAIT, this one takes a point in time, of the monotonic clock. */
    (void)syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected,
                  end == UINT64_MAX ? NULL : &until, NULL, mask);
}

void yk_futex_wake(_Atomic uint32_t *word, int count)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

void yk_futex_wake_mask(_Atomic uint32_t *word, uint32_t mask)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_BITSET, YK_WAKE_ALL, NULL, NULL, mask);
}

long yk_thread_waits(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nvcsw : 0;
}

void yk_yield(void)
{
    (void)sched_yield();
}
