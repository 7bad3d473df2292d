/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/bits.h"
#include "opencl/cl_check.h"
#include "opencl/cl_chunk.h"
#include "opencl/cl_device.h"
#include "opencl/cl_front.h"
#include "opencl/cl_kernel.h"
#include "opencl/cl_memory.h"
#include "opencl/cl_resident.h"
#include "opencl/cl_task.h"
#include "opencl/image/cl_image.h"
#include "opencl/pocl_lock.h"
#include "base/fp_environment.h"

static yk_cl_device *opencl_of(yk_device *device)
{
    return (yk_cl_device *)(void *)device;
}

static void opencl_end(yk_device *base)
{
    yk_cl_device *const device = opencl_of(base);

    if (device->launch != NULL) {
        yk_cl_chunks_abandon(device);
        if (device->task == NULL) {
            yk_cl_unbind(device);
        }
        device->task = NULL;
        device->launch = NULL;
        device->kernel = NULL;
        device->variant = NULL;
    }
}

static void opencl_close(yk_device *base)
{
    yk_cl_device *const device = opencl_of(base);

    if (device == NULL) {
        return;
    }
    opencl_end(base);
    yk_binding_fini(&device->task_binding);
    yk_cl_memory_close(device);
    while (device->kernels != NULL) {
        yk_cl_kernel_forget(device, device->kernels->id);
    }
    for (unsigned i = 0; i < YK_MAX_LANES; i++) {
        yk_cl_lane_fini(&device->lanes[i]);
    }
    if (device->context != NULL) {
        (void)yk_cl.clReleaseContext(device->context);
    }
    yk_pocl_close(device);
    free(device);
}

static yoke_status opencl_open(yk_device **out, const yk_device_config *config,
                               yk_error *error)
{
    yk_cl_device *const device = calloc(1, sizeof *device);
    yoke_status status;

    *out = NULL;
    if (device == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "cannot allocate memory for a device");
    }
    device->base.ops = &yk_opencl_ops;
    device->builders = YK_LOCK_FILE_NONE;
    device->index = (int)config->number - 1;
    device->place = config->place;
    status = yk_cl_bring_up(device, config, error);
    if (status != YOKE_OK) {
        opencl_close(&device->base);
        return status;
    }
    *out = &device->base;
    return YOKE_OK;
}

static void opencl_describe(const yk_device *device, yk_device_info *info)
{
    *info = ((const yk_cl_device *)(const void *)device)->info;
}

static yoke_status opencl_build(yk_device *device, const yk_kernel *kernel,
                                yk_error *error)
{
    (void)yk_fp_use_default(); /* compilers compute constants in it */
    return yk_kernel_is_task(kernel)
               ? yk_cl_task_check(kernel, error)
               : yk_cl_kernel_build(opencl_of(device), kernel, error);
}

static int opencl_parameters(yk_device *device, const yk_kernel *kernel,
                             yk_parameter list[YK_MAX_ARGS])
{
    const yk_cl_kernel *const built = yk_cl_kernel_find(opencl_of(device), kernel->id);

    if (built == NULL || !built->has_parameters) {
        return -1;
    }
    for (size_t i = 0; i < built->parameter_count; i++) {
        list[i] = built->parameters[i].shown;
    }
    return (int)built->parameter_count;
}

static void opencl_forget(yk_device *base, uint64_t kernel_id)
{
    yk_cl_device *const device = opencl_of(base);

    if (device->kernel != NULL && device->kernel->id == kernel_id) {
        opencl_end(base);
    }
    yk_cl_kernel_forget(device, kernel_id);
}

static void choose_shape(yk_cl_device *device)
{
    const yk_cl_kernel *const kernel = device->kernel;
    const yk_launch *const launch = device->launch;
    yk_cl_group_limits limits = device->groups;

    limits.group = yk_min(limits.group, kernel->generic.max_group);
    yk_cl_shape_choose(&device->shape, launch, &limits, kernel->uses_groups);
    if (kernel->required[0] != 0 && launch->group[0] == 0) {
        for (unsigned d = 0; d < 3; d++) {
            device->shape.local[d] = kernel->required[d];
            device->shape.rest[d] = kernel->required[d];
        }
        device->shape.cut = launch->size[0];
    }
}

/* Whether one launch computes the whole range, so that the driver's own answers are right. */
static bool is_one_launch(const yk_cl_device *device)
{
    const yk_launch *const launch = device->launch;
    const uint64_t begin = launch->begin[launch->split];
    yk_cl_piece pieces[YK_CL_MAX_PIECES];

    return launch->whole != 0 &&
           yk_cl_shape_cut(&device->shape, launch, begin,
                           begin + launch->size[launch->split], pieces) == 1;
}

static yk_cl_variant_key variant_key(const yk_cl_device *device)
{
    const yk_launch *const launch = device->launch;
    const bool is_at_zero =
        launch->begin[0] == 0 && launch->begin[1] == 0 && launch->begin[2] == 0;
    yk_cl_variant_key key = {0};

    key.sized = device->kernel->asks_sizes && !(is_at_zero && is_one_launch(device));
    for (unsigned d = 0; d < 3; d++) {
        if (key.sized != 0 || device->kernel->asks_groups) {
            key.begin[d] = launch->begin[d];
        }
        if (key.sized != 0) {
            key.size[d] = yk_launch_global_size(launch, d);
            key.groups[d] = yk_div_up(key.size[d], device->shape.local[d]);
        }
    }
    return key;
}

