/* SPDX-License-Identifier: MIT */
/*
 * Owners of things in shared memory: a number for a thread, and one for a process, by which
 * other processes can check whether it still lives. The number of a thread that has ended is
 * not used again, even if the system gives its id to another thread, since it contains the time
 * at which the thread started.
 *
 * The id is the one that /proc shows, which is the same for all processes that see the same
 * /proc, also in other pid namespaces. A process that sees another /proc cannot be looked up
 * here, and counts as alive: it is better to wait for ever than to take a lock from a live
 * thread.
 */
#ifndef YK_SYS_IDENTITY_H
#define YK_SYS_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

/* Bits 0 to 21: id; 22 to 31: number of the /proc that shows this id, 0: none; 32 to 62: start
 * in clock ticks since boot; never 0. */
typedef uint64_t yk_identity;

/* A bit that is free for users that keep an identity in a word. */
#define YK_IDENTITY_FLAG (UINT64_C(1) << 63)

/* The calling thread's identity. Also right in a forked process, however it was forked. */
yk_identity yk_identity_thread(void);

/* The calling process's identity. */
yk_identity yk_identity_process(void);

/* The identity of the process that has this pid, as this process sees it; 0: there is none. */
yk_identity yk_identity_of_pid(int pid);

/* Whether it lives. One that has ended but was not waited for does not live. A few system
 * calls. */
bool yk_identity_thread_lives(yk_identity thread);
bool yk_identity_process_lives(yk_identity process);

/* Whether it can be looked up here for certain. Others count as alive, so an identity from
 * memory that may have been overwritten needs a further check. */
bool yk_identity_is_certain(yk_identity identity);

#endif
