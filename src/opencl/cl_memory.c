/* SPDX-License-Identifier: MIT */
#include "opencl/cl_memory.h"

#include <string.h>

#include "base/bits.h"
#include "launch/footprint.h"
#include "launch/lent.h"
#include "opencl/cl_check.h"
#include "opencl/cl_resident.h"
#include "opencl/image/cl_image.h"
#include "opencl/image/cl_sampler.h"

enum { PAGE = 4096, POISON = 0xA5 };

static void *cl_memory_pointer_to(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

static void release_block(yk_cl_block *block)
{
    if (block->id != 0) {
        (void)yk_cl.clReleaseMemObject(block->handle);
        *block = (yk_cl_block){.id = 0};
    }
}

static bool cl_block_overlaps(const yk_cl_block *block, uint64_t address,
                              uint64_t bytes)
{
    return block->id != 0 && block->address < address + bytes &&
           address < block->address + block->bytes;
}

/* A slot for a new buffer. Buffers over memory that was freed and reused are released, since
 * overlapping buffers are undefined. */
static yk_cl_block *cl_memory_free_slot(yk_cl_device *device, uint64_t address,
                                        uint64_t bytes)
{
    yk_cl_block *oldest = &device->blocks[0];

    for (size_t i = 0; i < YK_CL_MAX_BLOCKS; i++) {
        if (cl_block_overlaps(&device->blocks[i], address, bytes)) {
            release_block(&device->blocks[i]);
        }
    }
    for (size_t i = 0; i < YK_CL_MAX_BLOCKS; i++) {
        if (device->blocks[i].used < oldest->used) {
            oldest = &device->blocks[i];
        }
    }
    release_block(oldest);
    return oldest;
}

/* The buffer over an argument's allocation; NULL if the driver does not create one, or if the
 * buffer, which is whole pages, would have bytes of other allocations: a driver may copy all of it
 * back. */
static cl_mem cl_memory_block_of(yk_cl_device *device, const yk_arg *arg)
{
    const uint64_t bytes = yk_round_up(arg->block_bytes, PAGE);
    yk_cl_block *slot;
    cl_mem handle;
    cl_int code;

    for (size_t i = 0; i < YK_CL_MAX_BLOCKS; i++) {
        if (device->blocks[i].id == arg->block_id) {
            device->blocks[i].used = ++device->clock;
            return device->blocks[i].handle;
        }
    }
    if (arg->block_id == 0 || (arg->flags & YK_ARG_SHARES_PAGES) != 0 ||
        arg->block_address % PAGE != 0 ||
        bytes > device->max_alloc) {
        return NULL;
    }
    slot = cl_memory_free_slot(device, arg->block_address, bytes);
    handle = yk_cl.clCreateBuffer(
        device->context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, (size_t)bytes,
        cl_memory_pointer_to(arg->block_address), &code);
    if (handle != NULL) {
        *slot = (yk_cl_block){arg->block_id, arg->block_address, bytes, ++device->clock,
                              handle};
    }
    return handle;
}

/* Arguments in one allocation get sub-buffers that do not overlap each other or the
 * whole. */
bool yk_cl_bind_part(cl_mem block, const yk_arg *arg, yk_cl_binding *binding)
{
    const uint64_t origin = arg->address - arg->block_address;
    cl_buffer_region region;
    cl_int code;

    if (origin + binding->bytes > arg->block_bytes) {
        return false;
    }
    if (origin == 0 && binding->bytes == arg->block_bytes) {
        binding->handle = block;
    } else {
        region = (cl_buffer_region){(size_t)origin, (size_t)binding->bytes};
        binding->handle = yk_cl.clCreateSubBuffer(
            block, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
        binding->is_own = binding->handle != NULL;
    }
    return binding->handle != NULL;
}

/* Binds in place, through a buffer. False if that is impossible. */
static bool bind_buffer(yk_cl_device *device, const yk_arg *arg, yk_cl_binding *binding)
{
    const uint64_t origin = arg->address - arg->block_address;
    const cl_mem block =
        origin % device->buffer_align == 0 ? cl_memory_block_of(device, arg) : NULL;

    binding->memory = YK_CL_BUFFER;
    return block != NULL && yk_cl_bind_part(block, arg, binding);
}

static void release_private(yk_cl_private *own)
{
    if (own->handle != NULL) {
        (void)yk_cl.clReleaseMemObject(own->handle);
        *own = (yk_cl_private){.handle = NULL};
    }
}

/* Drivers delay the allocation until first use: uses the buffer, so that a lack of memory shows
 * now. */
static cl_int cl_memory_touch(const yk_cl_device *device, cl_mem handle)
{
    const unsigned char byte = POISON;

    return yk_cl.clEnqueueWriteBuffer(device->lanes[0].queue, handle, CL_TRUE, 0, 1,
                                      &byte, 0, NULL, NULL);
}

static cl_int cl_memory_poison(const yk_cl_device *device, cl_mem handle,
                               uint64_t bytes)
{
    const unsigned char byte = POISON;

    return !device->is_discrete
               ? CL_SUCCESS
               : yk_cl.clEnqueueFillBuffer(device->lanes[0].queue, handle, &byte,
                                           sizeof byte, 0, (size_t)bytes, 0, NULL,
                                           NULL);
}

cl_int yk_cl_buffer_make(yk_cl_device *device, uint64_t bytes, cl_mem *handle)
{
    cl_int code;

    *handle = yk_cl.clCreateBuffer(device->context, CL_MEM_READ_WRITE, (size_t)bytes,
                                   NULL, &code);
    if (*handle == NULL) {
        return code;
    }
    code = cl_memory_touch(device, *handle);
    if (code == CL_SUCCESS) {
        code = cl_memory_poison(device, *handle, bytes);
    }
    if (code != CL_SUCCESS) {
        (void)yk_cl.clReleaseMemObject(*handle);
        *handle = NULL;
    }
    return code;
}

/* An existing larger buffer is good enough, except for a `__constant` parameter, for which
 * drivers compare the buffer's size with their limit. */
static bool cl_private_serves(const yk_cl_device *device, size_t index, uint64_t bytes)
{
    const yk_cl_private *const own = &device->privates[index];

    return own->handle != NULL && own->bytes >= bytes &&
           (own->bytes == bytes || !device->kernel->parameters[index].is_constant);
}

static cl_int make_private(yk_cl_device *device, size_t index, uint64_t bytes)
{
    yk_cl_private *const own = &device->privates[index];
    cl_int code;

    if (cl_private_serves(device, index, bytes)) {
        return cl_memory_poison(device, own->handle, own->bytes);
    }
    release_private(own);
    code = yk_cl_buffer_make(device, bytes, &own->handle);
    own->bytes = bytes;
    return code;
}

void yk_cl_release_spare(yk_cl_device *device, size_t first)
{
    for (size_t i = first; i < YK_MAX_ARGS; i++) {
        release_private(&device->privates[i]);
    }
    yk_cl_images_drop(device, first);
}

/* Memory that other launches may use again is released only when memory is short. */
static cl_int find_private(yk_cl_device *device, size_t index, uint64_t bytes)
{
    cl_int code = make_private(device, index, bytes);

    if (yk_cl_is_memory_failure(code)) {
        yk_cl_release_spare(device, index);
        code = make_private(device, index, bytes);
    }
    while (yk_cl_is_memory_failure(code) && yk_cl_resident_evict(device)) {
        code = make_private(device, index, bytes);
    }
    return code;
}

/* Binds a buffer that begins before the argument's address; the argument is a part of it. */
static cl_int bind_behind(const yk_cl_device *device, size_t index, uint64_t lead,
                          yk_cl_binding *binding)
{
    const cl_buffer_region region = {(size_t)lead, (size_t)binding->bytes};
    cl_int code;

    binding->store = device->privates[index].handle;
    binding->store_address = binding->address - lead;
    binding->handle =
        yk_cl.clCreateSubBuffer(binding->store, CL_MEM_READ_WRITE,
                                CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
    binding->is_own = binding->handle != NULL;
    return code;
}

static cl_int bind_copy(yk_cl_device *device, size_t index, uint64_t front,
                        yk_cl_binding *binding)
{
    const uint64_t lead = yk_round_up(front, device->buffer_align);
    const cl_int code = find_private(device, index, lead + binding->bytes);

    binding->memory = YK_CL_COPY;
    if (code == CL_SUCCESS && lead > 0) {
        return bind_behind(device, index, lead, binding);
    }
    binding->handle = device->privates[index].handle;
    return code;
}

bool yk_cl_give_back(yk_cl_device *device, const yk_arg *arg)
{
    yk_residency *const table = yk_lent_table(arg);

    return table == NULL || device->base.holder == 0 ||
           yk_device_write_back(&device->base, table, (yk_pages){0, table->count},
                                NULL) == YOKE_OK;
}

/* A `__constant` parameter needs a buffer of its array's size. */
static bool bind_resident(yk_cl_device *device, size_t index, yk_cl_binding *binding)
{
    const yk_arg *const arg = &device->launch->args[index];

    binding->memory = YK_CL_COPY;
    return device->memory == YK_CL_COPY && arg->table != 0 &&
           !device->kernel->parameters[index].is_constant &&
           yk_cl_resident_bind(device, arg, binding);
}

static cl_int bind_array(yk_cl_device *device, size_t index)
{
    const yk_launch *const launch = device->launch;
    const yk_arg *const arg = &launch->args[index];
    yk_cl_binding *const binding = &device->bindings[index];
    const cl_kernel kernel = device->variant->handle;
    uint64_t low;
    uint64_t high;
    cl_int code = CL_SUCCESS;

    yk_footprint_span(launch, arg, &low, &high);
    binding->address = arg->address;
    binding->bytes = yk_max(1, high - arg->address);
    if (device->memory == YK_CL_POINTER) {
        binding->memory = YK_CL_POINTER;
        return yk_cl.clSetKernelArgSVMPointer(kernel, (cl_uint)index,
                                              cl_memory_pointer_to(arg->address));
    }
    if ((device->memory != YK_CL_BUFFER || !bind_buffer(device, arg, binding)) &&
        !bind_resident(device, index, binding)) {
        code = yk_cl_give_back(device, arg)
                   ? bind_copy(device, index, arg->address - low, binding)
                   : CL_INVALID_MEM_OBJECT;
    }
    if (code != CL_SUCCESS) {
        return code;
    }
    if (binding->store == NULL) {
        binding->store = binding->handle;
        binding->store_address = binding->address;
    }
    return yk_cl.clSetKernelArg(kernel, (cl_uint)index, sizeof binding->handle,
                                &binding->handle);
}

/* The array's own buffer once more: what kernels do to two buffers over the same bytes is
 * undefined. */
static cl_int bind_alias(const yk_cl_device *device, size_t index)
{
    const yk_arg *const arg = &device->launch->args[index];
    const yk_cl_binding *const binding = &device->bindings[arg->value];
    const cl_kernel kernel = device->variant->handle;

    return binding->memory == YK_CL_POINTER
               ? yk_cl.clSetKernelArgSVMPointer(kernel, (cl_uint)index,
                                                cl_memory_pointer_to(binding->address))
               : yk_cl.clSetKernelArg(kernel, (cl_uint)index, sizeof binding->handle,
                                      &binding->handle);
}

/* The buffer of which a block's copy is a part; *address: of its first byte in the window. */
static cl_mem cl_memory_parent(yk_cl_device *device, size_t index, uint64_t *address)
{
    const yk_arg *const arg = &device->launch->args[index];
    const yk_cl_binding *const binding = &device->bindings[index];

    *address = binding->memory == YK_CL_BUFFER ? arg->block_address
                                               : binding->store_address;
    return binding->memory == YK_CL_BUFFER ? cl_memory_block_of(device, arg)
                                           : binding->store;
}

static void cl_memory_drop_copy(yk_cl_lane *lane, size_t index)
{
    if (lane->copies[index] != NULL) {
        (void)yk_cl.clReleaseMemObject(lane->copies[index]);
        lane->copies[index] = NULL;
    }
}

static cl_int bind_one_copy(yk_cl_device *device, yk_cl_lane *lane, size_t index,
                            uint64_t begin)
{
    const yk_launch *const launch = device->launch;
    const yk_arg *const arg = &launch->args[index];
    const uint64_t copy = arg->address + yk_footprint_shift(launch, arg, begin);
    const cl_kernel kernel = device->variant->handle;
    cl_buffer_region region = {.size = (size_t)arg->bytes};
    cl_mem parent;
    uint64_t address;
    cl_int code;

    if (device->bindings[index].memory == YK_CL_POINTER) {
        return yk_cl.clSetKernelArgSVMPointer(kernel, (cl_uint)index,
                                              cl_memory_pointer_to(copy));
    }
    parent = cl_memory_parent(device, index, &address);
    if (parent == NULL) {
        return CL_INVALID_MEM_OBJECT;
    }
    region.origin = (size_t)(copy - address);
    cl_memory_drop_copy(lane, index);
    lane->copies[index] = yk_cl.clCreateSubBuffer(
        parent, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
    return lane->copies[index] == NULL
               ? code
               : yk_cl.clSetKernelArg(kernel, (cl_uint)index, sizeof(cl_mem),
                                      &lane->copies[index]);
}

yoke_status yk_cl_bind_copies(yk_cl_device *device, yk_cl_lane *lane, uint64_t begin,
                              yk_error *error)
{
    const yk_launch *const launch = device->launch;

    for (size_t i = 0; launch->block_items != 0 && i < launch->arg_count; i++) {
        cl_int code;

        if ((launch->args[i].flags & YK_ARG_COPIES) == 0) {
            continue;
        }
        code = bind_one_copy(device, lane, i, begin);
        if (code != CL_SUCCESS) {
            return yk_cl_fail_argument(device, device->kernel, launch, i, code, error);
        }
    }
    return YOKE_OK;
}

static bool cl_memory_has_copies(const yk_launch *launch)
{
    bool any = false;

    for (size_t i = 0; i < launch->arg_count; i++) {
        any |= (launch->args[i].flags & YK_ARG_COPIES) != 0;
    }
    return any;
}

/* Sub-buffers begin at multiples of the device's alignment. That of the first chunk is made once
 * before: a device that cannot make them stands aside from the job, and does not fail it. */
static yoke_status cl_memory_check_copies(yk_cl_device *device, yk_error *error)
{
    const yk_launch *const launch = device->launch;

    if (!cl_memory_has_copies(launch) || device->memory == YK_CL_POINTER) {
        return YOKE_OK;
    }
    if (YK_COPY_ALIGNMENT % yk_max(device->buffer_align, 1) != 0) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "%s: kernel '%s': copies that blocks of items have are aligned to %d "
                       "bytes, and its buffers to %llu",
                       device->info.name, device->kernel->kernel->name, YK_COPY_ALIGNMENT,
                       (unsigned long long)device->buffer_align);
    }
    if (yk_cl_bind_copies(device, &device->lanes[0], launch->begin[launch->split], error) ==
        YOKE_OK) {
        return YOKE_OK;
    }
    error->status = YOKE_EUNSUPPORTED;
    return YOKE_EUNSUPPORTED;
}

static cl_int bind_argument(yk_cl_device *device, size_t index)
{
    const yk_launch *const launch = device->launch;
    const yk_arg *const arg = &launch->args[index];
    const cl_kernel kernel = device->variant->handle;

    switch (arg->kind) {
    case YK_ARG_ARRAY:
        return (arg->flags & YK_ARG_IMAGE) != 0 ? yk_cl_image_bind(device, index)
                                                : bind_array(device, index);
    case YK_ARG_SAMPLER:
        return yk_cl_sampler_bind(device, index);
    case YK_ARG_SCALAR:
        return yk_cl.clSetKernelArg(kernel, (cl_uint)index, (size_t)arg->bytes,
                                    yk_launch_value(launch, arg));
    case YK_ARG_ALIAS:
        return bind_alias(device, index);
    case YK_ARG_NULL:
        return yk_cl.clSetKernelArg(kernel, (cl_uint)index, sizeof(cl_mem), NULL);
    default:
        return yk_cl.clSetKernelArg(kernel, (cl_uint)index, (size_t)arg->bytes, NULL);
    }
}

yoke_status yk_cl_bind(yk_cl_device *device, yk_error *error)
{
    memset(device->bindings, 0, sizeof device->bindings);
    for (size_t i = 0; i < device->launch->arg_count; i++) {
        const cl_int code = bind_argument(device, i);

        if (code != CL_SUCCESS) {
            return yk_cl_fail_argument(device, device->kernel, device->launch, i, code,
                                       error);
        }
    }
    return cl_memory_check_copies(device, error);
}

void yk_cl_unbind(yk_cl_device *device)
{
    for (size_t i = 0; i < YK_MAX_ARGS; i++) {
        if (device->bindings[i].is_own) {
            (void)yk_cl.clReleaseMemObject(device->bindings[i].handle);
        }
    }
    memset(device->bindings, 0, sizeof device->bindings);
    yk_cl_samplers_drop(device);
    for (unsigned lane = 0; lane < YK_MAX_LANES; lane++) {
        for (size_t i = 0; i < YK_MAX_ARGS; i++) {
            cl_memory_drop_copy(&device->lanes[lane], i);
        }
    }
}

void yk_cl_memory_close(yk_cl_device *device)
{
    yk_cl_unbind(device);
    for (size_t i = 0; i < YK_CL_MAX_BLOCKS; i++) {
        release_block(&device->blocks[i]);
    }
    yk_cl_release_spare(device, 0);
    yk_cl_residents_close(device);
}
