/* SPDX-License-Identifier: MIT */
#include "opencl/cl_staging.h"

#include "base/bits.h"

enum { SMALLEST = 64 << 10, LARGEST = 64 << 20 };

static size_t size_for(const yk_cl_device *device, uint64_t bytes)
{
    const uint64_t max_count = yk_min(LARGEST, device->max_alloc);
    uint64_t size = SMALLEST;

    while (size < bytes && size < max_count) {
        size *= 2;
    }
    return (size_t)yk_min(size, max_count);
}

static bool cl_staging_make(const yk_cl_device *device, const yk_cl_lane *lane,
                            yk_cl_staging *staging, size_t bytes)
{
    cl_int code;

    staging->handle = yk_cl.clCreateBuffer(
        device->context, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, bytes, NULL, &code);
    if (staging->handle == NULL) {
        return false;
    }
    staging->pointer = yk_cl.clEnqueueMapBuffer(lane->queue, staging->handle, CL_TRUE,
                                                CL_MAP_READ | CL_MAP_WRITE, 0, bytes, 0,
                                                NULL, NULL, &code);
    if (staging->pointer == NULL) {
        (void)yk_cl.clReleaseMemObject(staging->handle);
        staging->handle = NULL;
        return false;
    }
    staging->bytes = bytes;
    return true;
}

void yk_cl_staging_reset(const yk_cl_device *device, const yk_cl_lane *lane,
                         yk_cl_staging *staging, uint64_t bytes)
{
    const size_t wanted = size_for(device, bytes);

    staging->used = 0;
    if (bytes == 0 || wanted <= staging->bytes || staging->is_final) {
        return;
    }
    yk_cl_staging_fini(lane, staging);
    staging->is_final = !cl_staging_make(device, lane, staging, wanted);
}

unsigned char *yk_cl_staging_put(yk_cl_staging *staging, uint64_t bytes)
{
    const size_t at = staging->used;

    if (bytes > staging->bytes - at) {
        return NULL;
    }
    staging->used =
        yk_min(staging->bytes, (size_t)yk_round_up(at + bytes, YK_CL_STAGED));
    return staging->pointer + at;
}

void yk_cl_staging_fini(const yk_cl_lane *lane, yk_cl_staging *staging)
{
    if (staging->handle != NULL) {
        (void)yk_cl.clEnqueueUnmapMemObject(lane->queue, staging->handle,
                                            staging->pointer, 0, NULL, NULL);
        (void)yk_cl.clReleaseMemObject(staging->handle);
    }
    *staging = (yk_cl_staging){.handle = NULL};
}
