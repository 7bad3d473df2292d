/* SPDX-License-Identifier: MIT */
/*
 * Who owns something in shared memory: a number for a thread, and one for a process, by
 * which others can tell whether it still lives. The number of a thread that has ended is
 * not used again even if the system gives its id to another: it contains the time at which
 * the thread started.
 *
 * The id is the one by which /proc calls it, which is the same for all who see the same
 * /proc, also in other pid namespaces. Who sees another /proc cannot be looked up here and
 * is taken to live: better wait for ever than take a lock from somebody who lives.
 */
#ifndef YK_SYS_IDENTITY_H
#define YK_SYS_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

/* Bits 0 to 21: id; 22 to 31: which /proc calls it so, 0: none; 32 to 62: start in clock ticks
 * since boot; never 0. */
typedef uint64_t yk_identity;

/* Left free for whoever keeps one in a word. */
#define YK_IDENTITY_FLAG (UINT64_C(1) << 63)

/* The calling thread's. Also right in whatever was forked, however it was forked. */
yk_identity yk_identity_thread(void);

/* The calling process's. */
yk_identity yk_identity_process(void);

/* Whether it has not ended. One that has ended and was not waited for has ended. A few
 * system calls. */
bool yk_identity_thread_lives(yk_identity thread);
bool yk_identity_process_lives(yk_identity process);

/* Whether it can be looked up here for certain. Others are assumed to live, so an identity from
 * memory that something may have written over needs a further check. */
bool yk_identity_is_certain(yk_identity identity);

#endif
