/* SPDX-License-Identifier: MIT */
/*
 * Makes a launch that is known to be valid from what a user passes to yoke_map(): every error
 * in a range or an argument is found here, before anything runs. Errors count arguments from 1.
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

/* What a launch is made from: what a call requests, and what the pool knows. Nothing in it is
 * kept. */
typedef struct yk_launch_input {
    const yk_request *request; /* its range, its arguments, .round_up, .stage */
    const yk_kernel *kernel;
    const yk_parameter *parameters; /* of its source */
    int parameter_count;            /* -1: not known */
    yk_arena *arena; /* with .stage arrays may lie outside; they have no allocation */
} yk_launch_input;

/* Fills in all of *launch but its id. */
yoke_status yk_launch_fill(yk_launch *launch, const yk_launch_input *input,
                           yk_error *error);

/* Fills in range, split and groups only. */
yoke_status yk_launch_fill_range(yk_launch *launch, const yk_kernel *kernel,
                                 const yoke_range *range, bool round_up,
                                 yk_error *error);

/* "parameter 2 ('x', float*)", or its number alone if no more is known of it (NULL). */
enum { YK_PARAMETER_LABEL_BYTES = 160 };
void yk_parameter_label(const yk_parameter *parameter, size_t index,
                        char text[YK_PARAMETER_LABEL_BYTES]);

/* The items of a range, before there is a launch: in the dimension in which it is split. */
typedef struct yk_range_items {
    uint64_t begin;
    uint64_t count;
    uint64_t group;  /* items of a work-group; 0: the device chooses */
    uint64_t groups; /* work-groups; 0 then */
    uint64_t all;    /* in all dimensions */
} yk_range_items;

yoke_status yk_range_count_items(yk_range_items *items, const yk_kernel *kernel,
                                 const yoke_range *range, bool round_up, yk_error *error);

/* Checks one argument, then copies it to launch->args[index]. */
yoke_status yk_launch_fill_arg(yk_launch *launch, size_t index,
                               const yk_launch_input *input, size_t *values_used,
                               yk_error *error);

/* Lists one argument that is no parameter of the kernel. */
yoke_status yk_launch_fill_pointed(yk_launch *launch, size_t index,
                                   const yk_launch_input *input, yk_error *error);

/* The number of bytes from an array's pointer to the end of what may be accessed, in a launch
 * whose range is filled in. YOKE_EINVAL if the array is not valid, or reaches before the
 * pointer. */
yoke_status yk_launch_reach(yk_launch *launch, const yoke_arg *arg,
                            uint64_t *bytes, yk_error *error);

/* Whether two arguments of two launches access a common byte and one of them writes it. */
bool yk_args_conflict(const yk_launch *a, const yk_arg *x, const yk_launch *b,
                      const yk_arg *y);

#endif
