/* SPDX-License-Identifier: MIT */
/* Reductions whose partial results a user's kernel writes and a user's function combines. */
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/submission.h"
#include "base/bits.h"
#include "launch/check.h"
#include "patterns/combine.h"
#include "patterns/run.h"
#include "sys/call_guard.h"
#include "yoke/reduce.h"

/* What one call is about. */
typedef struct map_reduce {
    yk_combine combine;
    yoke_arg *args; /* copied, with the library's memory in place of the placeholder */
    size_t partial; /* which is it */
} map_reduce;

/* ---- checks ---- */

static yoke_status check_reducer(const yoke_reducer *reducer, const void *result,
                                 yk_error *error)
{
    if (result == NULL) {
        return yk_fail(error, YOKE_EINVAL, "where the result goes is NULL");
    }
    if (reducer->combine == NULL || reducer->bytes == 0) {
        return yk_fail(error, YOKE_EINVAL, "a reducer has %s",
                       reducer->combine == NULL ? "a function that combines: it is NULL"
                                                : "results of at least a byte");
    }
    return YOKE_OK;
}

static bool map_reduce_is_partial(const yoke_arg *arg)
{
    return arg->kind == YOKE_ARG_ARRAY && arg->pointer == NULL &&
           arg->access == YOKE_ACCESS_WRITE && arg->parts != YOKE_PARTS_WHOLE;
}

static bool map_reduce_is_plain(const yoke_arg *arg)
{
    return arg->at == 0 && arg->count == 0 && arg->blocks <= 1 && !arg->leaves_some &&
           (arg->pitch == 0 || arg->pitch == arg->bytes);
}

static yoke_status find_partial(map_reduce *map, const yoke_arg *args, size_t count,
                                yk_error *error)
{
    size_t found = 0;

    for (size_t i = 0; args != NULL && i < count; i++) {
        if (map_reduce_is_partial(&args[i])) {
            map->partial = i;
            found++;
        }
    }
    if (found != 1) {
        return yk_fail(error, YOKE_EINVAL,
                       "%zu arguments are a yoke_out_partial(); exactly one must be",
                       found);
    }
    if (!map_reduce_is_plain(&args[map->partial]) ||
        args[map->partial].bytes != map->combine.reducer.bytes) {
        return yk_fail(
            error, YOKE_EINVAL,
            "the kernel writes partial results of %zu bytes, but the reducer "
            "combines results of %zu; both must be equal, and a kernel must "
            "write each result whole, one behind the other, from the first "
            "part on",
            args[map->partial].bytes, map->combine.reducer.bytes);
    }
    return YOKE_OK;
}

/* ---- the partial results ---- */

