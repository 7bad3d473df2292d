/* SPDX-License-Identifier: MIT */
/*
 * What is computed and how often: the same for every contender. The table is in
 * workload.c.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "loops.h"

typedef enum array_role {
    ROLE_NONE = 0,
    ROLE_OUT,   /* item i writes its own part */
    ROLE_INOUT, /* item i changes its own part */
    ROLE_IN,    /* item i reads its own part */
    ROLE_HALO,  /* item i reads its own part and `halo` neighbours on each side */
    ROLE_WHOLE  /* item i reads everything */
} array_role;

/* What one repetition is. */
typedef enum workload_kind {
    KIND_JOBS = 0, /* `batch` jobs, one after the other, each waited for */
    KIND_START,    /* bringing the workers up, to the end of the first job */
    KIND_PRIVATE,  /* no time: MiB that an idle worker has for itself */
    KIND_RESIDENT  /* no time: resident memory, as a multiple of the arrays' size */
} workload_kind;

/* What a job is, for contenders that have more than loops. */
typedef enum workload_call {
    CALL_MAP = 0, /* the loop over all items */
    CALL_SUM,     /* element 0 of the result is the sum of what the loop gives for parts */
    CALL_DOT,     /* the same, of two arrays */
    CALL_APPLY,   /* one call of a function, whose result has `work` bytes */
    CALL_ITEMS,   /* a function is called for each item */
    CALL_STREAM   /* the same, items are made and results taken one by one */
} workload_call;

typedef struct workload {
    const char *name;
    loop_body *body;
    const char *kernel; /* its OpenCL form, NULL: there is none */
    loop_body *fill;    /* what touches the arrays first; NULL: loop_fill_floats */
    workload_kind kind;
    workload_call call;
    size_t items;
    size_t width;        /* elements of an item in each array */
    size_t element;      /* bytes of an element */
    unsigned dimensions; /* of the OpenCL range: 2 if the width is one of them */
    array_role role[LOOP_ARRAYS];
    size_t halo;
    uint32_t work;
    unsigned steps;   /* loops of a job, each on what the one before it wrote */
    bool waits;       /* each of these steps is waited for before the next is begun */
    unsigned batch;   /* jobs of a repetition, at least 1 */
    unsigned warm;    /* jobs before them, not timed */
    unsigned rest_ms; /* sleep before each repetition */
    size_t chunk;     /* items that may be taken at once; 0: as the contender likes */
    float tolerance;  /* of results, relative to the largest */
} workload;

/* All of them; the one after the last has a NULL name. */
extern const workload workloads[];

/* The workload of that name, or NULL. */
const workload *workload_find(const char *name);

/* Bytes of one item in an array, and of the whole array. */
size_t workload_item_bytes(const workload *w);
size_t workload_array_bytes(const workload *w);

/* How many arrays it has. */
size_t workload_arrays(const workload *w);

/* What the loops of a step get: where there are several, the first two arrays change
 * places from one to the next. */
loop_data workload_step(const workload *w, void *const arrays[LOOP_ARRAYS],
                        unsigned step);

/* The loop that touches the arrays first, and what it gets for array k. */
loop_body *workload_fill(const workload *w);
loop_data workload_filled(const workload *w, void *const arrays[LOOP_ARRAYS], size_t k);

/* The array that a job's last step wrote. */
size_t workload_result(const workload *w);

#endif
