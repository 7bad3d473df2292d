/* SPDX-License-Identifier: MIT */
#include "yoke/task.h"

#include <stdarg.h>

#include "api/call.h"
#include "api/submission.h"
#include "device/native/tasks.h"
#include "patterns/run.h"
#include "patterns/tasks.h"
#include "pool/pool.h"

/* What a call of the program gives. */
typedef struct task_call {
    const yoke_task_options *options;
    size_t size;
    size_t arg_size;
} task_call;

static yoke_status task_take_options(yk_request *request, yoke_pool *pool,
                                     const task_call *call, yk_error *error)
{
    yoke_task_options options;
    yoke_status status = yk_call_check(pool, error);

    if (status == YOKE_OK) {
        status = yk_call_take(&options, YK_CALL_RESERVED(yoke_task_options),
                              call->options, call->size, error);
    }
    if (status == YOKE_OK) {
        yk_tasks_take_options(request, &options);
    }
    return status;
}

/* Whether an argument gives each item a part of its own, in one piece. */
static bool task_has_plain_parts(const yoke_arg *arg, yoke_access access)
{
    return arg->kind == YOKE_ARG_ARRAY && arg->parts == YOKE_PARTS_ITEM &&
           arg->access == access && arg->blocks <= 1 && !arg->leaves_some &&
           (arg->pitch == 0 || arg->pitch == arg->bytes ||
            (arg->scale_up == 0 && arg->offsets == NULL && arg->parts_function == NULL));
}

/* The number, from 1, of the first argument of this kind; 0: none. */
static uint32_t task_find_plain(const yk_request *request, yoke_access access)
{
    for (size_t i = 0; request->args != NULL && i < request->arg_count; i++) {
        if (task_has_plain_parts(&request->args[i], access)) {
            return (uint32_t)i + 1;
        }
    }
    return 0;
}

static yoke_status task_submit_each(yoke_future **job, yoke_pool *pool,
                                    yk_request *request, const task_call *call,
                                    yk_error *error)
{
    yoke_status status = task_take_options(request, pool, call, error);

    if (status == YOKE_OK) {
        status = yk_call_take_args(request, call->arg_size, error);
    }
    if (status == YOKE_OK && request->arg_count < YK_MAX_ARGS) {
        request->task.arg_count = (uint32_t)yk_request_passed(request);
        request->task.input = task_find_plain(request, YOKE_ACCESS_READ);
        request->task.output = task_find_plain(request, YOKE_ACCESS_WRITE);
    }
    if (status == YOKE_OK) {
        status = yk_tasks_submit(job, pool, request, error);
    }
    yk_call_drop_args(request);
    return status;
}

yoke_status yoke_apply_each_sized(yoke_pool *pool, yoke_task_function *function,
                                  size_t count, const yoke_task_options *options,
                                  size_t size, const yoke_arg *args, size_t arg_count,
                                  size_t arg_size)
{
    const task_call call = {options, size, arg_size};
    yk_request request = {.function = function,
                          .range = yoke_range_1d(count),
                          .args = args,
                          .arg_count = arg_count};
    yoke_future *job = NULL;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = task_submit_each(&job, pool, &request, &call, &error);
    if (status == YOKE_OK) {
        status = yk_run_finish(job, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_apply_each_async_sized(yoke_future **future, yoke_pool *pool,
                                        yoke_task_function *function, size_t count,
                                        const yoke_task_options *options, size_t size,
                                        const yoke_arg *args, size_t arg_count,
                                        size_t arg_size)
{
    const task_call call = {options, size, arg_size};
    yk_request request = {.function = function,
                          .range = yoke_range_1d(count),
                          .args = args,
                          .arg_count = arg_count,
                          .is_users = future != NULL};
    yoke_future *job = NULL;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = task_submit_each(&job, pool, &request, &call, &error);
    yk_call_give_future(future, job);
    return yk_call_end(pool, status, &error);
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

/* A task that is called once. */
static yoke_status task_submit_once(yoke_future **job, yoke_pool *pool,
                                    yk_request *request, const void *input,
                                    size_t input_bytes, yk_error *error)
{
    yoke_arg args[1];
    yoke_status status;

    request->range = yoke_range_1d(1);
    request->has_result = true;
    if (input != NULL || input_bytes != 0) {
        args[0] = input_of(pool, input, input_bytes);
        request->args = args;
        request->arg_count = 1;
        request->task.input = 1;
    }
    status = yk_tasks_submit(job, pool, request, error);
    request->args = NULL;
    return status;
}

yoke_status yoke_apply_sized(yoke_pool *pool, yoke_task_function *function,
                             const void *input, size_t input_bytes, void **result,
                             size_t *result_bytes, const yoke_task_options *options,
                             size_t size)
{
    const task_call call = {options, size, sizeof(yoke_arg)};
    yk_request request = {.function = function};
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
    status = task_take_options(&request, pool, &call, &error);
    if (status == YOKE_OK) {
        status = task_submit_once(&job, pool, &request, input, input_bytes, &error);
    }
    if (status == YOKE_OK) {
        status = yk_run_finish_result(job, result, result_bytes, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_apply_async_sized(yoke_future **future, yoke_pool *pool,
                                   yoke_task_function *function, const void *input,
                                   size_t input_bytes, const yoke_task_options *options,
                                   size_t size)
{
    const task_call call = {options, size, sizeof(yoke_arg)};
    yk_request request = {.function = function, .is_users = future != NULL};
    yoke_future *job = NULL;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = task_take_options(&request, pool, &call, &error);
    if (status == YOKE_OK) {
        status = task_submit_once(&job, pool, &request, input, input_bytes, &error);
    }
    yk_call_give_future(future, job);
    return yk_call_end(pool, status, &error);
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
