/* SPDX-License-Identifier: MIT */
/* Array arguments: whether their fields are consistent, where their parts are, and whether
 * these lie in an allocation. */
#ifndef YK_LAUNCH_CHECK_ARRAY_H
#define YK_LAUNCH_CHECK_ARRAY_H

#include "launch/check.h"

/* Whether items own other parts than those of their own numbers. */
bool yk_arg_has_map(const yoke_arg *arg);

/* Fills in the rest of *to, whose kind and bytes are set, for a launch whose range is set. With
 * YK_ARG_IMAGE in its flags its pixels are there. */
yoke_status yk_check_array(yk_launch *launch, yk_arg *to,
                           const yk_launch_input *input, const yoke_arg *arg,
                           yk_error *error);

#endif
