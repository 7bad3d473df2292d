/* SPDX-License-Identifier: MIT */
#include "yoke/graph.h"

#include "api/call.h"
#include "api/graph_call.h"
#include "api/valid.h"
#include "patterns/graph.h"
#include "pool/pool.h"
#include "sys/process.h"

/* ---- checks ---- */

/* Whether the graph may be used: its pool is there, and it is this process's. */
static yoke_status graph_check(const yoke_graph *graph, yk_error *error)
{
    yoke_status status = yk_valid_check(graph, YK_HANDLE_GRAPH, error);

    if (status != YOKE_OK) {
        return status;
    }
    status = yk_call_check(graph->pool, error);
    if (status == YOKE_OK && yk_handle_serial(graph->pool) != graph->pool_serial) {
        status = yk_fail(error, YOKE_ECLOSED, "the graph's pool was closed");
    }
    return status;
}

yoke_status yk_call_check_graph(const yoke_graph *graph, const yoke_pool *pool,
                                bool wants_future, yk_error *error)
{
    const yoke_status status = graph_check(graph, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (graph->pool != pool) {
        return yk_fail(error, YOKE_EINVAL, "the graph belongs to another pool");
    }
    return wants_future ? yk_fail(error, YOKE_EINVAL,
                                  "a job that is recorded in a graph (.graph) has no future: "
                                  "pass NULL for it")
                        : YOKE_OK;
}

/* NULL if the graph is not valid. */
static const yoke_pool *graph_pool_of(const yoke_graph *graph)
{
    return yk_valid_is(graph, YK_HANDLE_GRAPH) ? graph->pool : NULL;
}

/* A value in memory of the pool that the program may read between two steps. */
static yoke_status graph_check_value(const yoke_graph *graph, const double *value,
                                     yk_error *error)
{
    yk_allocation found;
    unsigned side;

    if (value == NULL) {
        return YOKE_OK;
    }
    if ((uintptr_t)value % sizeof *value != 0 ||
        !yk_arena_find(&graph->pool->arena, value, &found)) {
        return yk_fail(error, YOKE_EINVAL,
                       "`value`, %p, is not a double in memory of the graph's pool "
                       "(yoke_alloc)",
                       (const void *)value);
    }
    if (found.table != 0 || yk_graph_pair_of(graph, value, &side) != NULL) {
        return yk_fail(error, YOKE_EINVAL, "`value`, %p, lies in memory that is %s",
                       (const void *)value,
                       found.table != 0 ? "lent: its content may be on a device"
                                        : "exchanged on odd steps (yoke_graph_swap())");
    }
    return YOKE_OK;
}

/* ---- calls ---- */

yoke_status yoke_graph_create(yoke_graph **graph, yoke_pool *pool)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    if (graph != NULL) {
        *graph = NULL;
    }
    status = yk_call_check(pool, &error);
    if (status == YOKE_OK && graph == NULL) {
        status = yk_fail(&error, YOKE_EINVAL, "`graph` is NULL");
    }
    if (status == YOKE_OK) {
        status = yk_graph_create(graph, pool, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_graph_swap(yoke_graph *graph, void *a, void *b)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = graph_check(graph, &error);
    if (status == YOKE_OK && (a == NULL || b == NULL)) {
        status = yk_fail(&error, YOKE_EINVAL, "`%s` is NULL", a == NULL ? "a" : "b");
    }
    if (status == YOKE_OK) {
        status = yk_graph_enter(graph, &error);
        if (status == YOKE_OK) {
            status = yk_graph_exchange(graph, a, b, &error);
            yk_graph_leave(graph);
        }
    }
    return yk_call_end(graph_pool_of(graph), status, &error);
}

static yoke_status graph_run(yoke_graph *graph, const yoke_graph_options *options,
                             yk_error *error)
{
    yoke_status status = yk_graph_enter(graph, error);

    if (status != YOKE_OK) {
        return status;
    }
    status = graph_check_value(graph, options->value, error);
    if (status == YOKE_OK) {
        status = yk_graph_run(graph, options, error);
    }
    yk_graph_leave(graph);
    return status;
}

yoke_status yoke_graph_run_sized(yoke_graph *graph, const yoke_graph_options *options,
                                 size_t size)
{
    const yoke_pool *pool = graph_pool_of(graph);
    yoke_graph_options own;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = graph_check(graph, &error);
    if (status == YOKE_OK && options == NULL) {
        status = yk_fail(&error, YOKE_EINVAL, "`options` is NULL");
    }
    if (status == YOKE_OK) {
        status = yk_call_take(&own, YK_CALL_RESERVED(yoke_graph_options), options, size,
                              &error);
    }
    if (status == YOKE_OK) {
        status = graph_run(graph, &own, &error);
    }
    return yk_call_end(pool, status, &error);
}

uint64_t yoke_graph_steps(const yoke_graph *graph)
{
    return yk_valid_is(graph, YK_HANDLE_GRAPH) ? atomic_load(&graph->steps) : 0;
}

yoke_status yoke_graph_destroy(yoke_graph *graph)
{
    yk_error error;
    yoke_status status;
    yoke_pool *pool;

    if (graph == NULL) {
        return YOKE_OK;
    }
    yk_guard_settle();
    yk_error_clear(&error);
    status = yk_valid_check(graph, YK_HANDLE_GRAPH, &error);
    if (status != YOKE_OK) {
        return yk_call_end(NULL, status, &error);
    }
    if (graph_check(graph, &error) != YOKE_OK) {
        if (yk_handle_owner(graph) == yk_process_self() && yk_handle_shut(graph)) {
            yk_graph_destroy(graph, false);
        }
        return YOKE_OK;
    }
    pool = graph->pool;
    status = yk_graph_enter(graph, &error);
    if (status == YOKE_OK) {
        yk_hold_end(); /* the graph will not be given back */
        if (yk_handle_shut(graph)) {
            yk_graph_destroy(graph, true);
        }
        yk_pool_leave(pool);
    }
    return yk_call_end(pool, status, &error);
}
