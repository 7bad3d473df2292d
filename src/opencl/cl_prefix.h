/* SPDX-License-Identifier: MIT */
/*
 * Text put in front of a kernel's source, so that the work-item functions mean the
 * whole range although a launch is only a piece of it. get_global_id() needs no help:
 * pieces are launched at an offset.
 */
#ifndef YK_OPENCL_CL_PREFIX_H
#define YK_OPENCL_CL_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The range a program is built for. All zero: any range that begins at 0, whose sizes
 * the source does not ask for. */
typedef struct yk_cl_variant_key {
    uint64_t sized; /* whether sizes are built in */
    uint64_t begin[3];
    uint64_t size[3];   /* sized: the extent the kernel sees */
    uint64_t groups[3]; /* sized: its number of work-groups */
} yk_cl_variant_key;

enum { YK_CL_PREFIX_BYTES = 2048 };

/* Writes the prefix. The compiler goes on to count the source's lines from 1. */
void yk_cl_prefix_write(const yk_cl_variant_key *key, char text[YK_CL_PREFIX_BYTES]);

#endif
