/* SPDX-License-Identifier: MIT */
/* Submitting a job: checks, a slot, the launch, what it waits for, its tiles. */
#ifndef YK_POOL_SUBMIT_H
#define YK_POOL_SUBMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "launch/launch.h"
#include "pool/reductions.h"
#include "yoke/future.h"
#include "yoke/map.h"
#include "yoke/pool.h"
#include "yoke/task.h"

/* What is submitted. */
typedef struct yk_submission {
    yoke_kernel *kernel;
    yoke_range range;
    yoke_map_options options;
    const yoke_arg *args;
    size_t count;
    yk_task_call task; /* if the kernel is a task function */
    bool has_result;   /* ... of which each call has a result of a size that it alone knows */
    uint64_t most_result; /* bytes; 0: the library chooses */
    yoke_on_done *on_success; /* NULL: none */
    yoke_on_done *on_error;
    void *on_context;
    yk_fold fold;
    yk_combine combine; /* in a thread of the program, before the job counts as ended */
    bool caller_helps; /* between yk_caller_begin() and yk_caller_end() */
    bool is_users;     /* the future will be */
} yk_submission;

/* Checks what options alone can be checked for; not their devices. */
yoke_status yk_map_options_check(const yoke_map_options *options, yk_error *error);

/* Checks and publishes a job. The caller owns the future. The memory of the submission's
 * fold and of its combine is the job's, or given back on failure. Takes the lock, runs
 * callbacks. */
yoke_status yk_submit(yoke_future **future, yoke_pool *pool,
                      const yk_submission *submission, yk_error *error);

#endif
