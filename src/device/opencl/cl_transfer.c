/* SPDX-License-Identifier: MIT */
#include "device/opencl/cl_transfer.h"

#include "kernel/footprint.h"

enum { TO_DEVICE, TO_WINDOW };

static void *pointer_to(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

static cl_int move_run(const yk_cl_device *device, const yk_cl_binding *binding,
                       uint64_t address, uint64_t bytes, int direction)
{
    const size_t offset = (size_t)(address - binding->address);

    if (direction == TO_DEVICE) {
        return yk_cl.clEnqueueWriteBuffer(device->queue, binding->handle, CL_FALSE,
                                          offset, (size_t)bytes, pointer_to(address), 0,
                                          NULL, NULL);
    }
    return yk_cl.clEnqueueReadBuffer(device->queue, binding->handle, CL_FALSE, offset,
                                     (size_t)bytes, pointer_to(address), 0, NULL, NULL);
}

static cl_int move_rows(const yk_cl_device *device, const yk_cl_binding *binding,
                        const yk_extent *extent, int direction)
{
    const size_t offset = (size_t)(extent->address - binding->address);
    const size_t pitch = (size_t)extent->stride;
    const size_t there[3] = {offset % pitch, offset / pitch, 0};
    const size_t here[3] = {0, 0, 0};
    const size_t region[3] = {(size_t)extent->bytes, (size_t)extent->blocks, 1};
    void *const pointer = pointer_to(extent->address);

    if (direction == TO_DEVICE) {
        return yk_cl.clEnqueueWriteBufferRect(device->queue, binding->handle, CL_FALSE,
                                              there, here, region, pitch, 0, pitch, 0,
                                              pointer, 0, NULL, NULL);
    }
    return yk_cl.clEnqueueReadBufferRect(device->queue, binding->handle, CL_FALSE,
                                         there, here, region, pitch, 0, pitch, 0,
                                         pointer, 0, NULL, NULL);
}

static cl_int move_each(const yk_cl_device *device, const yk_cl_binding *binding,
                        const yk_extent *extent, int direction)
{
    cl_int code = CL_SUCCESS;

    for (uint64_t b = 0; b < extent->blocks && code == CL_SUCCESS; b++) {
        code = move_run(device, binding, extent->address + b * extent->stride,
                        extent->bytes, direction);
    }
    return code;
}

/* A driver may refuse rows that straddle the pitch. */
static cl_int move(const yk_cl_device *device, const yk_cl_binding *binding,
                   const yk_extent *extent, int direction)
{
    cl_int code;

    if (extent->bytes == 0) {
        return CL_SUCCESS;
    }
    if (extent->blocks == 1) {
        return move_run(device, binding, extent->address, extent->bytes, direction);
    }
    code = move_rows(device, binding, extent, direction);
    return code == CL_INVALID_VALUE ? move_each(device, binding, extent, direction)
                                    : code;
}

static yoke_status move_all(const yk_cl_device *device, const yk_cl_binding *binding,
                            const yk_extent *extents, size_t count, int direction,
                            yk_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const cl_int code = move(device, binding, &extents[i], direction);

        if (code != CL_SUCCESS) {
            return yk_cl_fail(error, device->info.name,
                              direction == TO_DEVICE ? "a transfer to the device"
                                                     : "a transfer from the device",
                              code);
        }
    }
    return YOKE_OK;
}

static bool is_copied(const yk_cl_device *device, size_t index)
{
    return device->launch->args[index].kind == YK_ARG_ARRAY &&
           device->bindings[index].memory == YK_CL_COPY;
}

static bool is_common(const yk_arg *arg)
{
    return arg->parts == YK_PARTS_WHOLE || (arg->flags & YK_ARG_READS_ALL) != 0;
}

yoke_status yk_cl_send_common(yk_cl_device *device, yk_error *error)
{
    const yk_launch *const launch = device->launch;
    const uint64_t begin = launch->begin[launch->split];
    yoke_status status = YOKE_OK;

    for (size_t i = 0; i < launch->arg_count && status == YOKE_OK; i++) {
        yk_arg arg = launch->args[i];
        yk_extent extents[YK_MAX_EXTENTS];
        size_t count;

        if (!is_copied(device, i) || !is_common(&arg)) {
            continue;
        }
        arg.access |= YK_READ;
        count = yk_footprint_read(launch, &arg, begin,
                                  begin + launch->size[launch->split], extents);
        status =
            move_all(device, &device->bindings[i], extents, count, TO_DEVICE, error);
    }
    return status;
}

/* Own parts of what is changed in place go anew: a repeated chunk starts from them. */
static size_t extents_to_send(const yk_launch *launch, const yk_arg *arg,
                              uint64_t begin, uint64_t end,
                              yk_extent extents[YK_MAX_EXTENTS])
{
    if (!is_common(arg)) {
        return yk_footprint_read(launch, arg, begin, end, extents);
    }
    if (arg->parts == YK_PARTS_WHOLE || !yk_arg_is_changed_in_place(arg)) {
        return 0;
    }
    extents[0] = yk_footprint_own(launch, arg, begin, end);
    return 1;
}

yoke_status yk_cl_send_items(yk_cl_device *device, uint64_t begin, uint64_t end,
                             yk_error *error)
{
    const yk_launch *const launch = device->launch;
    yoke_status status = YOKE_OK;

    for (size_t i = 0; i < launch->arg_count && status == YOKE_OK; i++) {
        yk_extent extents[YK_MAX_EXTENTS];
        size_t count;

        if (is_copied(device, i)) {
            count = extents_to_send(launch, &launch->args[i], begin, end, extents);
            status = move_all(device, &device->bindings[i], extents, count, TO_DEVICE,
                              error);
        }
    }
    return status;
}

/* Mapping makes the device's writes visible; in place, it moves nothing. It blocks
 * since rusticl 22.3 cannot unmap what is not mapped yet. */
static cl_int show(const yk_cl_device *device, const yk_cl_binding *binding,
                   const yk_extent *extent)
{
    const uint64_t bytes = extent->bytes + (extent->blocks - 1) * extent->stride;
    cl_int code;
    void *const pointer =
        yk_cl.clEnqueueMapBuffer(device->queue, binding->handle, CL_TRUE, CL_MAP_READ,
                                 (size_t)(extent->address - binding->address),
                                 (size_t)bytes, 0, NULL, NULL, &code);

    return pointer == NULL
               ? code
               : yk_cl.clEnqueueUnmapMemObject(device->queue, binding->handle, pointer,
                                               0, NULL, NULL);
}

yoke_status yk_cl_receive(yk_cl_device *device, uint64_t begin, uint64_t end,
                          yk_error *error)
{
    const yk_launch *const launch = device->launch;
    yoke_status status = YOKE_OK;

    for (size_t i = 0; i < launch->arg_count && status == YOKE_OK; i++) {
        const yk_cl_binding *const binding = &device->bindings[i];
        yk_extent extent;
        cl_int code;

        if (yk_footprint_write(launch, &launch->args[i], begin, end, &extent) == 0 ||
            binding->memory == YK_CL_POINTER) {
            continue;
        }
        if (binding->memory == YK_CL_COPY) {
            status = move_all(device, binding, &extent, 1, TO_WINDOW, error);
        } else if ((code = show(device, binding, &extent)) != CL_SUCCESS) {
            status = yk_cl_fail(error, device->info.name, "clEnqueueMapBuffer", code);
        }
    }
    return status;
}