/* Which of them the range has. */
static yoke_status count_parts(map_reduce *map, const yoke_kernel *kernel,
                               const yk_request *submission, yk_error *error)
{
    const yk_kernel *described = &kernel->pool->control->kernels[kernel->slot].kernel;
    yk_launch *launch = calloc(1, sizeof *launch);
    yoke_status status;

    if (launch == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    status = yk_launch_fill_range(launch, described, &submission->range,
                                  submission->options.round_up, error);
    if (status == YOKE_OK && map->args[map->partial].parts == YOKE_PARTS_GROUP) {
        map->combine.first = 0;
        map->combine.count = (size_t)yk_launch_group_count(launch);
    } else if (status == YOKE_OK) {
        map->combine.first = (size_t)launch->begin[launch->split];
        map->combine.count = (size_t)launch->size[launch->split];
    }
    if (status == YOKE_OK && map->combine.count == 0) {
        status = yk_fail(error, YOKE_EINVAL,
                         "partial results per work-group need a kernel with a "
                         "work-group size (.group)");
    }
    free(launch);
    return status;
}

static yoke_status map_reduce_allocate(map_reduce *map, yoke_pool *pool,
                                       yk_error *error)
{
    uint64_t bytes;

    if (!yk_mul(map->combine.first + map->combine.count, map->combine.reducer.bytes,
                &bytes)) {
        return yk_fail(error, YOKE_ENOMEM,
                       "partial results: more bytes than there are");
    }
    map->combine.partials = yk_arena_alloc(&pool->arena, (size_t)bytes, error);
    if (map->combine.partials == NULL) {
        yk_error_prefix(error, "partial results: ");
        return YOKE_ENOMEM;
    }
    map->args[map->partial].pointer = map->combine.partials;
    return YOKE_OK;
}

/* The calling thread combines if it waits; else the thread that collects the job. The memory of
 * partial results is the job's from its submission on. */
static yoke_status map_reduce_run(map_reduce *map, yoke_future **future,
                                  yoke_pool *pool, yk_request *submission,
                                  yk_error *error)
{
    yoke_status status = count_parts(map, submission->kernel, submission, error);

    if (status == YOKE_OK) {
        status = map_reduce_allocate(map, pool, error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    map->combine.by_caller = future == NULL;
    status = yk_combine_attach(submission, map->partial, pool, &map->combine, error);
    return status == YOKE_OK ? yk_run(future, pool, submission, error) : status;
}

/* ---- the call ---- */

static bool is_empty(const yoke_range *range)
{
    bool empty = false;

    for (unsigned d = 0; d < range->dimensions && d < 3; d++) {
        empty = empty || range->size[d] == 0;
    }
    return empty;
}

static yoke_status map_reduce_empty(const map_reduce *map, yoke_future **future,
                                    yoke_pool *pool, yk_error *error)
{
    const yk_request nothing = {.is_users = true};
    const yoke_reducer *reducer = &map->combine.reducer;

    if (reducer->identity == NULL) {
        return yk_fail(error, YOKE_EINVAL,
                       "the range is empty and the reducer has no identity");
    }
    memcpy(map->combine.result, reducer->identity, reducer->bytes);
    if (future != NULL) {
        *future = yk_future_create_ended(pool, &nothing);
        if (*future == NULL) {
            return yk_fail(error, YOKE_ENOMEM, "out of memory");
        }
    }
    return YOKE_OK;
}

static void undo_args(void *args, uint64_t unused)
{
    (void)unused;
    free(args);
}

static yoke_status map_reduce_submit(map_reduce *map, yoke_future **future,
                                     yoke_pool *pool, yk_request *submission,
                                     yk_error *error)
{
    yoke_status status;

    if (is_empty(&submission->range)) {
        return map_reduce_empty(map, future, pool, error);
    }
    map->args = malloc(submission->arg_count * sizeof *map->args);
    if (map->args == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    memcpy(map->args, submission->args, submission->arg_count * sizeof *map->args);
    submission->args = map->args;
    yk_hold(undo_args, map->args, 0);
    status = map_reduce_run(map, future, pool, submission, error);
    yk_hold_end();
    free(map->args);
    return status;
}

/* What a call of the program gives. */
typedef struct map_reduce_call {
    const yoke_reducer *reducer;
    size_t reducer_size;
    size_t arg_size;
    void *result;
} map_reduce_call;

/* NULL for the future: waits. */
static yoke_status map_reduce_begin(yoke_future **future, yoke_pool *pool,
                                    const map_reduce_call *call,
                                    yk_request *submission)
{
    map_reduce map = {.combine = {.result = call->result}};
    yoke_reducer *own = &map.combine.reducer;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check_kernel(pool, submission->kernel, &error);
    if (status == YOKE_OK && call->reducer == NULL) {
        status = yk_fail(&error, YOKE_EINVAL, "the reducer is NULL");
    }
    if (status == YOKE_OK) {
        yk_call_take_options(own, sizeof *own, call->reducer, call->reducer_size);
        status = check_reducer(own, call->result, &error);
    }
    if (status == YOKE_OK) {
        status = yk_call_check_arg_size(call->arg_size, &error);
    }
    if (status == YOKE_OK) {
        status = find_partial(&map, submission->args, submission->arg_count, &error);
    }
    if (status == YOKE_OK) {
        status = map_reduce_submit(&map, future, pool, submission, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_map_reduce_sized(yoke_pool *pool, yoke_kernel *kernel,
                                  yoke_range range, const yoke_reducer *reducer,
                                  size_t reducer_size, void *result,
                                  const yoke_map_options *options, size_t size,
                                  const yoke_arg *args, size_t count, size_t arg_size)
{
    const map_reduce_call call = {reducer, reducer_size, arg_size, result};
    yk_request submission = {
        .kernel = kernel, .range = range, .args = args, .arg_count = count};

    yk_call_take_options(&submission.options, sizeof submission.options, options, size);
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
    const map_reduce_call call = {reducer, reducer_size, arg_size, result};
    yk_request submission = {
        .kernel = kernel, .range = range, .args = args, .arg_count = count};
    yoke_future *job = NULL;
    yoke_status status;

    yk_call_take_options(&submission.options, sizeof submission.options, options, size);
    status = map_reduce_begin(&job, pool, &call, &submission);
    yk_call_give_future(future, job);
    return status;
}
