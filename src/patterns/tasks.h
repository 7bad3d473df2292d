/* SPDX-License-Identifier: MIT */
/* Calls that run a function of the program per item. */
#ifndef YK_PATTERNS_TASKS_H
#define YK_PATTERNS_TASKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "launch/launch.h"
#include "yoke/task.h"

enum { YK_MOST_CONTEXT = 4096 /* bytes, of a task */ };

/* What is common to the calls that run a function per item. */
typedef struct yk_task_request {
    yoke_task_function *function;
    yoke_task_options options;
    size_t count;
    const yoke_arg *args; /* the first are shown as they are, if `shown` */
    size_t arg_count;
    yk_task_call call;
    bool has_result;
    bool is_users; /* the future will be */
} yk_task_request;

/* Checks a request as far as that is possible without the pool. */
yoke_status yk_tasks_check(const yk_task_request *request, yk_error *error);

/* Checks and publishes a job; the caller owns the future. Takes the locks. */
yoke_status yk_tasks_submit(yoke_future **future, yoke_pool *pool,
                            const yk_task_request *request, yk_error *error);

#endif
