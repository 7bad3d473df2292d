/* SPDX-License-Identifier: MIT */
/* Processes: how those of a pool are created, watched, killed and kept clean. */
#ifndef YK_SYS_PROCESS_H
#define YK_SYS_PROCESS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sys/fd_reserve.h"

/* Runs in the new process; its result is the exit code. */
typedef int yk_process_main(void *context);

/* Forks an ordinary child, with a stack as large as that of a program's main thread, whatever
 * thread calls this. All signals are blocked in it until one of the calls below unblocks
 * them: a signal that is sent before must not reach the parent's handlers. Returns its pid, or
 * -1 with errno. */
pid_t yk_process_fork(yk_process_main *entry, void *context);

/* To be called in the process that becomes a pool's supervisor, before the next calls: what the
 * program ignores stays ignored in that process and in those that it forks. */
void yk_process_note_signals(void);

/*
 * To be called first in a new process. It sets default signal handlers, unblocks signals,
 * ignores terminal signals and what else the program ignores (except SIGCHLD), makes /dev/null
 * standard input unless that is reserved, discards unwritten text in the parent's stdio
 * buffers, and closes all descriptors except 0 to 2, reserved ones and those listed. None of 0
 * to 2 stays closed: /dev/null replaces those that are.
 */
void yk_process_start_clean(const yk_fd_reserve *reserve, const int *own, size_t count);

/* The same for the supervisor, which ignores what the program handles, too, but for faults. */
void yk_process_start_supervisor(const yk_fd_reserve *reserve, const int *own, size_t count);

/* The same for a process that runs a function of the program: SIGTERM has its default effect,
 * and so has SIGCHLD unless the program ignores it. */
void yk_process_start_program(const yk_fd_reserve *reserve, const int *own, size_t count);

/* Sets the name that ps, top, gdb and perf show, of which 15 characters fit. */
void yk_process_set_name(const char *name);

/* The name by which the program knows this process; forked processes have it, too. "" at first. */
void yk_process_set_own_name(const char *name);
const char *yk_process_own_name(void);

/* Asks the system to kill this process when its parent ends. False if the parent is no longer
 * `parent`, so that it is too late. */
bool yk_process_die_with_parent(pid_t parent);

/* Orphaned descendants become children of this process. */
void yk_process_adopt_orphans(void);

/* Kills and reaps every child of this process. */
void yk_process_kill_children(void);

/* Makes the out-of-memory killer prefer this process to its parent. */
void yk_process_prefer_for_oom(void);

/* The number of threads of this process; 2 if the system does not report it, since what is safe
 * with several is safe with one. */
unsigned yk_process_thread_count(void);

/* A descriptor that becomes readable when the process ends; -1 if it is gone. */
int yk_process_open(pid_t pid);

/* Kills the process of such a descriptor, never another one that has got its pid since. */
void yk_process_kill_open(int pidfd);

/* A descriptor that becomes readable when a child of this process ends, also an adopted one; -1
 * if there can be none. From now on SIGCHLD is blocked. */
int yk_process_child_bell(void);
void yk_process_clear_child_bell(int fd);

/* A child that has ended and was not reaped; 0 if there is none. */
pid_t yk_process_ended_child(void);

/* Reaps a child that has ended, hidden or not. Returns true and its wait status, or false if it
 * still runs. A pid that is not a child of this process counts as ended with status 0. */
bool yk_process_reap(pid_t pid, bool block, int *status);

/* Processor time, with that of descendants that were waited for. */
typedef struct yk_cpu_time {
    uint64_t user_ns;
    uint64_t system_ns;
} yk_cpu_time;

/* The same as yk_process_reap() without blocking, and the time that the process has used. */
bool yk_process_reap_counted(pid_t pid, int *status, yk_cpu_time *used);

/* What a process that was not reaped has used so far, in steps of the system's, which are about
 * 10 ms. False if there is no such child of `parent`. */
bool yk_process_cpu_time(pid_t pid, pid_t parent, yk_cpu_time *used);

/* Reaps the process of such a descriptor, which has ended, if it is a child of this one. */
void yk_process_reap_open(int pidfd);

/* Whether a child has ended and is to be reaped. */
bool yk_process_has_ended(pid_t pid);

/* Ends this process at once, without handlers or buffers. */
_Noreturn void yk_process_exit_now(int code);

/* Raises the limit of descriptors to what the system allows this user. */
void yk_process_raise_fd_limit(void);

void yk_process_kill(pid_t pid);

/* The two signals that end a process, one that it may handle and one that it may not. */
int yk_process_terminate_signal(void);
int yk_process_kill_signal(void);

/* Whether it is the number of a signal. All of them fit into a byte. */
bool yk_process_is_signal(int number);

/* Sends a signal. The pid must be that of a child that is not reaped yet. 0, or an errno. */
int yk_process_signal(pid_t pid, int number);
pid_t yk_process_self(void);

/* A wait status as a number: the exit code, or minus the signal. */
int yk_process_exit_code(int status);

/* Whether a wait status says that the process ended by SIGKILL. */
bool yk_process_was_killed(int status);

/* ... or because it called abort() or exit(). */
bool yk_process_ended_itself(int status);

/* ... or because it accessed memory after the end of a file. */
bool yk_process_had_bus_error(int status);

/* A description of a wait status, such as "killed by signal 11 (Segmentation fault)". */
void yk_process_describe_exit(int status, char *text, size_t bytes);

/* From here on each line that this process prints is written when it is complete, unless the program
 * writes without a buffer anyway: a line is there if the process is killed, and is not mixed with
 * lines of other processes. */
void yk_process_write_lines(void);

/* In a signal handler of a process that is about to end: writes what is left in the buffer of
 * standard output, as far as that can be done without its lock. */
void yk_process_save_output(void);

/* Flushes this process's standard output. Returns 0, or errno of what could not be written
 * since the last call. */
int yk_process_flush_output(void);

/* The same for standard error as well, which may have been given a buffer. */
void yk_process_flush_all_output(void);

/* ---- OpenMP ---- */

/* OpenMP in processes that are forked from a program that has used it. */

/*
 * In a process that was forked from one with several threads: makes parallel regions run on one
 * thread. GNU's libgomp does not notice a fork, and would wait for threads that do not exist in
 * the child. Others (LLVM's, Intel's) notice it and need nothing.
 *
 * Ending the threads before the fork (omp_pause_resource_all) does not help: the program would
 * lose its threadprivate variables with them.
 */
void yk_openmp_run_alone(void);

#endif
