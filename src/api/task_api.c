/* SPDX-License-Identifier: MIT */
#include "yoke/task.h"

#include <stdarg.h>

#include "api/call.h"
#include "api/finish.h"
#include "device/native/tasks.h"
#include "pool/pool.h"

static yoke_status task_run(yoke_future **future, bool wait, yoke_pool *pool,
                            const yk_task_request *request, yk_error *error)
{
    yoke_future *job = NULL;
    yoke_status status = yk_call_check(pool, error);

    if (future != NULL) {
        *future = NULL;
    }
    if (status == YOKE_OK) {
        status = yk_tasks_submit(&job, pool, request, error);
    }
    if (status == YOKE_OK && wait) {
        status = yk_finish(job, error);
    } else if (status == YOKE_OK && future != NULL) {
        *future = job;
    } else if (status == YOKE_OK) {
        yk_future_let_go(job); /* the job goes on, and its callbacks are run */
    }
    return yk_call_end(pool, status, error);
}

/* One more argument, if it has any bytes; its number. */
static uint32_t task_add_arg(yoke_arg *args, yk_task_request *request, yoke_arg arg)
{
    if (arg.kind == YOKE_ARG_ARRAY && arg.bytes == 0 && arg.pointer == NULL) {
        return 0;
    }
    args[request->arg_count++] = arg;
    return (uint32_t)request->arg_count;
}

yoke_status yoke_map_items_sized(yoke_future **future, int wait, yoke_pool *pool,
                                 yoke_task_function *function, const void *inputs,
                                 size_t input_bytes, void *outputs, size_t output_bytes,
                                 size_t count, const yoke_task_options *options,
                                 size_t size)
{
    yoke_arg args[2];
    yk_task_request request = {.function = function, .count = count, .args = args};
    yk_error error;

    yk_error_clear(&error);
    yk_call_take_options(&request.options, sizeof request.options, options, size);
    request.is_users = wait == 0 && future != NULL;
    request.call.input = task_add_arg(args, &request, yoke_in(inputs, input_bytes));
    request.call.output = task_add_arg(args, &request, yoke_out(outputs, output_bytes));
    return task_run(future, wait != 0, pool, &request, &error);
}

yoke_status yoke_starmap_sized(yoke_future **future, int wait, yoke_pool *pool,
                               yoke_task_function *function, size_t count,
                               const yoke_task_options *options, size_t size,
                               const yoke_arg *args, size_t arg_count)
{
    yk_task_request request = {
        .function = function, .count = count, .args = args, .arg_count = arg_count};
    yk_error error;

    yk_error_clear(&error);
    yk_call_take_options(&request.options, sizeof request.options, options, size);
    request.is_users = wait == 0 && future != NULL;
    request.call.arg_count = (uint32_t)(arg_count < YK_MAX_ARGS ? arg_count : 0);
    return task_run(future, wait != 0, pool, &request, &error);
}

/* What lies outside the pool's memory travels with the job as long as it is short. */
static yoke_arg input_of(const yoke_pool *pool, const void *input, size_t bytes)
{
    enum { SHORT_BYTES = 4096 };

    return bytes <= SHORT_BYTES && input != NULL &&
                   !yk_arena_contains(&pool->arena, input)
               ? yoke_scalar_bytes(input, bytes)
               : yoke_in_whole(input, bytes);
}

/* Waits for the job and hands its result over. */
static yoke_status task_take_result(yoke_future *future, void **result, size_t *bytes)
{
    yoke_pool *pool = future->pool;
    yoke_status status;

    yk_future_hold_own(future);
    status = yoke_future_wait(future, YOKE_FOREVER);
    if (status == YOKE_OK && result != NULL) {
        status = yoke_future_result(future, result, bytes);
    }
    yk_future_unhold(future, pool);
    return status;
}

yoke_status yoke_apply_sized(yoke_future **future, int wait, yoke_pool *pool,
                             yoke_task_function *function, const void *input,
                             size_t input_bytes, void **result, size_t *result_bytes,
                             const yoke_task_options *options, size_t size)
{
    yoke_arg args[1];
    yk_task_request request = {
        .function = function, .count = 1, .args = args, .has_result = true};
    yoke_future *job = NULL;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    if (result != NULL) {
        *result = NULL;
    }
    if (result_bytes != NULL) {
        *result_bytes = 0;
    }
    if (future != NULL) {
        *future = NULL;
    }
    yk_call_take_options(&request.options, sizeof request.options, options, size);
    request.is_users = wait == 0 && future != NULL;
    status = yk_call_check(pool, &error);
    if (status != YOKE_OK) {
        return yk_call_end(pool, status, &error);
    }
    if (input != NULL || input_bytes != 0) {
        request.call.input =
            task_add_arg(args, &request, input_of(pool, input, input_bytes));
    }
    status = task_run(wait != 0 ? &job : future, false, pool, &request, &error);
    return status == YOKE_OK && wait != 0 ? task_take_result(job, result, result_bytes)
                                          : status;
}

void *yoke_task_output(yoke_task *task, size_t bytes)
{
    return yk_task_output(task, bytes);
}

int yoke_task_fail(yoke_task *task, int code, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    code = yk_task_fail(task, code, format, list);
    va_end(list);
    return code;
}
