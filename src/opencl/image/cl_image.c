/* SPDX-License-Identifier: MIT */
#include "opencl/image/cl_image.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "driver/cl_query.h"
#include "opencl/cl_memory.h"
#include "opencl/cl_resident.h"
#include "opencl/image/cl_image_format.h"
#include "opencl/image/cl_image_place.h"

enum { POISON = 0xA5 };

static const yk_pixels *pixels_of(const yk_cl_device *device, size_t index)
{
    return yk_launch_pixels(device->launch, &device->launch->args[index]);
}

/* ---- whether the device can have them ---- */

/* What the kernel does with the image object. */
static cl_mem_flags image_access(const yk_cl_device *device, size_t index)
{
    const uint32_t shown = device->kernel->parameters[index].shown.access;
    const uint32_t access = shown != 0 ? shown : device->launch->args[index].access;

    return access == YK_READ    ? CL_MEM_READ_ONLY
           : access == YK_WRITE ? CL_MEM_WRITE_ONLY
                                : CL_MEM_READ_WRITE;
}

/* A kernel that reads and writes one image asks for more than one of two that do either. */
static cl_mem_flags format_access(const yk_cl_device *device, size_t index)
{
    const cl_mem_flags access = image_access(device, index);

    return access == CL_MEM_READ_WRITE && yk_cl_device_major(device->id) >= 2
               ? CL_MEM_KERNEL_READ_AND_WRITE
               : access;
}

static yoke_status check_image_format(const yk_cl_device *device, size_t index,
                                      yk_error *error)
{
    const yk_pixels *const pixels = pixels_of(device, index);
    const cl_mem_flags access = format_access(device, index);
    char name[32];

    if (yk_cl_format_is_supported(device, pixels, access)) {
        return YOKE_OK;
    }
    yk_cl_format_name(pixels, name);
    return yk_fail(error, YOKE_EUNSUPPORTED,
                   "%s: kernel '%s': parameter %zu: the device has no %s with %s pixels that a "
                   "kernel can %s",
                   device->info.name, device->kernel->kernel->name, index + 1,
                   yk_shape_name(pixels->shape), name,
                   access == CL_MEM_READ_ONLY    ? "read"
                   : access == CL_MEM_WRITE_ONLY ? "write"
                                                 : "read and write");
}

static yoke_status check_image_size(const yk_cl_device *device, size_t index,
                                    yk_error *error)
{
    const yk_pixels *const pixels = pixels_of(device, index);
    uint64_t limits[3];

    yk_cl_image_limits(device, pixels->shape, limits);
    if (pixels->size[0] <= limits[0] && pixels->size[1] <= limits[1] &&
        pixels->size[2] <= limits[2]) {
        return YOKE_OK;
    }
    return yk_fail(error, YOKE_EUNSUPPORTED,
                   "%s: kernel '%s': parameter %zu: an image of %" PRIu64 " x %" PRIu64
                   " x %" PRIu64 " is too large; the device has %s of at most %" PRIu64
                   " x %" PRIu64 " x %" PRIu64,
                   device->info.name, device->kernel->kernel->name, index + 1,
                   pixels->size[0], pixels->size[1], pixels->size[2],
                   yk_shape_name(pixels->shape), limits[0], limits[1], limits[2]);
}

/* How many images of one kind of access, or samplers, a kernel may have. */
static yoke_status check_image_count(const yk_cl_device *device, uint64_t count,
                                     cl_device_info what, const char *noun, yk_error *error)
{
    const uint64_t limit = yk_cl_device_number(device->id, what);

    return count <= limit
               ? YOKE_OK
               : yk_fail(error, YOKE_EUNSUPPORTED,
                         "%s: kernel '%s' has %" PRIu64 " %s; the device takes at most %" PRIu64,
                         device->info.name, device->kernel->kernel->name, count, noun, limit);
}

static yoke_status check_image_counts(const yk_cl_device *device, yk_error *error)
{
    uint64_t reads = 0;
    uint64_t writes = 0;
    uint64_t changes = 0;
    uint64_t samplers = 0;
    yoke_status status;

    for (size_t i = 0; i < device->launch->arg_count; i++) {
        if (pixels_of(device, i) != NULL) {
            reads += image_access(device, i) == CL_MEM_READ_ONLY;
            writes += image_access(device, i) != CL_MEM_READ_ONLY;
            changes += format_access(device, i) == CL_MEM_KERNEL_READ_AND_WRITE;
        }
        samplers += device->launch->args[i].kind == YK_ARG_SAMPLER;
    }
    status = check_image_count(device, reads, CL_DEVICE_MAX_READ_IMAGE_ARGS,
                               "images that it reads", error);
    if (status == YOKE_OK) {
        status = check_image_count(device, writes, CL_DEVICE_MAX_WRITE_IMAGE_ARGS,
                                   "images that it writes", error);
    }
    if (status == YOKE_OK && changes > 0) {
        status = check_image_count(device, changes, CL_DEVICE_MAX_READ_WRITE_IMAGE_ARGS,
                                   "images that it changes in place", error);
    }
    return status == YOKE_OK ? check_image_count(device, samplers, CL_DEVICE_MAX_SAMPLERS,
                                                 "samplers", error)
                             : status;
}

