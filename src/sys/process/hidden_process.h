/* SPDX-License-Identifier: MIT */
/* Processes that the program's wait() and SIGCHLD do not notice. */
#ifndef YK_SYS_PROCESS_HIDDEN_PROCESS_H
#define YK_SYS_PROCESS_HIDDEN_PROCESS_H

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

#include "sys/process.h"

/* errno of a call below: a process that was to create another one was killed; or that, and locks
 * of libraries stay held in this process, which cannot use them any more. */
enum { YK_PROCESS_KILLED = ECANCELED, YK_PROCESS_LOCKED = EDEADLK };

/*
 * Runs `entry` in a process that shares this one's memory and descriptors, while this thread
 * waits. wait() and SIGCHLD do not notice this process, nor those that it creates, since they
 * are not children of the caller. All signals are blocked there. False with errno if that is
 * impossible.
 */
bool yk_process_run_aside(yk_process_main *entry, void *context);

/*
 * Forks a process that this one's wait() and SIGCHLD do not notice: for the supervisor, which
 * is a child of the user's program. All signals are blocked in it. Returns its pid, or -1 with
 * errno; its descriptor goes to *pidfd, -1 if there can be none.
 *
 * While the calling process has other threads, a lock of the C library may be held at the
 * moment of a bare clone, and would stay locked in the child. In that case it is created by the
 * C library's own fork(), which sends SIGCHLD, and is not a child of the caller. If SIGCHLD has no
 * effect in this program, the caller forks a child, which makes the hidden process and ends: a
 * thread that waits for any child may see that one. Otherwise a process aside forks; if it is
 * killed in the C library's fork(), locks may stay held in this process: YK_PROCESS_LOCKED. Under
 * valgrind and ThreadSanitizer, which allow no such process, it is an ordinary child.
 */
pid_t yk_process_clone_hidden(yk_process_main *entry, void *context, int *pidfd);

#endif
