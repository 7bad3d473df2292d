/* SPDX-License-Identifier: MIT */
#include "opencl/cl_move.h"

static cl_int move_run(const yk_cl_lane *lane, const yk_cl_binding *binding,
                       uint64_t address, uint64_t bytes, unsigned char *pointer,
                       yk_cl_direction direction)
{
    const size_t offset = (size_t)(address - binding->store_address);

    if (direction == YK_CL_TO_DEVICE) {
        return yk_cl.clEnqueueWriteBuffer(lane->queue, binding->store, CL_FALSE, offset,
                                          (size_t)bytes, pointer, 0, NULL, NULL);
    }
    return yk_cl.clEnqueueReadBuffer(lane->queue, binding->store, CL_FALSE, offset,
                                     (size_t)bytes, pointer, 0, NULL, NULL);
}

/* One rectangle, or a box of them. */
static cl_int move_box(const yk_cl_lane *lane, const yk_cl_binding *binding,
                       const yk_extent *extent, yk_cl_host host,
                       yk_cl_direction direction)
{
    const size_t offset = (size_t)(extent->address - binding->store_address);
    const bool is_box = extent->planes > 1;
    const size_t pitch = (size_t)extent->stride;
    const size_t slice = is_box ? (size_t)extent->plane_stride : 0;
    const size_t there[3] = {offset % pitch, offset / pitch, 0};
    const size_t here[3] = {0, 0, 0};
    const size_t region[3] = {(size_t)extent->bytes, (size_t)extent->blocks,
                              (size_t)extent->planes};
    const size_t host_pitch = (size_t)host.stride;
    const size_t host_slice = is_box ? (size_t)host.plane_stride : 0;

    if (direction == YK_CL_TO_DEVICE) {
        return yk_cl.clEnqueueWriteBufferRect(
            lane->queue, binding->store, CL_FALSE, there, here, region, pitch, slice,
            host_pitch, host_slice, host.pointer, 0, NULL, NULL);
    }
    return yk_cl.clEnqueueReadBufferRect(lane->queue, binding->store, CL_FALSE, there,
                                         here, region, pitch, slice, host_pitch,
                                         host_slice, host.pointer, 0, NULL, NULL);
}

static cl_int move_each(const yk_cl_lane *lane, const yk_cl_binding *binding,
                        const yk_extent *plane, yk_cl_host host,
                        yk_cl_direction direction)
{
    cl_int code = CL_SUCCESS;

    for (uint64_t b = 0; b < plane->blocks && code == CL_SUCCESS; b++) {
        code = move_run(lane, binding, plane->address + b * plane->stride, plane->bytes,
                        host.pointer + b * host.stride, direction);
    }
    return code;
}

/* A driver may refuse rows that straddle the pitch. */
static cl_int move_plane(const yk_cl_lane *lane, const yk_cl_binding *binding,
                         const yk_extent *plane, yk_cl_host host,
                         yk_cl_direction direction)
{
    cl_int code;

    if (plane->blocks == 1) {
        return move_run(lane, binding, plane->address, plane->bytes, host.pointer,
                        direction);
    }
    code = move_box(lane, binding, plane, host, direction);
    return code == CL_INVALID_VALUE ? move_each(lane, binding, plane, host, direction)
                                    : code;
}

static cl_int move_planes(const yk_cl_lane *lane, const yk_cl_binding *binding,
                          const yk_extent *extent, yk_cl_host host,
                          yk_cl_direction direction)
{
    yk_extent plane = *extent;
    cl_int code = CL_SUCCESS;

    plane.planes = 1;
    for (uint64_t k = 0; k < extent->planes && code == CL_SUCCESS; k++) {
        plane.address = extent->address + k * extent->plane_stride;
        code = move_plane(lane, binding, &plane, host, direction);
        host.pointer += host.plane_stride;
    }
    return code;
}

/* Boxes whose planes are a multiple of their rows apart are legal in every version of
 * OpenCL. */
static bool is_legal_box(const yk_extent *extent, yk_cl_host host)
{
    return extent->plane_stride % extent->stride == 0 &&
           extent->plane_stride / extent->stride >= extent->blocks &&
           host.plane_stride % host.stride == 0 &&
           host.plane_stride / host.stride >= extent->blocks;
}

cl_int yk_cl_move(const yk_cl_lane *lane, const yk_cl_binding *binding,
                  const yk_extent *extent, yk_cl_host host, yk_cl_direction direction)
{
    cl_int code = CL_INVALID_VALUE;

    if (extent->planes > 1 && is_legal_box(extent, host)) {
        code = move_box(lane, binding, extent, host, direction);
    }
    return code == CL_INVALID_VALUE
               ? move_planes(lane, binding, extent, host, direction)
               : code;
}
