/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Graphs: a step of several jobs that is recorded once and replayed many times.
 *
 * A time loop or an iterative solver submits the same jobs again and again. A graph has them
 * checked once. It then submits them step by step, ahead of the workers, in one call:
 *
 *     yoke_graph_create(&graph, pool);
 *     yoke_map_async(NULL, pool, heat, cells, &(yoke_map_options){.graph = graph},
 *                    YOKE_ARGS(yoke_out(b, sizeof *b), yoke_in_halo(a, sizeof *a, 1, 1)));
 *     yoke_graph_swap(graph, a, b);
 *     yoke_graph_run(graph, 1000);
 *
 * A call with `.graph` in its options records its job and runs nothing: yoke_map_async() and
 * yoke_reduce_async() with NULL for the future, or the forms that wait, which do not. It checks its
 * arguments as it would otherwise.
 *
 * The jobs of a step are ordered as jobs that are submitted one after the other: those that
 * conflict run in the order in which they were recorded, others may overlap. A step begins when
 * all jobs of the step before have succeeded.
 *
 * Arguments may be of any kind except yoke_arg_by(), a function: yoke_arg_between() has tables.
 *
 * A recorded yoke_reduce() has its result in memory of the pool, aligned to 8 bytes. A worker
 * writes it there, so a later job of the step can use it: yoke_scalar_from().
 *
 * A graph holds its kernels: they may be destroyed. It does not hold memory of the program's
 * while it does not run: if memory of its jobs was freed, or has another size, the next run fails.
 */
#ifndef YOKE_GRAPH_H
#define YOKE_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "map.h"
#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The maximum number of jobs of a step. A reduction counts as two. */
enum { YOKE_GRAPH_MOST_JOBS = 1024 };

/**
 * Creates a graph without jobs.
 *
 * @param graph  where the graph goes; the caller owns it; NULL on failure
 * @param pool   the pool of its jobs
 */
YOKE_API yoke_status yoke_graph_create(yoke_graph **graph, yoke_pool *pool);

/**
 * On odd steps (the first step is 0) all arguments of all jobs that lie in one of two allocations
 * lie at the same place in the other one instead. So a step that computes b from a computes a from
 * b in the next step. Memory that a kernel only finds by pointers, yoke_uses(), cannot be
 * exchanged: YOKE_EINVAL. The place of yoke_graph_options.value is not exchanged.
 *
 * @param graph  may have jobs already, and get more
 * @param a      what yoke_alloc() has returned; it is not exchanged with another one already
 * @param b      the same, of the same size
 */
YOKE_API yoke_status yoke_graph_swap(yoke_graph *graph, void *a, void *b);

/** How a graph is run. Zero in a field means that the library chooses. */
typedef struct yoke_graph_options {
    size_t steps; /**< how many; with `value` at most */
    /** The run ends early once this value, in memory of the pool that is never lent, is less than
     *  `tolerance` after a step that is looked at. Jobs of the graph write it. NULL: all steps
     *  are run. */
    const double *value;
    double tolerance;
    /** With `value`: steps from one look to the next; 0: 16. The workers have nothing to do while
     *  the call looks. */
    size_t every;
    bool restart; /**< the first step of this run is step 0 again */
    unsigned char reserved[31]; /**< 0 */
} yoke_graph_options;

/** Implementation of yoke_graph_run_with(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_graph_run_sized(yoke_graph *graph,
                                          const yoke_graph_options *options, size_t size);

/**
 * Runs steps of a graph and waits for their end. The calling thread submits jobs as there is room
 * for them. Steps are counted from the graph's first run on: two runs of 5 steps are one of 10.
 *
 * If a job fails, no later step begins. The error says which step and which job; the steps before
 * are complete, and the next run repeats the step that failed. Other jobs of that step may have
 * run. Meanwhile memory of the graph's jobs cannot be freed or reclaimed.
 *
 * A run that does not wait for its jobs, since the thread leaves the call (longjmp(), cancellation)
 * or with YOKE_ESTOPPED, cancels them, and which steps are complete is not known: the next run has
 * to restart. So it has after a failure in a graph with a yoke_first_into() or yoke_any_into().
 *
 * @param graph    only one call at a time: YOKE_EBUSY
 * @param options  not NULL
 * @return how the run ended. YOKE_EINVAL before anything runs if memory of a job was freed, or if
 *         the last run was left and this one does not restart
 */
static inline yoke_status yoke_graph_run_with(yoke_graph *graph,
                                              const yoke_graph_options *options)
{
    return yoke_graph_run_sized(graph, options, sizeof(yoke_graph_options));
}

/** yoke_graph_run_with() for a number of steps. */
static inline yoke_status yoke_graph_run(yoke_graph *graph, size_t steps)
{
    yoke_graph_options options;
    memset(&options, 0, sizeof options);
    options.steps = steps;
    return yoke_graph_run_with(graph, &options);
}

/** How many steps were completed, in all runs since the last restart. 0 if it is not a valid
 *  graph. */
YOKE_API uint64_t yoke_graph_steps(const yoke_graph *graph);

/** Ends a graph. Its kernels, arrays and pool stay. Not while it runs: YOKE_EBUSY. NULL is
 *  allowed. */
YOKE_API yoke_status yoke_graph_destroy(yoke_graph *graph);

#ifdef __cplusplus
}
#endif

#endif
