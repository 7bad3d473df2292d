/* SPDX-License-Identifier: MIT */
/*
 * Memory that a kernel reaches through pointers and only reads (yoke_uses()). It is no image:
 * pointers lead to the memory itself. So this process can only read it while a kernel is checked,
 * and an attempt to write is recorded, and succeeds, as at any fence.
 *
 *     while the kernel runs               pages that cannot be written
 *     in images: it writes to these       all that have a byte of the memory
 *     in the arrays, which may have       those that lie in the memory as a whole, if it is
 *     the rest of a page                  one run of bytes
 */
#ifndef YK_CHECKED_POINTED_H
#define YK_CHECKED_POINTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "launch/launch.h"
#include "sys/fence.h"

typedef struct yk_pointed {
    const yk_launch *launch;
    yk_fence *fences; /* of each array that is used; not in use if its base is NULL */
    size_t count;     /* 0: there is no such memory */
} yk_pointed;

/* For a launch that begins. What the system cannot protect is not checked. */
void yk_pointed_init(yk_pointed *pointed, const yk_launch *launch);

/* A no-op on a zeroed one. */
void yk_pointed_fini(yk_pointed *pointed);

/* Before the kernel runs, in images or in the arrays. */
void yk_pointed_shut(const yk_pointed *pointed, bool in_images);

/* Whether a fence is one of these. */
bool yk_pointed_has(const yk_pointed *pointed, const yk_fence *fence);

/* Which array of the launch a forbidden access has met, and which of its bytes. False: it met
 * something else in one of its pages. */
bool yk_pointed_find(const yk_pointed *pointed, const unsigned char *address,
                     uint32_t *index, int64_t *offset);

#endif
