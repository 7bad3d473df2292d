/* SPDX-License-Identifier: MIT */
/*
 * A contender is a program of its own, so that none disturbs another: it prepares one
 * workload, prints "ready", and then, for every line it reads, does one repetition and
 * prints its figure (nanoseconds per job, unless the workload says otherwise). At the end
 * of its input it ends. contender.c is the main program of all that are written in C;
 * each of them defines `contender_ops`.
 */
#ifndef BENCH_CONTENDER_H
#define BENCH_CONTENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "workload.h"

/* From the command line. */
typedef struct setting {
    const char *workload;
    const char *devices;  /* yoke's device string */
    const char *schedule; /* which of its schedules the contender uses */
    unsigned workers;     /* cores it may use */
    unsigned parts;       /* pieces a job is cut into */
    int reference;        /* file with the right result, -1: none */
    bool helps;           /* the caller computes too */
    bool unsaved;         /* nothing is saved for recovery */
} setting;

/* One workload being prepared or run. */
typedef struct task {
    const workload *w;
    const setting *setting;
    void *arrays[LOOP_ARRAYS];
} task;

typedef struct contender {
    /* Brings the workers up; the workload is known, its arrays are not there yet. */
    void (*open)(const task *t);
    /* Lets them go. */
    void (*close)(void);
    /* Memory that the workers can use, and giving it back; page-aligned. */
    void *(*alloc)(size_t bytes);
    /* Whatever has to be done once before the first job: kernels, handles. The arrays
     * are there but untouched. May be NULL. */
    void (*prepare)(const task *t);
    /* The first touch, by the workers that will use the memory. */
    void (*fill)(const task *t);
    /* One job, all its steps, to its end. */
    void (*run)(const task *t);
    /* The processes of the workers, for the workloads about memory; returns how many
     * there are. NULL: they are threads, and nothing can be told from one another. */
    size_t (*processes)(pid_t *pids, size_t capacity);
} contender;

extern const contender contender_ops;

/* Ends the program with a text, as printf() would print it. */
_Noreturn void contender_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Tells the driver that this cannot be done here, and ends the program. */
_Noreturn void contender_skip(const char *why);

/* For ops.alloc where any memory will do. */
void *contender_pages(size_t bytes);

/* Where part p of `parts` of the items begins; part `parts` begins at their end. */
size_t contender_cut(const workload *w, size_t p, size_t parts);

#endif