yoke_status yk_cl_check_images(yk_cl_device *device, yk_error *error)
{
    bool any = false;
    yoke_status status = YOKE_OK;

    for (size_t i = 0; i < device->launch->arg_count && status == YOKE_OK; i++) {
        any = any || device->launch->args[i].kind == YK_ARG_SAMPLER;
        if (pixels_of(device, i) != NULL) {
            any = true;
            status = check_image_size(device, i, error);
            status = status == YOKE_OK ? check_image_format(device, i, error) : status;
        }
    }
    return status == YOKE_OK && any ? check_image_counts(device, error) : status;
}

/* ---- the device's own images ---- */

static void image_release(yk_cl_image *image)
{
    if (image->handle != NULL) {
        (void)yk_cl.clReleaseMemObject(image->handle);
        *image = (yk_cl_image){.handle = NULL};
    }
}

void yk_cl_images_drop(yk_cl_device *device, size_t first)
{
    for (size_t i = first; i < YK_MAX_ARGS; i++) {
        image_release(&device->images[i]);
    }
}

static cl_int image_write_all(const yk_cl_device *device, const yk_cl_image *image,
                              const unsigned char *row)
{
    const yk_pixels *const pixels = &image->pixels;
    cl_int code = CL_SUCCESS;

    for (uint64_t k = 0; k < pixels->size[1] * pixels->size[2] && code == CL_SUCCESS; k++) {
        const size_t origin[3] = {0, (size_t)(k % pixels->size[1]),
                                  (size_t)(k / pixels->size[1])};
        const size_t region[3] = {(size_t)pixels->size[0], 1, 1};

        code = yk_cl.clEnqueueWriteImage(device->lanes[0].queue, image->handle, CL_TRUE, origin,
                                         region, 0, 0, row, 0, NULL, NULL);
    }
    return code;
}

/* Poison where copying was forced. It also shows a lack of memory, as does one pixel otherwise. */
static cl_int image_poison(const yk_cl_device *device, const yk_cl_image *image)
{
    const size_t bytes = (size_t)(image->pixels.size[0] * image->pixels.pixel);
    const size_t origin[3] = {0};
    const size_t region[3] = {1, 1, 1};
    unsigned char *const row = malloc(bytes);
    cl_int code;

    if (row == NULL) {
        return CL_OUT_OF_HOST_MEMORY;
    }
    memset(row, POISON, bytes);
    code = device->is_discrete
               ? image_write_all(device, image, row)
               : yk_cl.clEnqueueWriteImage(device->lanes[0].queue, image->handle, CL_TRUE,
                                           origin, region, 0, 0, row, 0, NULL, NULL);
    free(row);
    return code;
}

static cl_int image_make(yk_cl_device *device, yk_cl_image *image, const yk_pixels *pixels,
                         cl_mem_flags access)
{
    const cl_image_format format = yk_cl_format_of(pixels);
    const cl_image_desc desc = yk_cl_image_desc_of(pixels, false);
    cl_int code;

    if (image->handle != NULL && image->access == access &&
        memcmp(&image->pixels, pixels, sizeof *pixels) == 0) {
        return device->is_discrete ? image_poison(device, image) : CL_SUCCESS;
    }
    image_release(image);
    image->handle = yk_cl.clCreateImage(device->context, access, &format, &desc, NULL, &code);
    if (image->handle == NULL) {
        return code;
    }
    image->pixels = *pixels;
    image->access = access;
    code = image_poison(device, image);
    if (code != CL_SUCCESS) {
        image_release(image);
    }
    return code;
}

static cl_int image_bind_copy(yk_cl_device *device, size_t index, yk_cl_binding *binding)
{
    yk_cl_image *const image = &device->images[index];
    const cl_mem_flags access = image_access(device, index);
    cl_int code = image_make(device, image, binding->pixels, access);

    if (yk_cl_is_memory_failure(code)) {
        yk_cl_release_spare(device, index + 1);
        code = image_make(device, image, binding->pixels, access);
    }
    while (yk_cl_is_memory_failure(code) && yk_cl_resident_evict(device)) {
        code = image_make(device, image, binding->pixels, access);
    }
    binding->memory = YK_CL_COPY;
    binding->handle = image->handle;
    return code;
}

