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

/* What a new process is given. */
typedef struct yk_exec_request {
    const char *const
        *variables; /* of the environment, as NAME=VALUE; NULL at the end */
    char *pid; /* so many characters in one of them become the new process's own pid */
    const int *fds; /* it has these; the numbers of others are /dev/null */
    size_t fd_count;
} yk_exec_request;

/*
 * Executes this process's program again, with its arguments, in a process that is no child
 * of the caller: wait() and SIGCHLD do not notice it unless the caller inherits orphans.
 * Takes as long for a large process as for a small one: nothing of it is copied. All signals
 * are blocked in the new process. Returns its pid, or -1 with errno; its descriptor goes to
 * *pidfd, -1 if there can be none.
 */
pid_t yk_exec_again(const yk_exec_request *request, int *pidfd);

/* The same in this process; its table of descriptors is left as it is. Returns only on failure,
 * with errno. */
void yk_exec_here(const yk_exec_request *request);

/* Whether there can be no such process; why, or NULL. */
const char *yk_exec_obstacle(void);

/* ---- what passes between the two ---- */

/* A memory file with these bytes that nobody can change any more; -1 if there can be
 * none. */
int yk_sealed_file(const void *data, size_t bytes);

/* Reads the beginning of such a file; false if it is none or too short. */
bool yk_sealed_read(int fd, void *data, size_t bytes);

/* ---- in the new process ---- */

/* Whether this process was made by yk_exec_again(), and has not settled. Does not depend on
 * descriptors or the environment. */
bool yk_exec_is_again(void);

/* One of the copies of this library in the process will take over: the others leave it to
 * that one. */
void yk_exec_accept(void);
bool yk_exec_is_accepted(void);

/* It is from now on like any other process, for all copies of this library in it. */
void yk_exec_settle(void);

/*
 * Called by a constructor: has `take_over` run when all the program's constructors have,
 * just before main(). At once if there are no more of them. False if that cannot be had.
 *
 * @param self  the constructor
 */
bool yk_exec_take_over(void (*self)(void), void (*take_over)(void));

#endif
