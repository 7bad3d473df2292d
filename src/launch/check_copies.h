/* SPDX-License-Identifier: MIT */
/* Arrays that items add into, or store in what they find (yoke_sum_into() and its like): the copies
 * are the argument, and the array itself is used by the job. */
#ifndef YK_LAUNCH_CHECK_COPIES_H
#define YK_LAUNCH_CHECK_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "launch/check.h"

bool yk_arg_has_copies(const yoke_arg *arg);

/* Whether it is one of those, of which one block's copy is the result. */
bool yk_arg_searches(const yoke_arg *arg);

/* Checks what depends on the argument alone. *bytes: of the array. */
yoke_status yk_check_into(const yoke_arg *arg, uint64_t *bytes, yk_error *error);

/* The number of bytes from copy to copy. The argument was checked. */
uint64_t yk_copies_pitch(const yoke_arg *arg);

/* Of the memory of all its copies. A search has one more, for what the others begin with. */
uint64_t yk_copies_bytes(const yoke_arg *arg, uint64_t blocks);

/* Fills in *to for the copies of argument `index` of the request, and lists the array itself as one
 * that is used. */
yoke_status yk_check_copies(yk_launch *launch, yk_arg *to, const yk_launch_input *input,
                            size_t index, yk_error *error);

/* Sets which blocks of a search need not be computed. After all arguments. */
void yk_check_search(yk_launch *launch);

#endif
