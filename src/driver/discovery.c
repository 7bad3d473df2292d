/* SPDX-License-Identifier: MIT */
#include "driver/discovery.h"

#include <string.h>

#include "driver/cl_api.h"
#include "driver/cl_query.h"
#include "driver/pocl_cache.h"

typedef struct device_list {
    yk_opencl_device *devices;
    size_t count;
} device_list;

static uint32_t type_of(cl_device_id id)
{
    const cl_device_type type = yk_cl_device_number(id, CL_DEVICE_TYPE);

    if ((type & CL_DEVICE_TYPE_CPU) != 0) {
        return YK_HARDWARE_CPU;
    }
    if ((type & CL_DEVICE_TYPE_GPU) != 0) {
        return YK_HARDWARE_GPU;
    }
    return (type & CL_DEVICE_TYPE_ACCELERATOR) != 0 ? YK_HARDWARE_ACCELERATOR
                                                    : YK_HARDWARE_OTHER;
}

static void add_device(device_list *list, cl_platform_id platform, cl_device_id id,
                       uint32_t platform_index, uint32_t device_index)
{
    yk_opencl_device *const device = &list->devices[list->count];

    if (list->count == YK_MAX_DRIVER_DEVICES) {
        return;
    }
    *device = (yk_opencl_device){
        .platform = platform_index,
        .device = device_index,
        .type = type_of(id),
        .has_double = yk_cl_has_double(id),
        .memory_bytes = yk_cl_device_number(id, CL_DEVICE_GLOBAL_MEM_SIZE),
    };
    yk_cl_device_text(id, CL_DEVICE_NAME, device->name, sizeof device->name);
    yk_cl_device_text(id, CL_DEVICE_VERSION, device->version, sizeof device->version);
    yk_cl_platform_text(platform, CL_PLATFORM_NAME, device->platform_name,
                        sizeof device->platform_name);
    list->count++;
}

static void add_platform(device_list *list, cl_platform_id platform, uint32_t index)
{
    cl_device_id ids[YK_MAX_DRIVER_DEVICES];
    const cl_uint count = yk_cl_devices(platform, ids, YK_MAX_DRIVER_DEVICES);

    for (cl_uint i = 0; i < count; i++) {
        add_device(list, platform, ids[i], index, i);
    }
}

/* PoCL reports no devices if it cannot write its cache. */
static void explain_no_devices(const char *driver_path,
                               const cl_platform_id *platforms, cl_uint count,
                               yk_error *error)
{
    char problem[YK_POCL_FOLDER_BYTES + 256] = "";

    for (cl_uint i = 0; i < count && problem[0] == '\0'; i++) {
        yk_cl_explain_platform(platforms[i], problem, sizeof problem);
    }
    (void)yk_fail(error, YOKE_OK, "%s: the driver reports no devices%s%s", driver_path,
                  problem[0] != '\0' ? ": " : "", problem);
}

yoke_status yk_opencl_list(const char *driver_path,
                           yk_opencl_device devices[YK_MAX_DRIVER_DEVICES],
                           size_t *count, yk_error *error)
{
    const yk_cl_setup setup = {.driver = driver_path};
    cl_platform_id platforms[YK_CL_MAX_PLATFORMS];
    device_list list = {.devices = devices};
    cl_uint platform_count;
    yoke_status status;

    *count = 0;
    status = yk_cl_load(&setup, error);
    if (status == YOKE_OK) {
        status = yk_cl_platforms(platforms, &platform_count, error);
    }
    if (status != YOKE_OK) {
        yk_error_prefix(error, "%s: ", driver_path);
        return status;
    }
    for (cl_uint i = 0; i < platform_count; i++) {
        add_platform(&list, platforms[i], i);
    }
    *count = list.count;
    if (list.count == 0) {
        explain_no_devices(driver_path, platforms, platform_count, error);
    }
    return YOKE_OK;
}
