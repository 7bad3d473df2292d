/* SPDX-License-Identifier: MIT */
/*
 * How a chunk of a range is divided into launches and work-groups. Pure arithmetic. Every
 * launch is valid in OpenCL 1.2 (groups divide the extent), and few different group sizes are
 * used, since each may cost a compilation.
 */
#ifndef YK_OPENCL_CL_SHAPE_H
#define YK_OPENCL_CL_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "launch/launch.h"

/* The limits and preferences of the device. */
typedef struct yk_cl_group_limits {
    uint64_t group;    /* maximum number of items of a work-group */
    uint64_t items[3]; /* maximum in each dimension */
    uint64_t wanted;   /* preferred number of items */
} yk_cl_group_limits;

typedef struct yk_cl_shape {
    uint64_t local[3]; /* work-group of all but the rest */
    uint64_t rest[3];  /* work-group of the rest in the split dimension */
    /* items of dimension 0 in groups of local[0]; those after them are in groups one item wide.
     * All items if dimension 0 is not divided. */
    uint64_t cut;
} yk_cl_shape;

/* One call of clEnqueueNDRangeKernel(). */
typedef struct yk_cl_piece {
    size_t offset[3];
    size_t global[3];
    size_t local[3];
} yk_cl_piece;

enum { YK_CL_MAX_PIECES = 4 };

/* The launch's own group size, or a chosen one. With `uniform` all groups of the range are
 * equal, and the same for all chunks and all devices. */
void yk_cl_shape_choose(yk_cl_shape *shape, const yk_launch *launch,
                        const yk_cl_group_limits *limits, bool uniform);

/* Divides the items [begin, end). Returns the number of pieces, at least 1 unless there are no
 * items. */
size_t yk_cl_shape_cut(const yk_cl_shape *shape, const yk_launch *launch,
                       uint64_t begin, uint64_t end,
                       yk_cl_piece pieces[YK_CL_MAX_PIECES]);

#endif
