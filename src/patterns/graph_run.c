/* SPDX-License-Identifier: MIT */
/*
 * A run of a graph: the calling thread submits jobs as there is room for them, and waits for the
 * last. Each job in flight has a mark, which its future's completions know.
 *
 *     the run has    until                            the mark
 *     a mark         the job is submitted             `pending`
 *     its future     the job has been collected       in the list, in the order of submission
 *     nothing        the run takes it off the list    a spare
 *
 * A job that fails says so in the run, under the pool's lock, when it is collected. A submission
 * looks there under the same lock: no job that comes after the failure is submitted, and those
 * that are in flight need the one that has failed.
 *
 * If the thread leaves the run (sys/call_guard.h), its jobs are cancelled. Marks of those that were
 * not collected are their completions' from then on.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "launch/check_copies.h"
#include "patterns/graph.h"
#include "patterns/run.h"
#include "pool/pool.h"
#include "sys/call_guard.h"

/* The list is looked through when it has so many. */
enum { RUN_MARKS = 32 };

/* How many steps are run between two looks at the value. */
enum { RUN_EVERY = 16 };

typedef struct run_mark {
    yk_completion completion;
    struct graph_run *run; /* NULL: it was left */
    uint64_t step;
    size_t index;
    yoke_future *future; /* with a reference */
    bool over;           /* collected, or never submitted */
    struct run_mark *next;
} run_mark;

typedef struct graph_run {
    yoke_graph *graph;
    yoke_pool *pool;
    run_mark *pending;
    run_mark *first;
    run_mark *last; /* if there is a first */
    size_t count;
    run_mark *spares;
    /* Under the pool's lock: the first failure, in the order of the steps. */
    yoke_status status;
    uint64_t step;
    size_t index;
    char *text;
    uint64_t whole; /* steps that no failure is in */
    const double *value; /* its allocation is in use; NULL: all steps are run */
} graph_run;

/* ---- failures ---- */

static bool run_is_cause(yoke_status status)
{
    return status != YOKE_EDEPENDENCY;
}

/* Whether this failure is to be reported rather than the one that is known. */
static bool run_comes_first(const graph_run *run, const run_mark *mark,
                            yoke_status status)
{
    if (run->status == YOKE_OK || run_is_cause(status) != run_is_cause(run->status)) {
        return run->status == YOKE_OK || run_is_cause(status);
    }
    return mark->step < run->step ||
           (mark->step == run->step && mark->index < run->index);
}

static void run_note_locked(graph_run *run, const run_mark *mark, yoke_status status,
                            const char *text)
{
    run->whole = yk_min(run->whole, mark->step);
    if (run_comes_first(run, mark, status)) {
        free(run->text);
        run->text = text != NULL ? strdup(text) : NULL;
        run->status = status;
        run->step = mark->step;
        run->index = mark->index;
    }
}

/* ---- marks ---- */

static yoke_status mark_begin(yk_completion *completion, yoke_pool *pool, yk_job *job,
                              yk_error *error)
{
    const graph_run *run = ((const run_mark *)completion)->run;

    (void)job;
    if (pool->liveness.ending) {
        return yk_fail(error, YOKE_ECLOSED, "the pool was closed");
    }
    return run->status == YOKE_OK
               ? YOKE_OK
               : yk_fail(error, YOKE_EDEPENDENCY, "the run of the graph has failed");
}

static void mark_drop(yk_completion *completion, yoke_pool *pool, yoke_future *future)
{
    run_mark *mark = (run_mark *)completion;

    (void)pool;
    mark->over = true;
    if (mark->run == NULL) {
        free(mark);
    } else if (future != NULL && future->status != YOKE_OK) {
        run_note_locked(mark->run, mark, future->status, future->error);
    }
}

static const yk_completion_ops mark_ops = {.begin = mark_begin, .drop = mark_drop};

static run_mark *run_take_mark(graph_run *run, uint64_t step, size_t index)
{
    run_mark *mark = run->spares;

    if (mark != NULL) {
        run->spares = mark->next;
    } else {
        mark = malloc(sizeof *mark);
    }
    if (mark != NULL) {
        *mark = (run_mark){.completion = {.ops = &mark_ops},
                           .run = run,
                           .step = step,
                           .index = index};
    }
    return mark;
}

static void run_keep_spare(graph_run *run, run_mark *mark)
{
    mark->next = run->spares;
    run->spares = mark;
}

/* Off the list, with its reference. */
static run_mark *run_pop(graph_run *run)
{
    run_mark *mark = run->first;

    run->first = mark->next;
    run->count--;
    return mark;
}

