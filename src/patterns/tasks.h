/* SPDX-License-Identifier: MIT */
/* Calls that run a function of the program per item. */
#ifndef YK_PATTERNS_TASKS_H
#define YK_PATTERNS_TASKS_H

#include "base/error.h"
#include "launch/request.h"
#include "yoke/task.h"

enum { YK_MOST_CONTEXT = 4096 /* bytes, of a task */ };

/* What options say becomes part of the request. */
void yk_tasks_take_options(yk_request *request, const yoke_task_options *options);

/* Checks a request with a function, and a range of one dimension, as far as that is possible
 * without the pool. */
yoke_status yk_tasks_check(const yk_request *request, yk_error *error);

/* The part of that about items that fail. */
yoke_status yk_tasks_check_failure(const yk_request *request, yk_error *error);

/* Checks and publishes a job; the caller owns the future. Takes the locks. */
yoke_status yk_tasks_submit(yoke_future **future, yoke_pool *pool,
                            const yk_request *request, yk_error *error);

#endif
