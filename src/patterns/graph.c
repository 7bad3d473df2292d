/* SPDX-License-Identifier: MIT */
#include "patterns/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "launch/check_copies.h"
#include "patterns/sums.h"
#include "pool/pool.h"
#include "pool/submit.h"
#include "protocol/selection.h"
#include "sys/call_guard.h"

/* ---- the graph ---- */

yoke_status yk_graph_create(yoke_graph **result, yoke_pool *pool, yk_error *error)
{
    yoke_graph *graph = yk_handle_alloc(YK_HANDLE_GRAPH, sizeof *graph);

    *result = graph;
    if (graph == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    graph->pool = pool;
    graph->pool_serial = yk_handle_serial(pool);
    yk_handle_open(graph);
    return YOKE_OK;
}

static void graph_free_job(yk_graph_job *job)
{
    for (unsigned odd = 0; odd < 2; odd++) {
        free(job->args[odd]);
        free(job->launches[odd]);
    }
    free(job->devices);
    free(job->places);
}

void yk_graph_destroy(yoke_graph *graph, bool has_pool)
{
    for (size_t i = 0; i < graph->count; i++) {
        if (has_pool) {
            yk_kernel_release(graph->jobs[i].request.kernel);
        }
        graph_free_job(&graph->jobs[i]);
    }
    /* What a job of a run that was left still uses stays until the pool ends. */
    for (size_t i = 0; has_pool && i < graph->memory_count; i++) {
        (void)yk_free(graph->pool, graph->memory[i], NULL);
    }
    free(graph->memory);
    free(graph->jobs);
    free(graph->pairs);
    free(graph->order[0]);
    free(graph->order[1]);
    yk_handle_free(graph);
}

static void graph_undo_enter(void *left, uint64_t unused)
{
    yoke_graph *graph = left;
    yoke_pool *pool = graph->pool;

    (void)unused;
    yk_pool_lock(pool);
    graph->busy = false;
    yk_pool_unlock(pool);
    yk_pool_leave(pool);
}

yoke_status yk_graph_enter(yoke_graph *graph, yk_error *error)
{
    bool busy;

    yk_pool_enter(graph->pool);
    yk_pool_lock(graph->pool);
    busy = graph->busy;
    graph->busy = true;
    yk_pool_unlock(graph->pool);
    if (busy) {
        yk_pool_leave(graph->pool);
        return yk_fail(error, YOKE_EBUSY,
                       "another call on this graph is under way; one thread at a time "
                       "records, runs or destroys it");
    }
    yk_hold(graph_undo_enter, graph, 0);
    return YOKE_OK;
}

void yk_graph_leave(yoke_graph *graph)
{
    yk_hold_end();
    graph_undo_enter(graph, 0);
}

/* ---- what is exchanged ---- */

const yk_graph_pair *yk_graph_pair_of(const yoke_graph *graph, const void *pointer,
                                      unsigned *side)
{
    const uintptr_t address = (uintptr_t)pointer;

    for (size_t i = 0; i < graph->pair_count; i++) {
        const yk_graph_pair *pair = &graph->pairs[i];

        for (unsigned s = 0; s < 2; s++) {
            const uintptr_t begin = (uintptr_t)pair->places[s];

            if (address >= begin && address - begin < pair->bytes) {
                *side = s;
                return pair;
            }
        }
    }
    return NULL;
}

/* The same place of the other allocation. */
static const void *graph_other_place(const yoke_graph *graph, const void *pointer)
{
    unsigned side;
    const yk_graph_pair *pair = yk_graph_pair_of(graph, pointer, &side);

    return pair == NULL ? pointer
                        : pair->places[1 - side] +
                              ((const char *)pointer - pair->places[side]);
}

static bool graph_is_place(const yoke_arg *arg)
{
    return arg->kind != YOKE_ARG_SCALAR && arg->pointer != NULL;
}

const void *yk_graph_place(const yk_graph_job *job, unsigned odd, size_t index)
{
    const yoke_arg *arg = &job->args[odd][index / YK_GRAPH_PLACES];

    switch (index % YK_GRAPH_PLACES) {
    case 0:
        return graph_is_place(arg) ? arg->pointer : NULL;
    case 1:
        return arg->offsets;
    default:
        return arg->ends;
    }
}

/* The arguments of odd steps. */
static void graph_exchange_args(const yoke_graph *graph, yk_graph_job *job)
{
    for (size_t i = 0; i < job->request.arg_count; i++) {
        const yoke_arg *even = &job->args[0][i];
        yoke_arg *odd = &job->args[1][i];

        if (graph_is_place(even)) {
            odd->pointer = graph_other_place(graph, even->pointer);
        }
        if (even->offsets != NULL) {
            odd->offsets = graph_other_place(graph, even->offsets);
        }
        if (even->ends != NULL) {
            odd->ends = graph_other_place(graph, even->ends);
        }
    }
}

/* The pointers by which a kernel finds memory are not exchanged. */
static yoke_status graph_check_used(const yoke_graph *graph, const yk_request *request,
                                    yk_error *error)
{
    unsigned side;

    for (size_t i = 0; i < request->arg_count; i++) {
        const yoke_arg *arg = &request->args[i];

        if (arg->kind == YOKE_ARG_USES &&
            yk_graph_pair_of(graph, arg->pointer, &side) != NULL) {
            return yk_fail(error, YOKE_EINVAL,
                           "argument %zu is memory that the kernel finds by pointers "
                           "(yoke_uses()): it cannot be exchanged (yoke_graph_swap())",
                           i + 1);
        }
    }
    return YOKE_OK;
}

static yoke_status graph_find_place(const yoke_graph *graph, yk_graph_pair *pair,
                                    unsigned side, yk_error *error)
{
    const char *name = side == 0 ? "a" : "b";
    yk_allocation found;
    unsigned other;
    yoke_status status =
        yk_arena_get(&graph->pool->arena, pair->places[side], &found, error);

    if (status == YOKE_OK &&
        yk_graph_pair_of(graph, pair->places[side], &other) != NULL) {
        status = yk_fail(error, YOKE_EINVAL, "it is exchanged with another one already");
    }
    if (status == YOKE_OK && side == 1 && found.bytes != pair->bytes) {
        status = yk_fail(error, YOKE_EINVAL,
                         "it has %llu bytes, a has %llu: only allocations of the same size "
                         "can be exchanged",
                         (unsigned long long)found.bytes, (unsigned long long)pair->bytes);
    }
    if (status != YOKE_OK) {
        yk_error_prefix(error, "%s, %p: ", name, (void *)pair->places[side]);
        return status;
    }
    pair->blocks[side] = found.id;
    pair->bytes = found.bytes;
    return YOKE_OK;
}

yoke_status yk_graph_exchange(yoke_graph *graph, void *a, void *b, yk_error *error)
{
    yk_graph_pair pair = {.places = {a, b}};
    yk_graph_pair *grown;
    yoke_status status = graph_find_place(graph, &pair, 0, error);

    if (status == YOKE_OK) {
        status = graph_find_place(graph, &pair, 1, error);
    }
    if (status == YOKE_OK && a == b) {
        status = yk_fail(error, YOKE_EINVAL, "a and b are the same");
    }
    grown = realloc(graph->pairs, (graph->pair_count + 1) * sizeof *grown);
    if (grown != NULL) {
        graph->pairs = grown;
    } else if (status == YOKE_OK) {
        status = yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    if (status != YOKE_OK) {
        return status;
    }
    graph->pairs[graph->pair_count++] = pair;
    for (size_t i = 0; status == YOKE_OK && i < graph->count; i++) {
        status = graph_check_used(graph, &graph->jobs[i].request, error);
        if (status != YOKE_OK) {
            yk_error_prefix(error, "job %zu: ", i + 1);
            graph->pair_count--;
        }
    }
    for (size_t i = 0; status == YOKE_OK && i < graph->count; i++) {
        graph_exchange_args(graph, &graph->jobs[i]);
    }
    return status;
}

/* ---- recording ---- */

static size_t graph_value_bytes(const yoke_arg *arg)
{
    return arg->kind == YOKE_ARG_SCALAR && arg->pointer != NULL
               ? (size_t)yk_round_up(arg->bytes, 16)
               : 0;
}

/* The arguments, and behind them the scalars that they point to. */
static yoke_arg *graph_copy_args(const yk_request *request)
{
    const size_t count = request->arg_count;
    size_t values = 0;
    yoke_arg *args;
    char *at;

    for (size_t i = 0; i < count; i++) {
        values += graph_value_bytes(&request->args[i]);
    }
    args = calloc(1, (count + 1) * sizeof *args + values);
    if (args == NULL || count == 0) {
        return args;
    }
    memcpy(args, request->args, count * sizeof *args);
    at = (char *)(args + count + 1);
    for (size_t i = 0; i < count; i++) {
        const size_t bytes = graph_value_bytes(&args[i]);

        if (bytes > 0) {
            memcpy(at, args[i].pointer, args[i].bytes);
            args[i].pointer = at;
            at += bytes;
        }
    }
    return args;
}

/* Whether its submission reads or allocates nothing. */
static bool graph_is_plain(const yk_request *request)
{
    bool plain = !request->options.stage;

    for (size_t i = 0; i < request->arg_count; i++) {
        plain &= request->args[i].offsets == NULL &&
                 !yk_arg_has_copies(&request->args[i]);
    }
    return plain;
}

static bool graph_take_job(yk_graph_job *job, const yk_request *request)
{
    const char *devices = request->options.devices;

    job->request = *request;
    job->request.options.after = NULL;
    job->request.options.graph = NULL;
    job->request.options.no_wait = false;
    job->request.begun_ns = 0; /* its limit counts from each submission */
    job->request.options.caller_helps = false;
    job->devices = devices != NULL ? strdup(devices) : NULL;
    job->request.options.devices = job->devices;
    job->request.copied_args = NULL;
    job->is_plain = graph_is_plain(request);
    for (unsigned odd = 0; odd < 2; odd++) {
        job->args[odd] = graph_copy_args(request);
        job->launches[odd] = calloc(1, sizeof *job->launches[odd]);
    }
    job->places = calloc(YK_GRAPH_PLACES * (request->arg_count + 1), sizeof *job->places);
    job->request.args = job->args[0];
    return job->args[0] != NULL && job->args[1] != NULL && job->launches[0] != NULL &&
           job->launches[1] != NULL && job->places != NULL &&
           (devices == NULL || job->devices != NULL);
}

static void graph_note_places(const yoke_graph *graph, yk_graph_job *job)
{
    yk_allocation found;

    for (size_t i = 0; i < YK_GRAPH_PLACES * job->request.arg_count; i++) {
        const void *place = yk_graph_place(job, 0, i);

        job->places[i] =
            place != NULL && yk_arena_find(&graph->pool->arena, place, &found) ? found.id : 0;
    }
}

/* As the submission would. */
static yoke_status graph_check_job(yoke_graph *graph, yk_graph_job *job, yk_error *error)
{
    yk_request request = job->request;
    yk_selection selection;
    yoke_status status = yk_map_options_check(&request.options, error);

    if (status == YOKE_OK && request.options.devices != NULL) {
        status = yk_selection_parse(&selection, request.options.devices, error);
    }
    if (status == YOKE_OK) {
        status = graph_check_used(graph, &request, error);
    }
    if (status == YOKE_OK) {
        status = yk_sums_attach(graph->pool, &request, error);
    }
    yk_pool_lock(graph->pool);
    if (status == YOKE_OK) {
        status = yk_submit_check_locked(graph->pool, job->launches[0], &request, error);
    }
    yk_completions_drop(request.completions, graph->pool, NULL);
    if (status == YOKE_OK) {
        job->request.kernel->users++;
    }
    yk_pool_unlock(graph->pool);
    graph_note_places(graph, job);
    return status;
}

static yoke_status graph_check_room(yoke_graph *graph, const yk_request *request,
                                    yk_error *error)
{
    yk_graph_job *grown;

    if (request->options.after_count > 0) {
        return yk_fail(error, YOKE_EINVAL,
                       ".after is given: a recorded job waits for jobs of its graph only");
    }
    if (request->arg_count > YK_MAX_ARGS) {
        return yk_fail(error, YOKE_EINVAL, "%zu arguments given; at most %d are allowed",
                       request->arg_count, YK_MAX_ARGS);
    }
    if (request->arg_count > 0 && request->args == NULL) {
        return yk_fail(error, YOKE_EINVAL, "`args` is NULL");
    }
    for (size_t i = 0; i < request->arg_count; i++) {
        if (request->args[i].parts_function != NULL) {
            return yk_fail(error, YOKE_EINVAL,
                           "argument %zu: a graph does not take yoke_arg_by(): its parts are said "
                           "by tables, yoke_arg_between()",
                           i + 1);
        }
    }
    if (graph->count == YOKE_GRAPH_MOST_JOBS) {
        return yk_fail(error, YOKE_EINVAL, "the graph has %d jobs: there are no more",
                       YOKE_GRAPH_MOST_JOBS);
    }
    grown = realloc(graph->jobs, (graph->count + 1) * sizeof *grown);
    if (grown == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    graph->jobs = grown;
    memset(&grown[graph->count], 0, sizeof *grown);
    return YOKE_OK;
}

yoke_status yk_graph_record(yoke_graph *graph, const yk_request *request,
                            yk_error *error)
{
    yk_graph_job *job;
    yoke_status status = graph_check_room(graph, request, error);

    if (status != YOKE_OK) {
        return status;
    }
    job = &graph->jobs[graph->count];
    if (!graph_take_job(job, request)) {
        status = yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    if (status == YOKE_OK) {
        status = graph_check_job(graph, job, error);
    }
    if (status != YOKE_OK) {
        graph_free_job(job);
        return status;
    }
    graph_exchange_args(graph, job);
    graph->count++;
    return YOKE_OK;
}

/* ---- reductions ---- */

/* Memory for partial results, as long as the graph lives. */
static void *graph_take_memory(yoke_graph *graph, size_t bytes, yk_error *error)
{
    void **grown = realloc(graph->memory, (graph->memory_count + 1) * sizeof *grown);
    void *memory;

    if (grown == NULL) {
        yk_fail(error, YOKE_ENOMEM, "out of memory");
        return NULL;
    }
    graph->memory = grown;
    memory = yk_arena_alloc(&graph->pool->arena, bytes, error);
    if (memory == NULL) {
        yk_error_prefix(error, "partial results: ");
        return NULL;
    }
    graph->memory[graph->memory_count++] = memory;
    return memory;
}

/* The job that makes the result, in one chunk of one worker. */
static yoke_status graph_record_fold(yoke_graph *graph, const yk_reduce_request *reduce,
                                     void *partials, const yk_request *parts,
                                     const yk_limit *limit, yk_error *error)
{
    const size_t items = yk_reduction_items(reduce);
    const yoke_arg args[3] = {
        yoke_out_whole(reduce->result, sizeof *reduce->result),
        yoke_inout_whole(partials, items * reduce->reduction->partial_bytes),
        yoke_scalar((uint64_t)items)};
    yk_request request = {.range = yoke_range_1d(YK_REDUCE_LANES),
                          .options = {.devices = parts->options.devices,
                                      .timeout = parts->options.timeout},
                          .args = args,
                          .arg_count = 3,
                          .scratch_args = 2};
    yoke_status status = yk_reduction_prepare_fold(graph->pool, reduce->reduction, limit,
                                                   &request.kernel, error);

    return status == YOKE_OK ? yk_graph_record(graph, &request, error) : status;
}

/* Takes back the jobs from `count` on, and their memory. */
static void graph_take_back(yoke_graph *graph, size_t count, size_t memory_count)
{
    while (graph->count > count) {
        yk_graph_job *job = &graph->jobs[--graph->count];

        yk_kernel_release(job->request.kernel);
        graph_free_job(job);
    }
    while (graph->memory_count > memory_count) {
        (void)yk_free(graph->pool, graph->memory[--graph->memory_count], NULL);
    }
}

yoke_status yk_graph_record_reduction(yoke_graph *graph, const yk_reduce_request *reduce,
                                      const yk_request *request, const yk_limit *limit,
                                      yk_error *error)
{
    const size_t count = graph->count;
    const size_t memory_count = graph->memory_count;
    yk_request parts = *request;
    yoke_arg args[8];
    yoke_status status = YOKE_ENOMEM;
    void *partials = graph_take_memory(
        graph, yk_reduction_items(reduce) * reduce->reduction->partial_bytes, error);

    if (partials != NULL) {
        yk_reduction_fill_args(reduce, partials, &parts, args);
        status = yk_graph_record(graph, &parts, error);
    }
    if (status == YOKE_OK) {
        status = graph_record_fold(graph, reduce, partials, &parts, limit, error);
    }
    if (status != YOKE_OK) {
        graph_take_back(graph, count, memory_count);
    }
    return status;
}
