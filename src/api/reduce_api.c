/* SPDX-License-Identifier: MIT */
#include "yoke/reduce.h"

#include <string.h>

#include "api/call.h"
#include "api/graph_call.h"
#include "api/submission.h"
#include "base/bits.h"
#include "patterns/graph.h"
#include "patterns/reductions.h"
#include "patterns/run.h"
#include "pool/submit.h"

/* ---- checks ---- */

static yoke_status find_reduction(const yk_reduction **reduction,
                                  yoke_reduce_operation operation, yoke_type type,
                                  yk_error *error)
{
    if ((unsigned)operation - 1 >= YOKE_REDUCE_SUM_COMPENSATED) {
        return yk_fail(error, YOKE_EINVAL, "operation %u is not a valid operation",
                       (unsigned)operation);
    }
    if ((unsigned)type - 1 >= YOKE_TYPE_UINT64) {
        return yk_fail(error, YOKE_EINVAL, "type %u is not a valid type", (unsigned)type);
    }
    *reduction = yk_reduction_find(operation, type);
    if (*reduction == NULL) {
        return yk_fail(error, YOKE_EINVAL,
                       "a compensated sum is of float or double: integers have no "
                       "rounding errors");
    }
    return YOKE_OK;
}

static yoke_status check_place(yoke_pool *pool, const char *name, const void *array,
                               size_t bytes, bool stage, yk_error *error)
{
    yk_allocation block;
    uint64_t at;
    uint64_t left;

    if (!yk_arena_find(&pool->arena, array, &block)) {
        return stage && !yk_arena_contains(&pool->arena, array)
                   ? YOKE_OK
                   : yk_fail(error, YOKE_EINVAL,
                             "%s, %p, is not memory of this pool (yoke_alloc), and the "
                             "options do not say .stage",
                             name, array);
    }
    at = (uint64_t)((const char *)array - (const char *)pool->arena.mapping.base);
    left = block.offset + block.bytes > at ? block.offset + block.bytes - at : 0;
    if (bytes > left) {
        return yk_fail(error, YOKE_EINVAL,
                       "%s has %zu bytes from %p on, its allocation of %llu bytes only "
                       "%llu",
                       name, bytes, array, (unsigned long long)block.bytes,
                       (unsigned long long)left);
    }
    return YOKE_OK;
}

static yoke_status reduce_check_array(yoke_pool *pool, const char *name,
                                      const void *array, size_t n, size_t element,
                                      bool stage, yk_error *error)
{
    uint64_t bytes;

    if (array == NULL) {
        return yk_fail(error, YOKE_EINVAL, "%s is NULL", name);
    }
    if ((uintptr_t)array % element != 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "%s, %p, is not aligned to its elements of %zu bytes", name,
                       array, element);
    }
    if (!yk_mul(n, element, &bytes) || bytes > UINT64_MAX - (uintptr_t)array) {
        return yk_fail(error, YOKE_EINVAL, "%s: %zu elements are more than memory has",
                       name, n);
    }
    return check_place(pool, name, array, (size_t)bytes, stage, error);
}

static yoke_status check_arrays(yoke_pool *pool, const yk_reduce_request *request,
                                bool stage, yk_error *error)
{
    const yk_reduction *reduction = request->reduction;
    const size_t element = reduction->element_bytes;
    yoke_status status;

    if (request->n == 0 && !reduction->has_identity) {
        return yk_fail(error, YOKE_EINVAL,
                       "an array of no elements has no least and no greatest one");
    }
    if (request->y != NULL && !reduction->takes_two) {
        return yk_fail(error, YOKE_EINVAL,
                       "y is given, but the operation is of one array");
    }
    if (request->n == 0) {
        return YOKE_OK;
    }
    status = reduce_check_array(pool, "array x", request->x, request->n, element, stage,
                                error);
    if (status == YOKE_OK && reduction->takes_two) {
        status = reduce_check_array(pool, "array y", request->y, request->n, element,
                                    stage, error);
    }
    return status;
}

/* ---- the calls ---- */

/* What a call of the program gives. */
typedef struct reduce_call {
    const yoke_reduction *reduction;
    size_t reduction_size;
    yoke_reduced *result;
    size_t result_size;
    const yoke_map_options *options;
    size_t size;
} reduce_call;

