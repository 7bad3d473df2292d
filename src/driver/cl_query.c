/* SPDX-License-Identifier: MIT */
#include "driver/cl_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/pocl_cache.h"
#include "base/fp_environment.h"

yoke_status yk_cl_platforms(cl_platform_id platforms[YK_CL_MAX_PLATFORMS],
                            cl_uint *count, yk_error *error)
{
    const cl_int code = yk_cl.clGetPlatformIDs(YK_CL_MAX_PLATFORMS, platforms, count);

    if (code != CL_SUCCESS || *count == 0) {
        *count = 0;
        return yk_fail(error, YOKE_ENODEVICE, "the driver cannot be loaded: %s",
                       yk_cl_error_name(code));
    }
    if (*count > YK_CL_MAX_PLATFORMS) {
        *count = YK_CL_MAX_PLATFORMS;
    }
    return YOKE_OK;
}

cl_uint yk_cl_devices(cl_platform_id platform, cl_device_id *devices, cl_uint capacity)
{
    cl_uint count = 0;

    /* The driver has just been loaded, which may have changed the floating-point environment.
     * The threads that it creates from here on inherit it. */
    (void)yk_fp_use_default();
    if (yk_cl.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, capacity, devices, &count) !=
        CL_SUCCESS) {
        return 0;
    }
    return count < capacity ? count : capacity;
}

uint64_t yk_cl_device_number(cl_device_id device, cl_device_info what)
{
    union {
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
    } value = {.u64 = 0};
    size_t bytes = 0;

    if (yk_cl.clGetDeviceInfo(device, what, sizeof value, &value, &bytes) !=
        CL_SUCCESS) {
        return 0;
    }
    switch (bytes) {
    case 1:
        return value.u8;
    case 2:
        return value.u16;
    case 4:
        return value.u32;
    default:
        return value.u64;
    }
}

/* Copies a text without the space around it. */
static void put_trimmed(char *text, size_t bytes, const char *from)
{
    size_t length;

    from += strspn(from, " \t\n");
    length = strlen(from);
    while (length > 0 && strchr(" \t\n", from[length - 1]) != NULL) {
        length--;
    }
    (void)snprintf(text, bytes, "%.*s", (int)length, from);
}

void yk_cl_device_text(cl_device_id device, cl_device_info what, char *text,
                       size_t bytes)
{
    char raw[1024] = "";

    text[0] = '\0';
    if (yk_cl.clGetDeviceInfo(device, what, sizeof raw - 1, raw, NULL) == CL_SUCCESS) {
        put_trimmed(text, bytes, raw);
    }
}

void yk_cl_platform_text(cl_platform_id platform, cl_platform_info what, char *text,
                         size_t bytes)
{
    char raw[1024] = "";

    text[0] = '\0';
    if (yk_cl.clGetPlatformInfo(platform, what, sizeof raw - 1, raw, NULL) ==
        CL_SUCCESS) {
        put_trimmed(text, bytes, raw);
    }
}

static bool has_extension(cl_device_id device, const char *name)
{
    const size_t length = strlen(name);
    size_t bytes = 0;
    bool found = false;
    char *list;

    if (yk_cl.clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, 0, NULL, &bytes) !=
        CL_SUCCESS) {
        return false;
    }
    list = calloc(bytes + 1, 1);
    if (list == NULL || yk_cl.clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, bytes, list,
                                              NULL) != CL_SUCCESS) {
        free(list);
        return false;
    }
    for (const char *at = list; !found && (at = strstr(at, name)) != NULL;
         at += length) {
        found =
            (at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0');
    }
    free(list);
    return found;
}

bool yk_cl_has_double(cl_device_id device)
{
    return has_extension(device, "cl_khr_fp64") ||
           yk_cl_device_number(device, CL_DEVICE_DOUBLE_FP_CONFIG) != 0;
}

unsigned yk_cl_device_major(cl_device_id device)
{
    char version[64];
    unsigned major = 0;

    yk_cl_device_text(device, CL_DEVICE_VERSION, version, sizeof version);
    return sscanf(version, "OpenCL %u.", &major) == 1 ? major : 0;
}

bool yk_cl_is_pocl(cl_platform_id platform)
{
    char version[128];

    yk_cl_platform_text(platform, CL_PLATFORM_VERSION, version, sizeof version);
    return strstr(version, "PoCL") != NULL || strstr(version, "pocl") != NULL;
}

void yk_cl_explain_platform(cl_platform_id platform, char *text, size_t bytes)
{
    text[0] = '\0';
    if (yk_cl_is_pocl(platform)) {
        yk_pocl_cache_problem(text, bytes);
    }
}