static void run_append(graph_run *run, run_mark *mark, yoke_future *future)
{
    mark->future = future;
    *(run->first != NULL ? &run->last->next : &run->first) = mark;
    run->last = mark;
    run->count++;
}

/* Gives back those of jobs that have succeeded. */
static void run_trim(graph_run *run)
{
    yk_pool_lock(run->pool);
    while (run->first != NULL && run->first->over &&
           run->first->future->status == YOKE_OK) {
        run_mark *mark = run_pop(run);

        yk_future_release_locked(mark->future);
        run_keep_spare(run, mark);
    }
    yk_pool_unlock(run->pool);
}

/* ---- submission ---- */

/* YOKE_OK also if the run has failed. */
static void run_submit(graph_run *run, uint64_t step, size_t index)
{
    yk_graph_job *job = &run->graph->jobs[index];
    yk_request request = job->request;
    run_mark *mark = run_take_mark(run, step, index);
    const run_mark unknown = {.step = step, .index = index};
    yoke_future *future = NULL;
    yk_error error;
    yoke_status status = YOKE_ENOMEM;

    yk_error_clear(&error);
    if (mark != NULL) {
        request.args = job->args[step % 2];
        request.replay = &job->replays[step % 2];
        request.replay->place.step = step;
        yk_completion_attach(&request.completions, &mark->completion);
        run->pending = mark;
        status = yk_run_begin(&future, run->pool, &request, &error);
        run->pending = NULL;
    }
    if (status == YOKE_OK) {
        run_append(run, mark, future);
        return;
    }
    yk_pool_lock(run->pool);
    if (run->status == YOKE_OK) {
        run_note_locked(run, &unknown, status, yk_error_text(&error));
    }
    yk_pool_unlock(run->pool);
    if (mark != NULL) {
        run_keep_spare(run, mark);
    }
}

static bool run_has_failed(graph_run *run)
{
    bool failed;

    yk_pool_lock(run->pool);
    failed = run->status != YOKE_OK;
    yk_pool_unlock(run->pool);
    return failed;
}

/* Waits for all that was submitted. An error: it goes on, but is not waited for any longer. */
static yoke_status run_drain(graph_run *run, yk_error *error)
{
    yoke_status status = YOKE_OK;

    for (run_mark *mark = run->first; status == YOKE_OK && mark != NULL;
         mark = mark->next) {
        yk_guard_cancel_point(); /* also if it need not sleep */
        status = yk_future_wait(mark->future, -1, error);
    }
    return status;
}

/* Submits steps up to `end`. */
static void run_submit_steps(graph_run *run, uint64_t begin, uint64_t end)
{
    for (uint64_t step = begin; step < end; step++) {
        for (size_t index = 0; index < run->graph->count; index++) {
            run_submit(run, step, index);
            if (run->count > RUN_MARKS) {
                run_trim(run);
            }
        }
        if (run_has_failed(run)) {
            return;
        }
        yk_guard_cancel_point();
    }
}

/* ---- the run ---- */

/* What there is of it goes. Jobs that are in flight have no run any more. */
static void run_use_value_locked(const graph_run *run, int users)
{
    yk_allocation found;

    if (run->value != NULL && yk_arena_find(&run->pool->arena, run->value, &found)) {
        yk_arena_use(&run->pool->arena, (uint64_t)(uintptr_t)run->value, found.id, users);
    }
}

static void run_free_locked(graph_run *run)
{
    while (run->first != NULL) {
        run_mark *mark = run_pop(run);
        yoke_future *future = mark->future;

        future->told = true; /* by the run's one error */
        mark->run = NULL;
        if (mark->over) {
            free(mark);
        }
        yk_future_release_locked(future);
    }
    while (run->spares != NULL) {
        run_mark *mark = run->spares;

        run->spares = mark->next;
        free(mark);
    }
    if (run->pending != NULL) {
        run->pending->run = NULL;
    }
    run_use_value_locked(run, -1);
    yk_graph_unplan_locked(run->graph);
    free(run->text);
    free(run);
}

/* The thread has left the run, or does not wait for its end. */
static void run_undo(void *left, uint64_t unused)
{
    graph_run *run = left;
    yoke_pool *pool = run->pool;

    (void)unused;
    for (run_mark *mark = run->first; mark != NULL; mark = mark->next) {
        yk_future_forsake(mark->future);
    }
    yk_pool_lock(pool);
    if (run->pending != NULL && run->pending->over) {
        run_keep_spare(run, run->pending);
        run->pending = NULL;
    }
    run_free_locked(run);
    yk_pool_unlock(pool);
}