/* NULL for the reduction: it is all zero, and refused later. */
static yoke_status reduce_take(yk_reduce_request *request, yk_request *submission,
                               const reduce_call *call, yk_error *error)
{
    yoke_reduction own;
    yoke_status status;

    if (call->result == NULL) {
        return yk_fail(error, YOKE_EINVAL, "`result` is NULL");
    }
    status = yk_call_take(&own, YK_CALL_STRUCT(yoke_reduction), call->reduction,
                          call->reduction_size, error);
    if (status == YOKE_OK) {
        status = yk_call_take_map(submission, call->options, call->size,
                                  sizeof(yoke_arg), error);
    }
    *request = (yk_reduce_request){.x = own.x,
                                   .y = own.y,
                                   .n = own.count,
                                   .result = call->result,
                                   .result_bytes = call->result_size};
    return status == YOKE_OK
               ? find_reduction(&request->reduction, own.operation, own.type, error)
               : status;
}

/* The result of a recorded reduction is a job's. */
static yoke_status reduce_check_recorded(yoke_pool *pool, const yk_reduce_request *request,
                                         const yk_request *submission, yk_error *error)
{
    yoke_status status = yk_call_check_graph(submission->options.graph, pool,
                                             submission->is_users, error);

    if (status == YOKE_OK && request->n == 0) {
        status = yk_fail(error, YOKE_EINVAL, "a recorded reduction has at least one element");
    }
    if (status == YOKE_OK && request->result_bytes < sizeof *request->result) {
        status = yk_fail(error, YOKE_EINVAL, "the result has less than %zu bytes",
                         sizeof *request->result);
    }
    return status == YOKE_OK ? reduce_check_array(pool, "the result", request->result, 1,
                                                  sizeof *request->result / 2, false, error)
                             : status;
}

static yoke_status reduce_record(yoke_pool *pool, const yk_reduce_request *request,
                                 const yk_request *submission, const yk_limit *limit,
                                 yk_error *error)
{
    yoke_graph *graph = submission->options.graph;
    yoke_status status = reduce_check_recorded(pool, request, submission, error);

    if (status == YOKE_OK) {
        status = yk_graph_enter(graph, error);
    }
    if (status == YOKE_OK) {
        status = yk_graph_record_reduction(graph, request, submission, limit, error);
        yk_graph_leave(graph);
    }
    return status;
}

static yoke_status reduce_submit(yoke_future **future, yoke_pool *pool,
                                 const yk_reduce_request *request,
                                 yk_request *submission, yk_error *error)
{
    yoke_arg args[8];
    yoke_status status;
    yk_limit limit;

    submission->options.round_up = false; /* the range is whole blocks */
    submission->begun_ns = yk_clock_ns();
    limit = yk_submit_limit(submission, yk_submit_deadline(submission));
    status = yk_reduction_prepare(pool, request->reduction, &limit, &submission->kernel,
                                  error);
    if (status == YOKE_OK && submission->options.graph != NULL) {
        return reduce_record(pool, request, submission, &limit, error);
    }
    if (status == YOKE_OK) {
        status = yk_reduction_fill(pool, request, submission, args, error);
    }
    return status == YOKE_OK ? yk_run(future, pool, submission, error) : status;
}

/* NULL for the future: waits. */
static yoke_status reduce_begin(yoke_future **future, bool is_users, yoke_pool *pool,
                                const reduce_call *call)
{
    yk_request submission = {.is_users = is_users};
    yk_reduce_request request;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
    if (status == YOKE_OK) {
        status = reduce_take(&request, &submission, call, &error);
    }
    if (status == YOKE_OK) {
        status = check_arrays(pool, &request, submission.options.stage, &error);
    }
    if (status == YOKE_OK && request.n == 0 && submission.options.graph == NULL) {
        memset(request.result, 0, request.result_bytes);
        status = yk_run_nothing(future, pool, &submission, &error);
    } else if (status == YOKE_OK) {
        status = reduce_submit(future, pool, &request, &submission, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_reduce_sized(yoke_pool *pool, const yoke_reduction *reduction,
                              size_t reduction_size, yoke_reduced *result,
                              size_t result_size, const yoke_map_options *options,
                              size_t size)
{
    const reduce_call call = {reduction,   reduction_size, result,
                              result_size, options,        size};

    return reduce_begin(NULL, false, pool, &call);
}

yoke_status yoke_reduce_async_sized(yoke_future **future, yoke_pool *pool,
                                    const yoke_reduction *reduction,
                                    size_t reduction_size, yoke_reduced *result,
                                    size_t result_size, const yoke_map_options *options,
                                    size_t size)
{
    const reduce_call call = {reduction,   reduction_size, result,
                              result_size, options,        size};
    yoke_future *job = NULL;
    const yoke_status status = reduce_begin(&job, future != NULL, pool, &call);

    yk_call_give_future(future, job);
    return status;
}
