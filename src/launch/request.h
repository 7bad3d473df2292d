/* SPDX-License-Identifier: MIT */
/*
 * What a call requests. The call fills it in; a task, a reduction or a stream completes it; and
 * the submission makes a launch of it. Nothing in it is kept.
 */
#ifndef YK_LAUNCH_REQUEST_H
#define YK_LAUNCH_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "launch/launch.h"
#include "yoke/arg.h"
#include "yoke/future.h"
#include "yoke/kernel.h"
#include "yoke/map.h"
#include "yoke/range.h"
#include "yoke/task.h"

struct yk_completion;
struct yk_replay;
struct yk_item_texts;

/* How a range is divided for arrays that items add into: each block of items has a copy of each
 * such array. */
typedef struct yk_blocks {
    uint64_t items; /* of a block */
    uint64_t count;
    char *copies; /* of the first such argument; those of the others follow */
} yk_blocks;

typedef struct yk_request {
    yoke_kernel *kernel;
    yoke_range range;
    yoke_map_options options; /* .stage: arrays may lie outside the pool's memory */
    const yoke_arg *args;
    size_t arg_count;
    yoke_arg
        *copied_args; /* the call's, which `args` are; NULL: they are the program's */
    yoke_on_done *on_success; /* NULL: none */
    yoke_on_done *on_error;
    void *on_context;
    struct yk_replay *replay; /* of a graph's job; NULL: it is submitted by a call of its own */
    bool caller_helps; /* between yk_caller_begin() and yk_caller_end() */
    bool is_users;     /* the future will be */
    uint64_t begun_ns; /* clock, when the call began; 0: with the submission */
    struct yk_completion
        *completions;      /* what is to be done at the job's end; NULL: nothing */
    uint64_t scratch_args; /* a bit for each argument that is memory of the library's */
    const yk_blocks *blocks; /* NULL: no argument is one that items add into */

    /* Of a function that is called per item: what patterns/tasks.h makes a kernel of. */
    yoke_task_function *function;
    bool on_device;      /* the function needs a device, one of options.devices */
    const void *context; /* every call gets a copy of it */
    size_t context_bytes;
    yk_task_call task;
    bool has_result;     /* each call has a result whose size only the call knows */
    uint64_t max_result; /* bytes; 0: the library chooses */
    yoke_on_failure on_failure;
    yoke_status *item_status; /* the program's, or a stream's; NULL: not wanted */
    double item_timeout;      /* seconds; 0: no limit */
    struct yk_item_texts *item_texts; /* a stream's; NULL: not wanted */
} yk_request;

/* The number of arguments that the kernel gets; those that it only uses (yoke_uses) follow. */
static inline size_t yk_request_passed(const yk_request *request)
{
    size_t count = 0;

    while (request->args != NULL && count < request->arg_count &&
           request->args[count].kind != YOKE_ARG_USES) {
        count++;
    }
    return count;
}

#endif