/* A search may fail when its copies are combined: jobs of the next step may have run by then. */
static bool run_has_search(const yoke_graph *graph)
{
    bool has = false;

    for (size_t i = 0; i < graph->count; i++) {
        for (size_t k = 0; k < graph->jobs[i].request.arg_count; k++) {
            has |= yk_arg_searches(&graph->jobs[i].args[0][k]);
        }
    }
    return has;
}

/* How the run has ended, once all that was submitted has. */
static yoke_status run_finish(graph_run *run, uint64_t end, yk_error *error)
{
    yoke_pool *pool = run->pool;
    yoke_status status;

    yk_pool_lock(pool);
    status = run->status;
    if (status != YOKE_OK) {
        yk_fail(error, status, "%s", run->text != NULL ? run->text : "");
        yk_graph_name_job(run->graph, run->step, run->index, error);
    }
    atomic_store(&run->graph->steps, yk_min(end, run->whole));
    run->graph->is_in_doubt = status != YOKE_OK && run_has_search(run->graph);
    run_free_locked(run);
    yk_pool_unlock(pool);
    return status;
}

static yoke_status run_create(graph_run **result, yoke_graph *graph, const double *value,
                              yk_error *error)
{
    graph_run *run = calloc(1, sizeof *run);
    yoke_status status;

    *result = run;
    if (run == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    run->graph = graph;
    run->pool = graph->pool;
    run->whole = UINT64_MAX;
    yk_pool_lock(run->pool);
    status = yk_graph_plan_locked(graph, error);
    for (size_t i = 0; status == YOKE_OK && i < 2 * graph->count; i++) {
        graph->jobs[i / 2].replays[i % 2].place.run = run->pool->next_id;
    }
    if (status == YOKE_OK) {
        run->value = value;
        run_use_value_locked(run, 1);
    }
    run->pool->next_id++;
    yk_pool_unlock(run->pool);
    if (status != YOKE_OK) {
        free(run);
        return status;
    }
    yk_hold(run_undo, run, 0);
    return YOKE_OK;
}

/* The steps of one run that are submitted one after the other; the value is looked at between them. */
static uint64_t run_piece(const yoke_graph_options *options)
{
    const size_t every = options->every != 0 ? options->every : RUN_EVERY;

    return options->value == NULL ? UINT64_MAX : every;
}

/* Whether the value is small enough. It may have been lent meanwhile. */
static yoke_status run_look(const graph_run *run, double tolerance, bool *near, yk_error *error)
{
    yk_allocation found;

    if (run->value == NULL) {
        return YOKE_OK;
    }
    if (yk_arena_find(&run->pool->arena, run->value, &found) && found.table != 0) {
        *near = true;
        return yk_fail(error, YOKE_EINVAL,
                       "`value`, %p, was lent while the graph ran: its content may be on a "
                       "device",
                       (const void *)run->value);
    }
    *near = *run->value < tolerance;
    return YOKE_OK;
}

yoke_status yk_graph_run(yoke_graph *graph, const yoke_graph_options *options,
                         yk_error *error)
{
    const uint64_t begin = options->restart ? 0 : atomic_load(&graph->steps);
    const uint64_t end = options->steps < UINT64_MAX - begin ? begin + options->steps : UINT64_MAX;
    const uint64_t piece = run_piece(options);
    uint64_t step = begin;
    yoke_status looked = YOKE_OK;
    bool near = false;
    graph_run *run;
    yoke_status status = YOKE_OK;

    if (graph->is_in_doubt && !options->restart) {
        return yk_fail(error, YOKE_EINVAL,
                       "the graph's last run was left before its end: which steps are complete "
                       "is not known; .restart begins again");
    }
    status = run_create(&run, graph, options->value, error);
    if (status != YOKE_OK) {
        return status;
    }
    atomic_store(&graph->steps, begin);
    graph->is_in_doubt = true;
    while (status == YOKE_OK && step < end && !near && !run_has_failed(run)) {
        const uint64_t next = end - step < piece ? end : step + piece;

        run_submit_steps(run, step, next);
        status = run_drain(run, error);
        step = next;
        looked = status == YOKE_OK ? run_look(run, options->tolerance, &near, error) : YOKE_OK;
    }
    yk_hold_end();
    if (status != YOKE_OK) {
        run_undo(run, 0);
        return status;
    }
    status = run_finish(run, step, error);
    return status != YOKE_OK ? status : looked;
}
