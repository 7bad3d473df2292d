/* SPDX-License-Identifier: MIT */
/* Processes: how the pool's are made, watched, killed and kept clean. */
#ifndef YK_SYS_PROCESS_H
#define YK_SYS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sys/fd_reserve.h"

/* Runs in the new process; its result is the exit code. */
typedef int yk_process_main(void *context);

/*
 * Runs `entry` in a process that shares this one's memory and descriptors, while this thread
 * waits; wait() and SIGCHLD do not notice it, nor what it makes, since that is no child of
 * this process. All signals are blocked there. False with errno if there can be none.
 */
bool yk_process_run_aside(yk_process_main *entry, void *context);

/*
 * Forks a process that this one's wait() and SIGCHLD do not notice: for the supervisor, a
 * child of somebody else's program. All signals are blocked in it. Returns its pid, or -1
 * with errno; its descriptor goes to *pidfd, -1 if there can be none.
 *
 * While the calling process has other threads, a lock of the C library may be held at the
 * moment of a bare clone and stay locked in the child. Then it is made by the C library's
 * own fork(), which sends SIGCHLD, in a process aside; it is then no child of the caller.
 */
pid_t yk_process_clone_hidden(yk_process_main *entry, void *context, int *pidfd);

/* Forks an ordinary child, in which all signals are blocked until one of the calls below
 * lets them in: one that is sent before must not meet the parent's handlers. Returns its
 * pid, or -1 with errno. */
pid_t yk_process_fork(yk_process_main *entry, void *context);

/* To be called in the process that becomes a pool's supervisor, before the next call: what the
 * program ignores stays ignored in that process and in those that are forked from it. */
void yk_process_note_ignored_signals(void);

/*
 * To be called first in a new process: default signal handlers, nothing blocked, terminal
 * signals ignored and what else the program ignores (but SIGCHLD), /dev/null as standard input
 * unless that is reserved, unwritten text of the parent's stdio buffers discarded, all
 * descriptors closed but 0 to 2, reserved ones and those listed.
 * Of those three none is closed: /dev/null takes the place of what is.
 */
void yk_process_start_clean(const yk_fd_reserve *reserve, const int *own, size_t count);

/* The same for a process that runs a user's program: SIGTERM has its default effect, and
 * SIGCHLD too, unless the program ignores them. */
void yk_process_start_program(const yk_fd_reserve *reserve, const int *own, size_t count);

/* Shows in ps, as far as it fits. */
void yk_process_set_name(const char *name);

/* Asks the kernel to kill this process when its parent ends. False if the parent is no
 * longer `parent`, so that it is too late. */
bool yk_process_die_with_parent(pid_t parent);

/* Orphaned descendants become children of this process. */
void yk_process_adopt_orphans(void);

/* Kills and reaps every child of this process. */
void yk_process_kill_children(void);

/* The out-of-memory killer takes this process rather than its parent. */
void yk_process_prefer_for_oom(void);

/* How many threads this process has. Where the system does not tell, 2: what is good for
 * several is good for one. */
unsigned yk_process_thread_count(void);

/* A descriptor that becomes readable when the process ends; -1 if it is gone. */
int yk_process_open(pid_t pid);

/* Kills the process of such a descriptor, and never one that has got its pid since. */
void yk_process_kill_open(int pidfd);

/* A descriptor that becomes readable when a child of this process ends, also an adopted one;
 * -1 if there can be none. From now on SIGCHLD is blocked. */
int yk_process_child_bell(void);
void yk_process_clear_child_bell(int fd);

/* A child that has ended and was not reaped; 0: there is none. */
pid_t yk_process_ended_child(void);

/* Reaps a child that ended, hidden or not. Returns true and its wait status, or false if
 * it still runs. A pid that is no child of ours counts as ended with status 0. */
bool yk_process_reap(pid_t pid, bool block, int *status);

/* Reaps the process of such a descriptor, which has ended, if it is a child of this one. */
void yk_process_reap_open(int pidfd);

/* Whether a child has ended, and is to be reaped. */
bool yk_process_has_ended(pid_t pid);

/* Ends this process at once, without handlers or buffers. */
_Noreturn void yk_process_exit_now(int code);

/* As many descriptors as the system allows this user. */
void yk_process_raise_fd_limit(void);

void yk_process_kill(pid_t pid);

/* Asks the process to end. The pid must be that of a child not reaped yet. */
void yk_process_terminate(pid_t pid);
pid_t yk_process_self(void);

/* A wait status as a number: the exit code, or minus the signal. */
int yk_process_exit_code(int status);

/* Whether a wait status says that the process ended by SIGKILL. */
bool yk_process_was_killed(int status);

/* ... or because it touched memory behind the end of a file. */
bool yk_process_had_bus_error(int status);

/* What a wait status says, such as "killed by signal 11 (Segmentation fault)". */
void yk_process_describe_exit(int status, char *text, size_t bytes);

/* Writes out what this process has in its standard output's buffer. 0, or errno of what could
 * not be written since the last call. */
int yk_process_flush_output(void);

/* The same for standard error, too, which may have been given a buffer. */
void yk_process_flush_all_output(void);

/* ---- OpenMP ---- */

/* OpenMP in processes that are forked from a program that has used it. */

/*
 * In a process that was forked from one with several threads: parallel regions run on one
 * thread. GNU's libgomp does not notice a fork, and would wait for threads that do not exist in
 * the child. Others (LLVM's, Intel's) notice, and need nothing.
 *
 * Ending the threads before the fork (omp_pause_resource_all) does not help: the program would
 * lose its threadprivate variables with them.
 */
void yk_openmp_run_alone(void);

#endif
