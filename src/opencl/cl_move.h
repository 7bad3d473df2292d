/* SPDX-License-Identifier: MIT */
/* One transfer between memory of the host and a buffer of the device. */
#ifndef YK_OPENCL_CL_MOVE_H
#define YK_OPENCL_CL_MOVE_H

#include "launch/footprint.h"
#include "opencl/cl_device.h"

typedef enum yk_cl_direction { YK_CL_TO_DEVICE, YK_CL_TO_HOST } yk_cl_direction;

/* The place of the pieces of an extent on the host. */
typedef struct yk_cl_host {
    unsigned char *pointer;
    uint64_t stride;
    uint64_t plane_stride;
} yk_cl_host;

/* Puts the transfer of an extent of the window into a lane's queue. The host's memory is in use
 * until the lane has been waited for. */
cl_int yk_cl_move(const yk_cl_lane *lane, const yk_cl_binding *binding,
                  const yk_extent *extent, yk_cl_host host, yk_cl_direction direction);

#endif
