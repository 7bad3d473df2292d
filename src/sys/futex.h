/* SPDX-License-Identifier: MIT */
/* Waiting on a 32-bit word in shared memory, across processes. */
#ifndef YK_SYS_FUTEX_H
#define YK_SYS_FUTEX_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { YK_WAKE_ALL = INT_MAX };

/* Sleeps while *word is `expected`, at most timeout_ns (UINT64_MAX: no limit). May return
 * early, for signals or for no reason: check the word again. */
void yk_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns);

/* The same; only a wake with a bit of the mask ends it. The mask is not 0. */
void yk_futex_wait_mask(_Atomic uint32_t *word, uint32_t expected, uint32_t mask,
                        uint64_t timeout_ns);

/* Wakes up to `count` sleepers. */
void yk_futex_wake(_Atomic uint32_t *word, int count);

/* Wakes all sleepers that have a bit of the mask. */
void yk_futex_wake_mask(_Atomic uint32_t *word, uint32_t mask);

/* How often the calling thread has waited so far, on a futex or for anything else. A thread that
 * yields the CPU, or loses it, does not wait. */
long yk_thread_waits(void);

/* Yields the CPU to other threads. */
void yk_yield(void);

/* Tells the CPU that this is a loop that waits. Other threads do not get it. */
static inline void yk_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield" ::: "memory");
#else
    __asm__ volatile("" ::: "memory");
#endif
}

#endif