static yoke_status check_width(const yk_cl_device *device, yk_error *error)
{
    const yk_launch *const launch = device->launch;

    for (unsigned d = 0; d < 3; d++) {
        if (device->address_bits == 32 &&
            launch->begin[d] + launch->size[d] > UINT32_MAX) {
            return yk_fail(error, YOKE_EUNSUPPORTED,
                           "%s: the range is too large for a 32-bit device",
                           device->info.name);
        }
    }
    return YOKE_OK;
}

static yoke_status opencl_check_kernel(yk_cl_device *device, yk_error *error)
{
    yoke_status status = yk_cl_check_arguments(device->kernel, device->launch, error);

    if (status == YOKE_OK) {
        status = yk_cl_check_images(device, error);
    }
    if (status == YOKE_OK) {
        status = yk_cl_check_group(device, device->kernel, device->launch, error);
    }
    return status == YOKE_OK ? check_width(device, error) : status;
}

static yoke_status choose_variant(yk_cl_device *device, yk_error *error)
{
    const yk_cl_variant_key key = variant_key(device);
    yoke_status status =
        yk_cl_kernel_variant(device, device->kernel, &key, &device->variant, error);

    if (status == YOKE_OK) {
        status = yk_cl_check_shape(device, device->kernel, device->variant,
                                   &device->shape, error);
    }
    return status != YOKE_OK
               ? status
               : yk_cl_check_memory(device, device->kernel, device->variant,
                                    device->launch, error);
}

static yoke_status opencl_prepare(yk_cl_device *device, yk_error *error)
{
    yoke_status status = opencl_check_kernel(device, error);

    if (status == YOKE_OK) {
        choose_shape(device);
        status = choose_variant(device, error);
    }
    if (status == YOKE_OK) {
        status = yk_cl_check_front(device, error);
    }
    if (status == YOKE_OK) {
        status = yk_cl_bind(device, error);
    }
    return status == YOKE_OK ? yk_cl_chunks_begin(device, error) : status;
}

static yoke_status opencl_begin_task(yk_cl_device *device, const yk_kernel *kernel,
                                     const yk_launch *launch, yk_error *error)
{
    yoke_status status = yk_cl_task_check(kernel, error);

    if (status != YOKE_OK) {
        return status;
    }
    device->launch = launch;
    device->launch_id = launch->id;
    status = yk_cl_task_begin(device, kernel, error);
    if (status != YOKE_OK) {
        device->launch = NULL;
    }
    return status;
}

static yoke_status opencl_begin(yk_device *base, const yk_kernel *kernel,
                                const yk_launch *launch, yk_error *error)
{
    yk_cl_device *const device = opencl_of(base);
    yoke_status status;

    if (device->launch != NULL && device->launch_id == launch->id) {
        return YOKE_OK;
    }
    opencl_end(base);
    if (yk_kernel_is_task(kernel)) {
        return opencl_begin_task(device, kernel, launch, error);
    }
    status = yk_cl_kernel_build(device, kernel, error);
    if (status != YOKE_OK) {
        return status;
    }
    device->launch = launch;
    device->launch_id = launch->id;
    device->kernel = yk_cl_kernel_find(device, kernel->id);
    status = opencl_prepare(device, error);
    if (status != YOKE_OK) {
        opencl_end(base);
    }
    return status;
}

static yoke_status opencl_start(yk_device *device, unsigned lane, uint64_t first,
                                uint64_t last, yk_error *error)
{
    if (opencl_of(device)->task != NULL) {
        return yk_cl_task_run(opencl_of(device), first, last, error);
    }
    (void)yk_fp_use_default(); /* PoCL may compute in this thread */
    return yk_cl_chunk_start(opencl_of(device), &opencl_of(device)->lanes[lane], first,
                             last, error);
}

static yoke_status opencl_finish(yk_device *device, unsigned lane, yk_error *error)
{
    if (opencl_of(device)->task != NULL) {
        return YOKE_OK; /* the start operation has done all of it */
    }
    return yk_cl_chunk_finish(opencl_of(device), &opencl_of(device)->lanes[lane],
                              error);
}

static yoke_status opencl_fetch(yk_device *device, const yk_residency *table,
                                yk_pages blocks, yk_error *error)
{
    return yk_cl_residents_fetch(opencl_of(device), table, blocks, error);
}

const yk_device_ops yk_opencl_ops = {
    .kind = "opencl",
    .open = opencl_open,
    .describe = opencl_describe,
    .build = opencl_build,
    .parameters = opencl_parameters,
    .forget = opencl_forget,
    .begin = opencl_begin,
    .start = opencl_start,
    .finish = opencl_finish,
    .fetch = opencl_fetch,
    .end = opencl_end,
    .close = opencl_close,
};
