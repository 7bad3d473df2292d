/* SPDX-License-Identifier: MIT */
/* The offsets of ragged arrays. They are read wherever a footprint is asked for, so they lie in
 * memory of the pool and take part in the order of jobs, as arrays that no parameter takes. */
#ifndef YK_LAUNCH_CHECK_OFFSETS_H
#define YK_LAUNCH_CHECK_OFFSETS_H

#include "launch/check.h"
#include "launch/footprint.h"

/* Lists the offsets of all items of the range behind the launch's arguments, then checks that they
 * ascend, and sets the map of *to, whose parts and flags are set. `input` is NULL where no arena
 * is known: YOKE_EINVAL. */
yoke_status yk_check_offsets(yk_launch *launch, yk_arg *to, const yk_launch_input *input,
                             const yoke_arg *arg, yk_error *error);

/* Whether offsets are integers that can be read. */
yoke_status yk_check_offset_size(const yk_launch_input *input, const void *offsets,
                                 size_t bytes, yk_error *error);

/* Lists offsets with these numbers, of `bytes` bytes each, behind the launch's arguments, and checks
 * that they may be read here and now. */
yoke_status yk_list_offsets(yk_launch *launch, const yk_arg *to, const yk_launch_input *input,
                            const void *offsets, size_t bytes, yk_part_run numbers,
                            yk_error *error);

#endif
