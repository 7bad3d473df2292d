/* SPDX-License-Identifier: MIT */
/* Reductions whose partial results a user's kernel writes and a user's function combines. */
#include "api/call.h"
#include "api/submission.h"
#include "patterns/map_reduce.h"
#include "yoke/reduce.h"

static yoke_status check_reducer(const yoke_reducer *reducer, const void *result,
                                 yk_error *error)
{
    if (result == NULL) {
        return yk_fail(error, YOKE_EINVAL, "`result` is NULL");
    }
    if (reducer->combine == NULL || reducer->bytes == 0) {
        return yk_fail(error, YOKE_EINVAL, "a reducer has %s",
                       reducer->combine == NULL ? "a function that combines: it is NULL"
                                                : "results of at least a byte");
    }
    return YOKE_OK;
}

/* What a call of the program gives. */
typedef struct map_reduce_call {
    const yoke_reducer *reducer;
    size_t reducer_size;
    void *result;
    const yoke_map_options *options;
    size_t size;
    size_t arg_size;
} map_reduce_call;

/* NULL for the future: waits. */
static yoke_status map_reduce_begin(yoke_future **future, yoke_pool *pool,
                                    const map_reduce_call *call, yk_request *submission)
{
    yoke_reducer own = {.combine = NULL};
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check_kernel(pool, submission->kernel, &error);
    if (status == YOKE_OK && call->reducer == NULL) {
        status = yk_fail(&error, YOKE_EINVAL, "the reducer is NULL");
    }
    if (status == YOKE_OK) {
        status = yk_call_take(&own, YK_CALL_STRUCT(yoke_reducer), call->reducer,
                              call->reducer_size, &error);
    }
    if (status == YOKE_OK) {
        status = check_reducer(&own, call->result, &error);
    }
    if (status == YOKE_OK) {
        status = yk_call_take_map(submission, call->options, call->size, call->arg_size,
                                  &error);
    }
    if (status == YOKE_OK && submission->options.graph != NULL) {
        status = yk_fail(&error, YOKE_EINVAL,
                         "yoke_map_reduce() cannot be recorded in a graph (.graph): its "
                         "partial results are combined by the program; yoke_reduce() can");
    }
    if (status == YOKE_OK) {
        status = yk_map_reduce(future, pool, submission, &own, call->result, &error);
    }
    yk_call_drop_args(submission);
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_map_reduce_sized(yoke_pool *pool, yoke_kernel *kernel,
                                  yoke_range range, const yoke_reducer *reducer,
                                  size_t reducer_size, void *result,
                                  const yoke_map_options *options, size_t size,
                                  const yoke_arg *args, size_t count, size_t arg_size)
{
    const map_reduce_call call = {reducer, reducer_size, result,
                                  options, size,         arg_size};
    yk_request submission = {
        .kernel = kernel, .range = range, .args = args, .arg_count = count};

    return map_reduce_begin(NULL, pool, &call, &submission);
}

yoke_status yoke_map_reduce_async_sized(yoke_future **future, yoke_pool *pool,
                                        yoke_kernel *kernel, yoke_range range,
                                        const yoke_reducer *reducer,
                                        size_t reducer_size, void *result,
                                        const yoke_map_options *options, size_t size,
                                        const yoke_arg *args, size_t count,
                                        size_t arg_size)
{
    const map_reduce_call call = {reducer, reducer_size, result,
                                  options, size,         arg_size};
    yk_request submission = {.kernel = kernel,
                             .range = range,
                             .args = args,
                             .arg_count = count,
                             .is_users = future != NULL};
    yoke_future *job = NULL;
    const yoke_status status = map_reduce_begin(&job, pool, &call, &submission);

    yk_call_give_future(future, job);
    return status;
}
