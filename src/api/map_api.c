/* SPDX-License-Identifier: MIT */
#include "yoke/map.h"

#include "api/call.h"
#include "api/graph_call.h"
#include "api/submission.h"
#include "patterns/graph.h"
#include "patterns/run.h"
#include "pool/pool.h"
#include "pool/submit.h"

/* What a call of the program gives. */
typedef struct map_call {
    const yoke_map_options *options;
    size_t size;
    size_t arg_size;
} map_call;

/* Whether there is nothing to compute, and so nothing to check the arguments against. */
static bool map_is_empty(const yoke_range *range)
{
    bool any = false;

    for (unsigned d = 0; d < range->dimensions && d < 3; d++) {
        any |= range->size[d] == 0;
    }
    return any && range->dimensions <= 3;
}

/* Of an empty range nothing is recorded. */
static yoke_status map_record(yoke_pool *pool, const yk_request *submission,
                              yk_error *error)
{
    yoke_graph *graph = submission->options.graph;
    yoke_status status =
        yk_call_check_graph(graph, pool, submission->is_users, error);

    if (status == YOKE_OK) {
        status = yk_map_options_check(&submission->options, error);
    }
    if (status != YOKE_OK || map_is_empty(&submission->range)) {
        return status;
    }
    status = yk_graph_enter(graph, error);
    if (status == YOKE_OK) {
        status = yk_graph_record(graph, submission, error);
        yk_graph_leave(graph);
    }
    return status;
}

/* Of an empty range the future has ended. */
static yoke_status map_run(yoke_future **future, yoke_pool *pool, yk_request *submission,
                           yk_error *error)
{
    yoke_status status;

    if (submission->options.graph != NULL) {
        return map_record(pool, submission, error);
    }
    if (!map_is_empty(&submission->range)) {
        return yk_run(future, pool, submission, error);
    }
    status = yk_map_options_check(&submission->options, error);
    return status == YOKE_OK ? yk_run_nothing(future, pool, submission, error) : status;
}

/* NULL for the future: waits. */
static yoke_status map_submit(yoke_future **future, yoke_pool *pool,
                              yk_request *submission, const map_call *call)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check_kernel(pool, submission->kernel, &error);
    if (status == YOKE_OK) {
        status = yk_call_take_map(submission, call->options, call->size, call->arg_size,
                                  &error);
    }
    if (status == YOKE_OK) {
        status = map_run(future, pool, submission, &error);
    }
    yk_call_drop_args(submission);
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_map_with_sized(yoke_pool *pool, yoke_kernel *kernel, yoke_range range,
                                const yoke_map_options *options, size_t size,
                                const yoke_arg *args, size_t count, size_t arg_size)
{
    const map_call call = {options, size, arg_size};
    yk_request submission = {
        .kernel = kernel, .range = range, .args = args, .arg_count = count};

    return map_submit(NULL, pool, &submission, &call);
}

yoke_status yoke_map_async_sized(yoke_future **future, yoke_pool *pool,
                                 yoke_kernel *kernel, yoke_range range,
                                 const yoke_map_options *options, size_t size,
                                 const yoke_arg *args, size_t count, size_t arg_size)
{
    const map_call call = {options, size, arg_size};
    yk_request submission = {.kernel = kernel,
                             .range = range,
                             .args = args,
                             .arg_count = count,
                             .is_users = future != NULL};
    yoke_future *job = NULL;
    const yoke_status status = map_submit(&job, pool, &submission, &call);

    yk_call_give_future(future, job);
    return status;
}
