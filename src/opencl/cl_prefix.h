/* SPDX-License-Identifier: MIT */
/*
 * Text that is put before a kernel's source, so that the work-item functions refer to the whole
 * range although a launch is only a piece of it. get_global_id() needs no change: pieces are
 * launched at an offset.
 */
#ifndef YK_OPENCL_CL_PREFIX_H
#define YK_OPENCL_CL_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The range for which a program is built. All zero: any range that begins at 0, if the source
 * does not ask for sizes. */
typedef struct yk_cl_variant_key {
    uint64_t sized; /* whether sizes are built in */
    uint64_t begin[3];
    uint64_t size[3];   /* sized: the extent the kernel sees */
    uint64_t groups[3]; /* sized: its number of work-groups */
} yk_cl_variant_key;

enum { YK_CL_PREFIX_BYTES = 2048 };

/* Writes the prefix. The compiler counts the source's lines from 1. */
void yk_cl_prefix_write(const yk_cl_variant_key *key, char text[YK_CL_PREFIX_BYTES]);

#endif
