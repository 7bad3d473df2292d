/* SPDX-License-Identifier: MIT */
/* Chunks of the launch that was begun, each in a lane. */
#ifndef YK_OPENCL_CL_CHUNK_H
#define YK_OPENCL_CL_CHUNK_H

#include "opencl/cl_device.h"

/* Moves what the chunks of the launch have in common; called before the first of them. */
yoke_status yk_cl_chunks_begin(yk_cl_device *device, yk_error *error);

/* See start and finish of yk_device_ops. */
yoke_status yk_cl_chunk_start(yk_cl_device *device, yk_cl_lane *lane, uint64_t begin,
                              uint64_t end, yk_error *error);
yoke_status yk_cl_chunk_finish(yk_cl_device *device, yk_cl_lane *lane, yk_error *error);

/* Chunks that were not finished count as never started: waits until the device no longer uses
 * the window. */
void yk_cl_chunks_abandon(yk_cl_device *device);

/* Frees a lane; a no-op on a zeroed one. */
void yk_cl_lane_fini(yk_cl_lane *lane);

#endif
