/* SPDX-License-Identifier: MIT */
#include "device/opencl/cl_move.h"

static cl_int move_run(const yk_cl_lane *lane, const yk_cl_binding *binding,
                       uint64_t address, uint64_t bytes, unsigned char *pointer,
                       yk_cl_direction direction)
{
    const size_t offset = (size_t)(address - binding->address);

    if (direction == YK_CL_TO_DEVICE) {
        return yk_cl.clEnqueueWriteBuffer(lane->queue, binding->handle, CL_FALSE,
                                          offset, (size_t)bytes, pointer, 0, NULL,
                                          NULL);
    }
    return yk_cl.clEnqueueReadBuffer(lane->queue, binding->handle, CL_FALSE, offset,
                                     (size_t)bytes, pointer, 0, NULL, NULL);
}

static cl_int move_rows(const yk_cl_lane *lane, const yk_cl_binding *binding,
                        const yk_extent *extent, yk_cl_host host,
                        yk_cl_direction direction)
{
    const size_t offset = (size_t)(extent->address - binding->address);
    const size_t pitch = (size_t)extent->stride;
    const size_t there[3] = {offset % pitch, offset / pitch, 0};
    const size_t here[3] = {0, 0, 0};
    const size_t region[3] = {(size_t)extent->bytes, (size_t)extent->blocks, 1};
    const size_t host_pitch = (size_t)host.stride;

    if (direction == YK_CL_TO_DEVICE) {
        return yk_cl.clEnqueueWriteBufferRect(lane->queue, binding->handle, CL_FALSE,
                                              there, here, region, pitch, 0, host_pitch,
                                              0, host.pointer, 0, NULL, NULL);
    }
    return yk_cl.clEnqueueReadBufferRect(lane->queue, binding->handle, CL_FALSE, there,
                                         here, region, pitch, 0, host_pitch, 0,
                                         host.pointer, 0, NULL, NULL);
}

static cl_int move_each(const yk_cl_lane *lane, const yk_cl_binding *binding,
                        const yk_extent *extent, yk_cl_host host,
                        yk_cl_direction direction)
{
    cl_int code = CL_SUCCESS;

    for (uint64_t b = 0; b < extent->blocks && code == CL_SUCCESS; b++) {
        code = move_run(lane, binding, extent->address + b * extent->stride,
                        extent->bytes, host.pointer + b * host.stride, direction);
    }
    return code;
}

/* A driver may refuse rows that straddle the pitch. */
cl_int yk_cl_move(const yk_cl_lane *lane, const yk_cl_binding *binding,
                  const yk_extent *extent, yk_cl_host host, yk_cl_direction direction)
{
    cl_int code;

    if (extent->blocks == 1) {
        return move_run(lane, binding, extent->address, extent->bytes, host.pointer,
                        direction);
    }
    code = move_rows(lane, binding, extent, host, direction);
    return code == CL_INVALID_VALUE ? move_each(lane, binding, extent, host, direction)
                                    : code;
}
