/* SPDX-License-Identifier: MIT */
/* What a run of a graph needs to know before its first job: launches, and how they are ordered. */
#include <stdlib.h>

#include "patterns/graph.h"
#include "pool/pool.h"
#include "pool/submit.h"

void yk_graph_name_job(const yoke_graph *graph, uint64_t step, size_t index,
                       yk_error *error)
{
    const yk_request *request = &graph->jobs[index].request;

    yk_error_prefix(error, "step %llu, job %zu of %zu ('%s'): ", (unsigned long long)step,
                    index + 1, graph->count,
                    graph->pool->control->kernels[request->kernel->slot].kernel.name);
}

/* ---- memory that is gone ---- */

static yoke_status plan_check_pairs(const yoke_graph *graph, yk_error *error)
{
    for (size_t i = 0; i < 2 * graph->pair_count; i++) {
        const yk_graph_pair *pair = &graph->pairs[i / 2];
        yk_allocation found;

        if (!yk_arena_find(&graph->pool->arena, pair->places[i % 2], &found) ||
            found.id != pair->blocks[i % 2]) {
            return yk_fail(error, YOKE_EINVAL,
                           "%p, which is exchanged on odd steps (yoke_graph_swap()), was freed "
                           "or has got another size since",
                           (void *)pair->places[i % 2]);
        }
    }
    return YOKE_OK;
}

static yoke_status plan_check_places(const yoke_graph *graph, const yk_graph_job *job,
                                     yk_error *error)
{
    yk_allocation found;

    for (size_t i = 0; i < YK_GRAPH_PLACES * job->request.arg_count; i++) {
        const void *place = yk_graph_place(job, 0, i);

        if (place != NULL && job->places[i] != 0 &&
            (!yk_arena_find(&graph->pool->arena, place, &found) ||
             found.id != job->places[i])) {
            return yk_fail(
                error, YOKE_EINVAL,
                "kernel '%s': argument %zu: its memory was freed, or has got another size, "
                "since the job was recorded",
                graph->pool->control->kernels[job->request.kernel->slot].kernel.name,
                i / YK_GRAPH_PLACES + 1);
        }
    }
    return YOKE_OK;
}

/* Those of odd steps are the same or in an exchanged allocation, which was looked at. */
static void plan_hold_places(yoke_graph *graph, yk_graph_job *job, unsigned odd, int users)
{
    yk_arena *arena = &graph->pool->arena;
    yk_allocation found;

    for (size_t i = 0; i < YK_GRAPH_PLACES * job->request.arg_count; i++) {
        const void *place = yk_graph_place(job, odd, i);

        if (place != NULL && job->places[i] != 0 && yk_arena_find(arena, place, &found)) {
            yk_arena_use(arena, (uint64_t)(uintptr_t)place, found.id, users);
        }
    }
    job->is_held[odd] = users > 0;
}

/* ---- launches ---- */

static yoke_status plan_fill_locked(yoke_graph *graph, yk_graph_job *job, unsigned odd,
                                    yk_error *error)
{
    yk_request request = job->request;
    yoke_status status;

    request.args = job->args[odd];
    status = yk_submit_check_locked(graph->pool, job->launches[odd], &request, error);
    if (status == YOKE_OK) {
        job->replays[odd].launch = job->launches[odd];
    }
    return status;
}

static yoke_status plan_job_locked(yoke_graph *graph, size_t index, unsigned odd,
                                   yk_error *error)
{
    yk_graph_job *job = &graph->jobs[index];
    yoke_status status = plan_check_places(graph, job, error);

    if (status == YOKE_OK) {
        plan_hold_places(graph, job, odd, 1);
        status = job->is_plain ? plan_fill_locked(graph, job, odd, error) : YOKE_OK;
    }
    if (status != YOKE_OK) {
        yk_error_prefix(error, "job %zu of %zu%s: ", index + 1, graph->count,
                        odd != 0 ? " (exchanged, on odd steps)" : "");
    }
    return status;
}

void yk_graph_unplan_locked(yoke_graph *graph)
{
    for (size_t i = 0; i < 2 * graph->count; i++) {
        yk_graph_job *job = &graph->jobs[i / 2];

        if (job->is_held[i % 2]) {
            plan_hold_places(graph, job, i % 2, -1);
        }
        job->replays[i % 2].launch = NULL;
    }
}

/* ---- order ---- */

static void plan_order(yoke_graph *graph, unsigned odd)
{
    for (size_t later = 0; later < graph->count; later++) {
        yk_replay *replay = &graph->jobs[later].replays[odd];
        unsigned char *row = graph->order[odd] + later * graph->count;

        *replay = (yk_replay){.place = {.index = (uint32_t)later,
                                        .is_known = replay->launch != NULL},
                              .launch = replay->launch,
                              .lendings = yk_arena_lendings(&graph->pool->arena),
                              .order = row};
        for (size_t earlier = 0; replay->launch != NULL && earlier < later; earlier++) {
            const yk_launch *before = graph->jobs[earlier].replays[odd].launch;

            row[earlier] =
                before != NULL ? yk_order_of_pair(before, replay->launch) : YK_ORDER_FREE;
        }
    }
}

static bool plan_take_memory(yoke_graph *graph)
{
    const size_t pairs = graph->count * graph->count;
    bool taken = true;

    for (unsigned odd = 0; odd < 2; odd++) {
        free(graph->order[odd]);
        graph->order[odd] = calloc(pairs, 1);
        taken &= graph->order[odd] != NULL;
    }
    return taken;
}

yoke_status yk_graph_plan_locked(yoke_graph *graph, yk_error *error)
{
    yoke_status status =
        graph->count > 0 ? plan_check_pairs(graph, error)
                         : yk_fail(error, YOKE_EINVAL,
                                   "the graph has no jobs: calls with .graph in their options "
                                   "record them");

    if (status == YOKE_OK && !plan_take_memory(graph)) {
        status = yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    for (size_t i = 0; status == YOKE_OK && i < 2 * graph->count; i++) {
        status = plan_job_locked(graph, i / 2, i % 2, error);
    }
    if (status != YOKE_OK) {
        yk_graph_unplan_locked(graph);
        return status;
    }
    plan_order(graph, 0);
    plan_order(graph, 1);
    return YOKE_OK;
}
