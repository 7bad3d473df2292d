/* SPDX-License-Identifier: MIT */
/*
 * Tasks are jobs whose kernel is a function that is called per item. The first use of a
 * function makes it a kernel, which the pool keeps: what workers know of its speed stays,
 * too. When the pool's slots for kernels run out, the function goes that has not been used
 * for longest.
 */
#include "patterns/tasks.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "patterns/item_statuses.h"
#include "patterns/parts_by.h"
#include "patterns/result.h"
#include "patterns/run.h"
#include "pool/pool.h"
#include "pool/submit.h"
#include "sys/elf.h"

enum { MAX_TASK_ARGS = 64 /* with the context; they lie on the stack of the calling thread */ };

/* ---- the function ---- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static yoke_status tasks_describe(yk_kernel *kernel, yoke_task_function *function,
                                  uint32_t task, yk_error *error)
{
    yoke_status status;

    memset(kernel, 0, sizeof *kernel);
    status = yk_function_locate(&kernel->native, (yk_any_function *)function,
                                "the task function", error);
    kernel->task = task;
    if (status != YOKE_OK) {
        return status;
    }
    if (yk_elf_symbol((yk_any_function *)function, kernel->name, sizeof kernel->name)) {
        return YOKE_OK;
    }
    (void)snprintf(kernel->name, sizeof kernel->name, "%.80s+0x%llx",
                   kernel->native.object[0] != '\0' ? last_part(kernel->native.object)
                                                    : "program",
                   (unsigned long long)kernel->native.place.offset);
    return YOKE_OK;
}

static yoke_status tasks_kernel_of(yoke_kernel **kernel, yoke_pool *pool,
                                   const yk_request *request, uint64_t begun,
                                   yk_error *error)
{
    const yk_request asked = {.options = request->options, .begun_ns = begun};
    const yk_limit limit = yk_submit_limit(&asked, yk_submit_deadline(&asked));
    const uint32_t task = request->on_device ? YK_TASK_DEVICE : YK_TASK_HOST;
    yk_kernel described;
    const yoke_status status =
        tasks_describe(&described, request->function, task, error);

    return status == YOKE_OK ? yk_kernel_of_function(kernel, pool, &described,
                                                        &limit, error)
                             : status;
}

/* ---- submission ---- */

/* Whether an argument that the user knows by another name is not there. */
static bool is_missing(const yk_request *request, uint32_t number)
{
    return number != 0 && request->range.size[0] > 0 &&
           request->args[number - 1].kind == YOKE_ARG_ARRAY &&
           request->args[number - 1].pointer == NULL;
}

yoke_status yk_tasks_check_failure(const yk_request *request, yk_error *error)
{
    const bool keeps = request->on_failure == YOKE_ON_FAILURE_KEEP;

    if ((unsigned)request->on_failure > YOKE_ON_FAILURE_KEEP) {
        return yk_fail(error, YOKE_EINVAL,
                       "on_failure %u is not one of YOKE_ON_FAILURE_STOP and "
                       "YOKE_ON_FAILURE_KEEP",
                       (unsigned)request->on_failure);
    }
    if (!(yk_clock_is_time(request->item_timeout) && request->item_timeout <= 1e9)) {
        return yk_fail(error, YOKE_EINVAL,
                       "item_timeout is a number of seconds from 0 to 1e9, or YOKE_FOREVER");
    }
    if (!keeps && (request->item_status != NULL || request->item_timeout != 0)) {
        return yk_fail(error, YOKE_EINVAL,
                       "item_status and item_timeout go with .on_failure = "
                       "YOKE_ON_FAILURE_KEEP");
    }
    if (keeps && request->has_result) {
        return yk_fail(error, YOKE_EINVAL,
                       "on_failure goes with yoke_apply_each() and streams: the one call of "
                       "yoke_apply() has the job's status, and .timeout limits its time");
    }
    for (size_t i = 0; keeps && request->args != NULL && i < request->arg_count; i++) {
        const yoke_arg *arg = &request->args[i];

        if ((arg->kind == YOKE_ARG_ARRAY || arg->kind == YOKE_ARG_USES) &&
            (arg->access & YOKE_ACCESS_WRITE) != 0 && arg->parts != YOKE_PARTS_ITEM) {
            return yk_fail(error, YOKE_EINVAL,
                           "argument %zu: with YOKE_ON_FAILURE_KEEP each item writes a part "
                           "of its own (yoke_out, yoke_inout)",
                           i + 1);
        }
    }
    return YOKE_OK;
}

