/* SPDX-License-Identifier: MIT */
#include "opencl/cl_device.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "driver/cl_query.h"
#include "driver/pocl_cache.h"
#include "opencl/cl_self_test.h"
#include "opencl/opencl_kind.h"
#include "opencl/pocl_lock.h"

enum { WANTED_GROUP = 64, MAX_DEVICES = 64 };

static yoke_status find_device(yk_cl_device *device, const yk_device_config *config,
                               cl_platform_id *platform, yk_error *error)
{
    cl_platform_id platforms[YK_CL_MAX_PLATFORMS];
    cl_device_id ids[MAX_DEVICES];
    cl_uint count;
    const yk_opencl_place place = yk_opencl_place_of(&config->own);
    const uint32_t platform_index = config->one_thread != 0 ? 0 : place.platform;
    const uint32_t device_index = config->one_thread != 0 ? 0 : place.device;
    const yoke_status status = yk_cl_platforms(platforms, &count, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (platform_index >= count) {
        return yk_fail(error, YOKE_ENODEVICE,
                       "the driver has %u platforms; there is no platform %u", count,
                       platform_index);
    }
    *platform = platforms[platform_index];
    count = yk_cl_devices(*platform, ids, MAX_DEVICES);
    if (device_index >= count) {
        char why[YK_POCL_FOLDER_BYTES + 256];

        yk_cl_explain_platform(*platform, why, sizeof why);
        return yk_fail(error, YOKE_ENODEVICE,
                       "the driver has %u devices; there is no device %u%s%s", count,
                       device_index, why[0] != '\0' ? ": " : "", why);
    }
    device->id = ids[device_index];
    return YOKE_OK;
}

static void read_names(yk_cl_device *device, cl_platform_id platform)
{
    yk_device_info *const info = &device->info;
    char name[128];
    char version[128];

    yk_cl_device_text(device->id, CL_DEVICE_NAME, info->name, sizeof info->name);
    yk_cl_platform_text(platform, CL_PLATFORM_NAME, name, sizeof name);
    yk_cl_device_text(device->id, CL_DRIVER_VERSION, version, sizeof version);
    (void)snprintf(info->driver, sizeof info->driver, "%.63s %.63s", name, version);
}

static void cl_open_read_limits(yk_cl_device *device)
{
    const cl_device_id id = device->id;
    size_t items[16] = {0};
    uint64_t align;

    device->groups.group =
        yk_max(1, yk_cl_device_number(id, CL_DEVICE_MAX_WORK_GROUP_SIZE));
    device->groups.wanted = WANTED_GROUP;
    (void)yk_cl.clGetDeviceInfo(id, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof items, items,
                                NULL);
    for (unsigned d = 0; d < 3; d++) {
        device->groups.items[d] = yk_max(1, items[d]);
    }
    device->max_alloc = yk_cl_device_number(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    device->local_bytes = yk_cl_device_number(id, CL_DEVICE_LOCAL_MEM_SIZE);
    device->constant_bytes =
        yk_cl_device_number(id, CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE);
    device->address_bits = (unsigned)yk_cl_device_number(id, CL_DEVICE_ADDRESS_BITS);
    device->has_images = yk_cl_device_number(id, CL_DEVICE_IMAGE_SUPPORT) != 0;
    align = yk_cl_device_number(id, CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8;
    device->buffer_align = yk_max(1, align);
}

static void cl_open_learn(yk_cl_device *device, cl_platform_id platform,
                          const yk_device_config *config)
{
    yk_device_info *const info = &device->info;

    read_names(device, platform);
    cl_open_read_limits(device);
    info->is_cpu =
        (yk_cl_device_number(device->id, CL_DEVICE_TYPE) & CL_DEVICE_TYPE_CPU) != 0;
    info->memory_bytes = yk_cl_device_number(device->id, CL_DEVICE_GLOBAL_MEM_SIZE);
    info->max_group = device->groups.group;
    info->compute_units = (uint32_t)yk_max(
        1, yk_cl_device_number(device->id, CL_DEVICE_MAX_COMPUTE_UNITS));
    info->has_double = yk_cl_has_double(device->id);
    device->is_discrete = config->discrete != 0;
    device->polls = !info->is_cpu || device->is_discrete;
    if (yk_cl_is_pocl(platform)) {
        yk_pocl_open(device);
    }
}

static yoke_status make_lane(yk_cl_device *device, unsigned lane, yk_error *error)
{
    cl_int code;

    device->lanes[lane].queue =
        yk_cl.clCreateCommandQueue(device->context, device->id, 0, &code);
    return device->lanes[lane].queue != NULL
               ? YOKE_OK
               : yk_cl_fail(error, device->info.name, "clCreateCommandQueue", code);
}

static yoke_status make_context(yk_cl_device *device, cl_platform_id platform,
                                yk_error *error)
{
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)platform, 0};
    cl_int code;

    device->context =
        yk_cl.clCreateContext(properties, 1, &device->id, NULL, NULL, &code);
    return device->context != NULL
               ? make_lane(device, 0, error)
               : yk_cl_fail(error, device->info.name, "clCreateContext", code);
}

/* Queues of the other lanes, if there are any: transfers of one lane overlap launches of
 * another. */
static yoke_status make_other_lanes(yk_cl_device *device, yk_error *error)
{
    yoke_status status = YOKE_OK;

    if (device->memory != YK_CL_COPY) {
        device->info.lanes = 1;
        return YOKE_OK;
    }
    device->info.lanes = YK_MAX_LANES;
    device->polls = true;
    for (unsigned i = 1; i < device->info.lanes && status == YOKE_OK; i++) {
        status = make_lane(device, i, error);
    }
    return status;
}

yoke_status yk_cl_bring_up(yk_cl_device *device, const yk_device_config *config,
                           yk_error *error)
{
    const yk_cl_setup setup = {.driver = config->driver,
                               .one_thread = config->one_thread != 0};
    cl_platform_id platform;
    yoke_status status = yk_cl_load(&setup, error);

    if (status == YOKE_OK) {
        status = find_device(device, config, &platform, error);
    }
    if (status != YOKE_OK) {
        yk_error_prefix(error, "%s: ", config->driver);
        return status;
    }
    cl_open_learn(device, platform, config);
    status = make_context(device, platform, error);
    if (status != YOKE_OK) {
        return status;
    }
    yk_cl_self_test(device);
    device->is_open = true;
    device->info.shares_memory = device->memory != YK_CL_COPY;
    /* With a buffer a kernel gets an address of the device's. */
    device->info.follows_pointers = device->memory == YK_CL_POINTER;
    device->info.max_block_bytes =
        device->memory == YK_CL_POINTER ? 0 : device->max_alloc;
    return make_other_lanes(device, error);
}
