/* SPDX-License-Identifier: MIT */
/* Memory that a launch uses but does not pass to the kernel. Errors do not name the argument. */
#ifndef YK_LAUNCH_CHECK_USED_H
#define YK_LAUNCH_CHECK_USED_H

#include "launch/check.h"

/* Memory that is read. */
typedef struct yk_used {
    const char *name;    /* in errors, as a subject and its verb: "its offsets are" */
    const void *pointer; /* in the allocation */
    uint64_t skipped;    /* bytes from there to the first that is read */
    uint64_t bytes;
    uint32_t number;     /* of the argument to which it belongs, from 1 */
    uint32_t flags;      /* YK_ARG_READ_EARLY or YK_ARG_AT_START */
} yk_used;

/* The place for one more, which is not listed yet; YOKE_EINVAL: there are too many. */
yoke_status yk_used_place(yk_launch *launch, yk_arg **place, yk_error *error);

/* Adds it: from now on no job changes it before this one ends. The memory that is read may reach
 * beyond the allocation: the caller checks that. */
yoke_status yk_used_add(yk_launch *launch, const yk_launch_input *input, const yk_used *memory,
                        yk_error *error);

/* Adds what the kernel reaches through pointers: a checked yoke_uses(). */
yoke_status yk_used_add_pointed(yk_launch *launch, const yk_launch_input *input,
                                const yoke_arg *arg, uint32_t number, yk_error *error);

/* What is wrong if an argument is written and overlaps used memory: YOKE_EINVAL. */
yoke_status yk_used_refuse_overlap(const yk_launch *launch, uint32_t first, uint32_t second,
                                   yk_error *error);

#endif