/* ---- binding ---- */

/* Over the window's memory. False if the driver does not make one. */
static bool image_bind_in_place(yk_cl_device *device, size_t index, yk_cl_binding *binding)
{
    const cl_image_format format = yk_cl_format_of(binding->pixels);
    const cl_image_desc desc = yk_cl_image_desc_of(binding->pixels, true);
    cl_int code;

    if (!yk_cl_images_are_in_place(device)) {
        return false;
    }
    binding->memory = YK_CL_POINTER;
    binding->handle = yk_cl.clCreateImage(
        device->context, image_access(device, index) | CL_MEM_USE_HOST_PTR, &format, &desc,
        (void *)(uintptr_t)binding->address, &code);
    binding->is_own = binding->handle != NULL;
    return binding->is_own;
}

cl_int yk_cl_image_bind(yk_cl_device *device, size_t index)
{
    const yk_arg *const arg = &device->launch->args[index];
    yk_cl_binding *const binding = &device->bindings[index];
    cl_int code = CL_SUCCESS;

    binding->pixels = pixels_of(device, index);
    binding->address = arg->address;
    binding->bytes = binding->pixels->bytes;
    if (!image_bind_in_place(device, index, binding)) {
        code = yk_cl_give_back(device, arg) ? image_bind_copy(device, index, binding)
                                            : CL_INVALID_MEM_OBJECT;
    }
    return code != CL_SUCCESS
               ? code
               : yk_cl.clSetKernelArg(device->variant->handle, (cl_uint)index,
                                      sizeof binding->handle, &binding->handle);
}

/* ---- transfers ---- */

static cl_int image_move_region(const yk_cl_lane *lane, const yk_cl_binding *binding,
                                const yk_region *region, yk_cl_direction direction)
{
    const yk_pixels *const pixels = binding->pixels;
    unsigned char *const host = (unsigned char *)(uintptr_t)(
        binding->address + yk_pixels_offset(pixels, region));
    const size_t origin[3] = {(size_t)region->origin[0], (size_t)region->origin[1],
                              (size_t)region->origin[2]};
    const size_t size[3] = {(size_t)region->size[0], (size_t)region->size[1],
                            (size_t)region->size[2]};
    const size_t pitch = region->size[1] > 1 ? (size_t)pixels->row_pitch : 0;

    if (direction == YK_CL_TO_DEVICE) {
        return yk_cl.clEnqueueWriteImage(lane->queue, binding->handle, CL_FALSE, origin, size,
                                         pitch, 0, host, 0, NULL, NULL);
    }
    return yk_cl.clEnqueueReadImage(lane->queue, binding->handle, CL_FALSE, origin, size, pitch,
                                    0, host, 0, NULL, NULL);
}

/* Layers of a 1D array are moved one by one: drivers take their distance from different pitches. */
static cl_int image_move_layers(const yk_cl_lane *lane, const yk_cl_binding *binding,
                                const yk_region *region, yk_cl_direction direction)
{
    yk_region layer = *region;
    cl_int code = CL_SUCCESS;

    if (binding->pixels->shape != YK_SHAPE_1D_ARRAY) {
        return image_move_region(lane, binding, region, direction);
    }
    layer.size[1] = 1;
    for (uint64_t k = 0; k < region->size[1] && code == CL_SUCCESS; k++) {
        layer.origin[1] = region->origin[1] + k;
        code = image_move_region(lane, binding, &layer, direction);
    }
    return code;
}

cl_int yk_cl_image_move(const yk_cl_lane *lane, const yk_cl_binding *binding,
                        const yk_extent *extent, yk_cl_direction direction)
{
    yk_pixel_walk walk = {0, 0};
    yk_region region;
    cl_int code = CL_SUCCESS;

    while (code == CL_SUCCESS &&
           yk_pixels_next(binding->pixels, binding->address, extent, &walk, &region)) {
        code = image_move_layers(lane, binding, &region, direction);
    }
    return code;
}

static bool has_copied_images(const yk_cl_device *device)
{
    for (size_t i = 0; i < device->launch->arg_count; i++) {
        if (device->bindings[i].pixels != NULL && device->bindings[i].memory == YK_CL_COPY) {
            return true;
        }
    }
    return false;
}

cl_int yk_cl_images_follow(const yk_cl_device *device, const yk_cl_lane *lane)
{
    cl_int code = CL_SUCCESS;

    for (unsigned i = 0; i < device->info.lanes && code == CL_SUCCESS; i++) {
        const yk_cl_lane *const other = &device->lanes[i];

        if (other != lane && other->last != NULL && has_copied_images(device)) {
            code = yk_cl.clEnqueueMarkerWithWaitList(lane->queue, 1, &other->last, NULL);
        }
    }
    return code;
}
