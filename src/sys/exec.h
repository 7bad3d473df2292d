/* SPDX-License-Identifier: MIT */
/* The application's own program executed again, as a process of the pool. */
#ifndef YK_SYS_EXEC_H
#define YK_SYS_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- in the application, or its supervisor ---- */

enum { YK_EXEC_PID_DIGITS = 10 };

/* What a new process gets. */
typedef struct yk_exec_request {
    const char *const
        *variables; /* for the environment, as NAME=VALUE; NULL at the end */
    /* YK_EXEC_PID_DIGITS characters in one of them, which become the new process's own pid */
    char *pid;
    const int *fds; /* it keeps these; the numbers of others are /dev/null */
    size_t fd_count;
} yk_exec_request;

/*
 * Executes this process's program again, with its arguments, in a process that is not a child
 * of the caller: wait() and SIGCHLD do not notice it unless the caller adopts orphans. The time
 * does not depend on the size of this process, since nothing is copied. All signals are blocked
 * in the new process. Returns its pid, or -1 with errno; its descriptor goes to *pidfd, -1 with
 * errno if there can be none.
 */
pid_t yk_exec_again(const yk_exec_request *request, int *pidfd);

/* The same in this process; its descriptor table is left as it is. Returns only on failure,
 * with errno. */
void yk_exec_here(const yk_exec_request *request);

/* Why there can be no such process; NULL if there can be one. */
const char *yk_exec_obstacle(void);

/* ---- what passes between the two ---- */

/* A sealed memory file with these bytes; -1 if there can be none. */
int yk_sealed_file(const void *data, size_t bytes);

/* Reads the beginning of such a file. False if it is not sealed, or too short. */
bool yk_sealed_read(int fd, void *data, size_t bytes);

/* ---- in the new process ---- */

/* Whether this process was made by yk_exec_again() and has not settled. Does not depend on
 * descriptors or the environment. */
bool yk_exec_is_again(void);

/* One copy of this library in the process will take over: the others then leave this to it. */
void yk_exec_accept(void);
bool yk_exec_is_accepted(void);

/* From now on the process is like any other, for all copies of this library in it. */
void yk_exec_settle(void);

/*
 * Called by a constructor: makes `take_over` run after all constructors of the program, just
 * before main(); at once if there are no more of them. False if that is impossible.
 */
bool yk_exec_take_over(void (*self)(void), void (*take_over)(void));

#endif
