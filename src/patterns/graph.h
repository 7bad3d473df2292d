/* SPDX-License-Identifier: MIT */
/*
 * A graph, in the application: the requests of a step's jobs, with all that they point to. Workers
 * know of the jobs only.
 *
 *     record   a request is checked and kept; memory for partial results is taken
 *     run      the launches of even and of odd steps are made, and their pairs compared; then jobs
 *              are submitted, each as a copy of its launch. The thread of the run waits for room
 *              among the jobs in flight, so it is at most so many ahead
 *
 * Some jobs cannot be copies, since their submission reads or allocates memory: staged arrays,
 * offsets of ragged arrays, arrays that items add into. Those are checked with each submission.
 *
 * A step begins when all of the step before has succeeded (pool/order.c). So no job of a later step
 * has begun when one fails, and those in flight are stopped like any that need a failed job.
 */
#ifndef YK_PATTERNS_GRAPH_H
#define YK_PATTERNS_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "launch/request.h"
#include "patterns/reductions.h"
#include "pool/order.h"
#include "sys/handle.h"
#include "yoke/graph.h"

/* A recorded job. By parity of the step: even, odd. */
typedef struct yk_graph_job {
    yk_request request; /* what it points to is the graph's; its kernel has one user more */
    bool is_plain;      /* its launches can be copied */
    char *devices;      /* NULL: all */
    yoke_arg *args[2];  /* and behind them long scalars */
    yk_launch *launches[2];
    uint64_t *places;   /* ids of the allocations of its arguments' places; 0: not the pool's */
    bool is_held[2];    /* these allocations are in use */
    yk_replay replays[2];
} yk_graph_job;

/* Two allocations that are exchanged on odd steps. */
typedef struct yk_graph_pair {
    char *places[2];
    uint64_t blocks[2]; /* their ids */
    uint64_t bytes;
} yk_graph_pair;

/* Busy: one thread has the graph, and changes all of it. Otherwise nothing changes. */
struct yoke_graph {
    yk_handle handle;
    yoke_pool *pool;
    uint64_t pool_serial; /* the next pool at this address has another */
    bool busy;            /* under the pool's lock */
    yk_graph_job *jobs;
    size_t count;
    yk_graph_pair *pairs;
    size_t pair_count;
    void **memory; /* of the pool, for partial results */
    size_t memory_count;
    unsigned char *order[2]; /* of each job the row of those before it: YK_ORDER_... */
    _Atomic uint64_t steps;  /* that are complete */
    bool is_in_doubt; /* the last run was left: more steps may be */
};

/* ---- graph.c ---- */

yoke_status yk_graph_create(yoke_graph **graph, yoke_pool *pool, yk_error *error);

/* Frees it, which is the calling thread's; with its pool gone only what is not of the pool. */
void yk_graph_destroy(yoke_graph *graph, bool has_pool);

/* The graph is the calling thread's, which is inside of its pool, until yk_graph_leave() or until
 * the thread leaves the call (sys/call_guard.h). YOKE_EBUSY: it is another's. */
yoke_status yk_graph_enter(yoke_graph *graph, yk_error *error);
void yk_graph_leave(yoke_graph *graph);

/* Checks and records a job of its pool; all that the request points to is copied. */
yoke_status yk_graph_record(yoke_graph *graph, const yk_request *request,
                            yk_error *error);

/* Records a reduction: a job for the partial results, and one that makes the result of them. The
 * request has the kernel and the options. */
yoke_status yk_graph_record_reduction(yoke_graph *graph, const yk_reduce_request *reduce,
                                      const yk_request *request, const yk_limit *limit,
                                      yk_error *error);

yoke_status yk_graph_exchange(yoke_graph *graph, void *a, void *b, yk_error *error);

/* The pair and the side of an address; NULL: it is not exchanged. */
const yk_graph_pair *yk_graph_pair_of(const yoke_graph *graph, const void *pointer,
                                      unsigned *side);

/* What the arguments of a job point to, at most so many places of each: its array, and the tables
 * that say which parts are whose. NULL: this place is not used. */
enum { YK_GRAPH_PLACES = 3 };
const void *yk_graph_place(const yk_graph_job *job, unsigned odd, size_t index);

/* ---- graph_plan.c ---- */

/* Makes the launches, whose arrays are in use from then on, and compares them. */
yoke_status yk_graph_plan_locked(yoke_graph *graph, yk_error *error);

/* The arrays are not in use any more. */
void yk_graph_unplan_locked(yoke_graph *graph);

/* Puts "step 5, job 2 ('axpy'): " before a text. */
void yk_graph_name_job(const yoke_graph *graph, uint64_t step, size_t index,
                       yk_error *error);

/* ---- graph_run.c ---- */

/* Runs so many steps, and waits. */
yoke_status yk_graph_run(yoke_graph *graph, const yoke_graph_options *options,
                         yk_error *error);

#endif
