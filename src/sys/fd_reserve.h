/* SPDX-License-Identifier: MIT */
/*
 * Reserved descriptor numbers in the pool's processes. The program's files are not open there,
 * but its functions may still use their numbers. If a number were free, the next file to be
 * opened would get it, and text that is meant for a log would be written to that file. So the
 * numbers stay in use, as /dev/null.
 */
#ifndef YK_SYS_FD_RESERVE_H
#define YK_SYS_FD_RESERVE_H

#include <stdbool.h>
#include <stddef.h>

/* Consecutive numbers. */
typedef struct yk_fd_run {
    int first;
    int last;
} yk_fd_run;

/* The numbers that the program uses, ascending. In private memory; a forked process has them
 * too. */
typedef struct yk_fd_reserve {
    yk_fd_run *runs;
    size_t count;
    size_t capacity;
} yk_fd_reserve;

/* Maximum number of unused numbers that are reserved, too. */
enum { YK_FD_MOST_EXTRA = 128 };

/*
 * Three steps of a process that was just forked from the program. The first puts /dev/null on
 * the next free numbers, which the program's next files will get: at most an eighth of what the
 * limit allows. The second, in between, finds another number for a descriptor of the library
 * that the program will soon close; the old one is left as it is. The third puts /dev/null on
 * all open numbers from 3 on, except the library's own and those that the program keeps (any
 * number). False if there is no memory for the list. All numbers that are not kept are closed
 * when a program is executed.
 */
void yk_fd_reserve_next(void);
int yk_fd_renumber(int fd);
bool yk_fd_reserve_all(yk_fd_reserve *self, const int *own, size_t own_count,
                       const int *kept, size_t kept_count);

/* The same for a process that is about to execute a program: without a list, and without
 * further numbers. Allocates nothing. */
void yk_fd_replace_all(const int *own, size_t own_count);

bool yk_fd_is_reserved(const yk_fd_reserve *self, int fd);

/* Closes all numbers from 3 on except reserved ones and those in `own`, which are at most
 * YK_FD_MOST_OWN. */
enum { YK_FD_MOST_OWN = 16 };
void yk_fd_close_others(const yk_fd_reserve *self, const int *own, size_t own_count);

#endif