yoke_status yk_tasks_check(const yk_request *request, yk_error *error)
{
    yk_selection selection;

    if (request->function == NULL) {
        return yk_fail(error, YOKE_EINVAL, "the task function is NULL");
    }
    if (is_missing(request, request->task.input)) {
        return yk_fail(error, YOKE_EINVAL, "the input is NULL, but it has bytes");
    }
    if (is_missing(request, request->task.output)) {
        return yk_fail(error, YOKE_EINVAL, "the output is NULL, but it has bytes");
    }
    if (request->on_device && request->options.devices != NULL &&
        yk_selection_parse(&selection, request->options.devices, error) != YOKE_OK) {
        yk_error_prefix(error, "devices: ");
        return YOKE_EINVAL;
    }
    if (request->context == NULL && request->context_bytes != 0) {
        return yk_fail(error, YOKE_EINVAL, "`context` is NULL, but `context_bytes` is not 0");
    }
    if (request->context_bytes > YK_MOST_CONTEXT) {
        return yk_fail(error, YOKE_EINVAL, "the context has %zu bytes: at most %d fit",
                       request->context_bytes, YK_MOST_CONTEXT);
    }
    if (request->arg_count >= MAX_TASK_ARGS) {
        return yk_fail(error, YOKE_EINVAL, "%zu arguments: the maximum is %d",
                       request->arg_count, MAX_TASK_ARGS - 1);
    }
    if (request->arg_count > 0 && request->args == NULL) {
        return yk_fail(error, YOKE_EINVAL, "`args` is NULL");
    }
    return yk_tasks_check_failure(request, error);
}

void yk_tasks_take_options(yk_request *request, const yoke_task_options *options)
{
    request->options = (yoke_map_options){
        .devices = options->devices,
        .timeout = options->timeout,
        .chunk = options->chunk,
        .after = options->after,
        .after_count = options->after_count,
        .stage = true, /* what is not the pool's memory */
        .no_wait = options->no_wait,
    };
    request->on_device = options->on_device;
    request->context = options->context;
    request->context_bytes = options->context_bytes;
    request->max_result = options->max_result_bytes;
    request->on_failure = options->on_failure;
    request->item_status = options->item_status;
    request->item_timeout = options->item_timeout;
    request->on_success = options->on_success;
    request->on_error = options->on_error;
    request->on_context = options->on_context;
}

/* Adds the context, behind the arguments that the function gets. */
static void tasks_add_context(yk_request *request, yoke_arg *args)
{
    const size_t passed = yk_request_passed(request);

    memmove(args + passed + 1, args + passed,
            (request->arg_count - passed) * sizeof *args);
    args[passed] = yoke_scalar_bytes(request->context, request->context_bytes);
    request->arg_count++;
    request->task.context = (uint32_t)passed + 1;
}

static yoke_status tasks_submit_kernel(yoke_future **future, yoke_pool *pool,
                                       yoke_kernel *kernel, const yk_request *asked,
                                       uint64_t begun, yk_error *error)
{
    yoke_arg args[MAX_TASK_ARGS];
    yk_request request = *asked;
    yoke_status status = YOKE_OK;

    request.kernel = kernel;
    request.begun_ns = begun;
    request.args = args;
    if (asked->on_device && asked->options.devices == NULL) {
        request.options.devices = "opencl";
    }
    if (asked->arg_count > 0) {
        memcpy(args, asked->args, asked->arg_count * sizeof *args);
    }
    if (asked->context_bytes > 0) {
        tasks_add_context(&request, args);
    }
    if (asked->has_result) {
        status = yk_result_attach(&request, asked->max_result, error);
    } else if (asked->on_failure == YOKE_ON_FAILURE_KEEP) {
        status = yk_item_statuses_attach(&request, error);
    }
    return status == YOKE_OK ? yk_parts_by_submit(future, pool, &request, error) : status;
}

yoke_status yk_tasks_submit(yoke_future **future, yoke_pool *pool,
                            const yk_request *request, yk_error *error)
{
    const uint64_t begun = yk_clock_ns();
    yoke_kernel *kernel = NULL;
    yoke_status status = yk_tasks_check(request, error);

    *future = NULL;
    if (status == YOKE_OK && request->range.size[0] == 0) {
        return yk_run_nothing(future, pool, request, error);
    }
    if (status == YOKE_OK) {
        status = tasks_kernel_of(&kernel, pool, request, begun, error);
    }
    if (status == YOKE_OK) {
        status = tasks_submit_kernel(future, pool, kernel, request, begun, error);
        yk_kernel_release(kernel);
    }
    return status;
}
