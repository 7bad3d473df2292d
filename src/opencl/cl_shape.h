/* SPDX-License-Identifier: MIT */
/*
 * Into which launches a chunk of a range is cut, and in which work-groups. Pure
 * arithmetic. Every launch is legal in OpenCL 1.2 (groups divide the extent), and few
 * different group sizes are used, since each may cost a compilation.
 */
#ifndef YK_OPENCL_CL_SHAPE_H
#define YK_OPENCL_CL_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "launch/launch.h"

/* What the device can take and likes. */
typedef struct yk_cl_group_limits {
    uint64_t group;    /* most items of a work-group */
    uint64_t items[3]; /* most in each dimension */
    uint64_t wanted;   /* a number of items that suits the device */
} yk_cl_group_limits;

typedef struct yk_cl_shape {
    uint64_t local[3]; /* work-group of all but the rest */
    uint64_t rest[3];  /* work-group of what is left over in the split dimension */
    uint64_t cut; /* items of dimension 0 in groups of local[0]; those beyond it are one
                     group wide. Everything if dimension 0 is not cut. */
} yk_cl_shape;

/* One call of clEnqueueNDRangeKernel(). */
typedef struct yk_cl_piece {
    size_t offset[3];
    size_t global[3];
    size_t local[3];
} yk_cl_piece;

enum { YK_CL_MAX_PIECES = 4 };

/* The launch's own group size, or a choice. With `uniform` all groups of the range are
 * equal and the same for all chunks and all devices. */
void yk_cl_shape_choose(yk_cl_shape *shape, const yk_launch *launch,
                        const yk_cl_group_limits *limits, bool uniform);

/* Cuts the items [begin, end) up; returns how many pieces, at least 1 unless empty. */
size_t yk_cl_shape_cut(const yk_cl_shape *shape, const yk_launch *launch,
                       uint64_t begin, uint64_t end,
                       yk_cl_piece pieces[YK_CL_MAX_PIECES]);

#endif
