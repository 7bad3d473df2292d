/* SPDX-License-Identifier: MIT */
/*
 * An OpenCL driver that misbehaves as BROKEN_DRIVER says; the tests compile it into a
 * shared library. It has one platform with one GPU, and just enough of both to be
 * found.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <CL/cl_icd.h>

struct _cl_platform_id {
    cl_icd_dispatch *dispatch;
};

struct _cl_device_id {
    cl_icd_dispatch *dispatch;
};

static cl_icd_dispatch dispatch;
static struct _cl_platform_id platform = {&dispatch};
static struct _cl_device_id device = {&dispatch};

static int is_mode(const char *name)
{
    const char *mode = getenv("BROKEN_DRIVER");

    return mode != NULL && strcmp(mode, name) == 0;
}

static int is_mode_at(const char *what, const char *place)
{
    char mode[64] = "";

    (void)strcat(strcat(strcat(mode, what), "-"), place);
    return is_mode(mode);
}

static void misbehave(const char *place)
{
    if (is_mode_at("crash", place)) {
        (void)raise(SIGSEGV);
    }
    if (is_mode_at("exit", place)) {
        exit(3);
    }
    while (is_mode_at("hang", place)) {
        (void)pause();
    }
}

static cl_int put(const void *value, size_t bytes, size_t room, void *to,
                  size_t *needed)
{
    if (needed != NULL) {
        *needed = bytes;
    }
    if (to != NULL && room >= bytes) {
        memcpy(to, value, bytes);
    }
    return to == NULL || room >= bytes ? CL_SUCCESS : CL_INVALID_VALUE;
}

static cl_int put_text(const char *text, size_t room, void *to, size_t *needed)
{
    return put(text, strlen(text) + 1, room, to, needed);
}

static cl_int CL_API_CALL platform_info(cl_platform_id id, cl_platform_info what,
                                        size_t room, void *to, size_t *needed)
{
    (void)id;
    switch (what) {
    case CL_PLATFORM_EXTENSIONS:
        return put_text("cl_khr_icd", room, to, needed);
    case CL_PLATFORM_ICD_SUFFIX_KHR:
        return put_text("BROKEN", room, to, needed);
    case CL_PLATFORM_VERSION:
        return put_text("OpenCL 1.2 broken", room, to, needed);
    default:
        return put_text("Broken platform", room, to, needed);
    }
}

static cl_int CL_API_CALL device_ids(cl_platform_id id, cl_device_type type,
                                     cl_uint room, cl_device_id *ids, cl_uint *count)
{
    (void)id;
    (void)type;
    misbehave("devices");
    if (count != NULL) {
        *count = is_mode("no-device") ? 0 : 1;
    }
    if (ids != NULL && room > 0) {
        ids[0] = &device;
    }
    return is_mode("no-device") ? CL_DEVICE_NOT_FOUND : CL_SUCCESS;
}

static cl_int CL_API_CALL device_info(cl_device_id id, cl_device_info what, size_t room,
                                      void *to, size_t *needed)
{
    const cl_device_type type = CL_DEVICE_TYPE_GPU;
    const cl_ulong number = 1 << 20;

    (void)id;
    switch (what) {
    case CL_DEVICE_TYPE:
        return put(&type, sizeof type, room, to, needed);
    case CL_DEVICE_NAME:
        return put_text("Broken device", room, to, needed);
    case CL_DEVICE_VERSION:
    case CL_DRIVER_VERSION:
        return put_text("OpenCL 1.2 broken", room, to, needed);
    case CL_DEVICE_EXTENSIONS:
        return put_text("", room, to, needed);
    default:
        return put(&number, sizeof number, room, to, needed);
    }
}

static cl_context CL_API_CALL create_context(
    const cl_context_properties *properties, cl_uint count, const cl_device_id *devices,
    void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *),
    void *context, cl_int *code)
{
    (void)properties;
    (void)count;
    (void)devices;
    (void)notify;
    (void)context;
    misbehave("open");
    if (code != NULL) {
        *code = CL_OUT_OF_RESOURCES;
    }
    return NULL;
}

CL_API_ENTRY cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint room,
                                                       cl_platform_id *ids,
                                                       cl_uint *count)
{
    misbehave("list");
    dispatch.clGetPlatformInfo = platform_info;
    dispatch.clGetDeviceIDs = device_ids;
    dispatch.clGetDeviceInfo = device_info;
    dispatch.clCreateContext = create_context;
    if (count != NULL) {
        *count = 1;
    }
    if (ids != NULL && room > 0) {
        ids[0] = &platform;
    }
    return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clGetPlatformInfo(cl_platform_id id,
                                                  cl_platform_info what, size_t room,
                                                  void *to, size_t *needed)
{
    return platform_info(id, what, room, to, needed);
}

CL_API_ENTRY void *CL_API_CALL clGetExtensionFunctionAddress(const char *name)
{
    if (strcmp(name, "clIcdGetPlatformIDsKHR") == 0) {
        return (void *)(size_t)clIcdGetPlatformIDsKHR;
    }
    return strcmp(name, "clGetPlatformInfo") == 0 ? (void *)(size_t)clGetPlatformInfo
                                                  : NULL;
}

__attribute__((constructor)) static void load(void)
{
    misbehave("load");
}
