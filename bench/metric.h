/* SPDX-License-Identifier: MIT */
/*
 * What is measured: which workload, with which settings of yoke, beside which peers. The
 * tables are in metric.c.
 */
#ifndef BENCH_METRIC_H
#define BENCH_METRIC_H

#include <stdbool.h>

/* A peer may have several variants; the fastest of them speaks for it. */
typedef enum peer {
    PEER_SERIAL = 1 << 0,
    PEER_OPENMP_ACTIVE = 1 << 1, /* its threads spin while they wait */
    PEER_OPENMP_DEFAULT = 1 << 2, /* they spin for a while, then sleep */
    PEER_OPENMP_PASSIVE = 1 << 3, /* they sleep at once */
    PEER_STARPU = 1 << 4,
    PEER_PYTHON = 1 << 5,
    PEER_OPENCL = 1 << 6
} peer;

#define PEER_OPENMP (PEER_OPENMP_ACTIVE | PEER_OPENMP_DEFAULT | PEER_OPENMP_PASSIVE)

/* A contender's program and how it is started. */
typedef struct variant {
    peer of;
    const char *peer;        /* name in the table */
    const char *program;     /* bench_NAME beside the driver, or a .py beside its source */
    const char *arguments;   /* separated by blanks */
    const char *environment; /* NAME=value, separated by blanks */
} variant;

/* All peers' variants; the one after the last has a NULL program. */
extern const variant variants[];

enum { METRIC_DEVICES = 2 };

typedef struct metric {
    const char *name;
    const char *workload;
    const char *unit;
    double scale;            /* what a contender's figure is divided by */
    const char *yoke;        /* arguments of yoke's contender */
    const char *environment; /* of all contenders */
    unsigned peers;
    unsigned workers; /* cores for everybody; 0: all */
    unsigned company; /* busy processes beside each contender */
    /* A larger workload of the same kind: instead of time, the difference in instructions
     * between the two is what `scale` divides. */
    const char *larger;
    /* Device strings: yoke is measured on each of them alone, too. The peers are then
     * the best of them, and all of them as if none disturbed another. */
    const char *alone[METRIC_DEVICES];
    const char *title;
} metric;

/* All of them; the one after the last has a NULL name. */
extern const metric metrics[];

#endif
