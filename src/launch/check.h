/* SPDX-License-Identifier: MIT */
/*
 * From what a user passes to yoke_map to a launch that is known to be right: everything
 * that can be wrong with a range or an argument is found here, before anything runs.
 * Errors count arguments from 1.
 */
#ifndef YK_LAUNCH_CHECK_H
#define YK_LAUNCH_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "launch/kernel.h"
#include "launch/launch.h"
#include "launch/request.h"
#include "shm/arena.h"
#include "yoke/arg.h"
#include "yoke/range.h"

/* What a launch is made of: what a call asks for, and what the pool knows. Nothing in it is kept.
 */
typedef struct yk_launch_input {
    const yk_request *request; /* its range, its arguments, .round_up, .stage */
    const yk_kernel *kernel;
    const yk_parameter *parameters; /* of its source */
    int parameter_count;            /* -1: not known */
    yk_arena *arena; /* with .stage arrays may lie outside: they get no block */
} yk_launch_input;

/* Fills in all of *launch but its id. */
yoke_status yk_launch_fill(yk_launch *launch, const yk_launch_input *input,
                           yk_error *error);

/* Range, split and groups only. */
yoke_status yk_launch_fill_range(yk_launch *launch, const yk_kernel *kernel,
                                 const yoke_range *range, bool round_up,
                                 yk_error *error);

/* One argument's own checks, then its copy in launch->args[index]. */
yoke_status yk_launch_fill_arg(yk_launch *launch, size_t index,
                               const yk_launch_input *input, size_t *values_used,
                               yk_error *error);

/* Bytes from an array's pointer to the end of what may be touched in a launch whose range is
 * filled in. YOKE_EINVAL if it cannot be laid out, or reaches in front of the pointer. */
yoke_status yk_launch_reach(const yk_launch *launch, const yoke_arg *arg,
                            uint64_t *bytes, yk_error *error);

/* Whether two arguments of two launches touch a common byte and one of them writes. */
bool yk_args_conflict(const yk_launch *a, const yk_arg *x, const yk_launch *b,
                      const yk_arg *y);

/* YOKE_EINVAL if two arguments overlap and one is written. */
yoke_status yk_launch_check_overlap(const yk_launch *launch, yk_error *error);

#endif
