/* SPDX-License-Identifier: MIT */
/* Arrays of which each item has any run of parts (yoke_arg_between(), yoke_arg_by()). */
#ifndef YK_LAUNCH_CHECK_BETWEEN_H
#define YK_LAUNCH_CHECK_BETWEEN_H

#include "launch/check.h"

/* Lists the begins and ends of all items of the range as yk_check_offsets() does, checks them, and
 * sets the map of *to, whose access, parts and flags are set. No two items have the same part of
 * an array that is written. */
yoke_status yk_check_between(yk_launch *launch, yk_arg *to, const yk_launch_input *input,
                             const yoke_arg *arg, yk_error *error);

/* If the items have parts of a written array in another order than their own, each is a block. After
 * all arguments. */
yoke_status yk_check_scattered(yk_launch *launch, yk_error *error);

#endif
