/* SPDX-License-Identifier: MIT */
/*
 * The driver's side of a contender: a process that is stopped, with all its threads,
 * whenever it is not its turn, so that one that spins while it waits disturbs nobody.
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct child {
    pid_t pid;   /* 0: there is none */
    int to;      /* its standard input */
    int from;    /* its standard output */
    char why[128]; /* why it cannot go on, "" if it can */
    bool failed; /* not just absent: it gave a wrong result, or died */
} child;

/* What a contender is started with. Texts are lists separated by blanks. */
typedef struct child_command {
    const char *program;
    const char *arguments;
    const char *environment[2];
    const char *workload;
    unsigned workers;
    int reference; /* descriptor that it inherits */
} child_command;

/* Where a contender's program is: bench_NAME beside the driver, a script beside its
 * source. As snprintf(); negative if it cannot be told. */
int child_program_path(char *path, size_t size, const char *program);

/* Starts a contender and waits until it is ready, or has said why not. */
void child_start(child *c, const child_command *command);

/* One repetition: its figure, or NAN (see c->why). */
double child_repeat(child *c);

/* Ends it. Nothing happens if there is none. */
void child_stop(child *c);

#endif
