/* SPDX-License-Identifier: MIT */
#include "raw_host.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>

enum { MOST = 8 };

#define RAW_FUNCTIONS(X)                                                                 \
    X(clGetPlatformIDs)                                                                  \
    X(clGetPlatformInfo)                                                                 \
    X(clGetDeviceIDs)                                                                    \
    X(clCreateContext)                                                                   \
    X(clCreateCommandQueue)                                                              \
    X(clCreateProgramWithSource)                                                         \
    X(clBuildProgram)                                                                    \
    X(clCreateKernel)                                                                    \
    X(clSetKernelArg)                                                                    \
    X(clCreateBuffer)                                                                    \
    X(clCreateImage)                                                                     \
    X(clCreateSampler)                                                                   \
    X(clEnqueueNDRangeKernel)                                                            \
    X(clEnqueueReadBuffer)                                                               \
    X(clEnqueueReadImage)                                                                \
    X(clFinish)

typedef struct raw_host {
#define RAW_POINTER(name) __typeof__(&name) name;
    RAW_FUNCTIONS(RAW_POINTER)
#undef RAW_POINTER
    const raw_launch *launch;
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
    cl_kernel kernel;
    cl_mem objects[MOST];
} raw_host;

void *raw_shared(size_t bytes)
{
    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    return memory;
}

void raw_shared_free(void *memory, size_t bytes)
{
    assert_int_equal(munmap(memory, bytes), 0);
}

static bool raw_load(raw_host *raw)
{
    void *loader = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);

    if (loader == NULL) {
        return false;
    }
#define RAW_FIND(name)                                                                   \
    {                                                                                    \
        void *const found = dlsym(loader, #name);                                        \
        memcpy(&raw->name, &found, sizeof found);                                        \
    }
    RAW_FUNCTIONS(RAW_FIND)
#undef RAW_FIND
    return raw->clCreateImage != NULL;
}

static bool raw_open(raw_host *raw)
{
    cl_platform_id platforms[MOST];
    cl_uint count = 0;
    cl_int code = CL_DEVICE_NOT_FOUND;

    (void)raw->clGetPlatformIDs(MOST, platforms, &count);
    for (cl_uint i = 0; i < count && i < MOST; i++) {
        char name[256] = "";

        (void)raw->clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof name, name, NULL);
        if (strstr(name, raw->launch->platform) != NULL) {
            code = raw->clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &raw->device, NULL);
        }
    }
    if (code == CL_SUCCESS) {
        raw->context = raw->clCreateContext(NULL, 1, &raw->device, NULL, NULL, &code);
    }
    if (code == CL_SUCCESS) {
        raw->queue = raw->clCreateCommandQueue(raw->context, raw->device, 0, &code);
    }
    return code == CL_SUCCESS;
}

static bool raw_build(raw_host *raw)
{
    const char *source = raw->launch->source;
    cl_int code;
    const cl_program program =
        raw->clCreateProgramWithSource(raw->context, 1, &source, NULL, &code);

    if (code == CL_SUCCESS) {
        code = raw->clBuildProgram(program, 1, &raw->device, raw->launch->build_options, NULL,
                                   NULL);
    }
    if (code == CL_SUCCESS) {
        raw->kernel = raw->clCreateKernel(program, raw->launch->name, &code);
    }
    return code == CL_SUCCESS;
}

static yoke_image raw_image_of(const yoke_arg *arg)
{
    yoke_image image = {.channels = (yoke_channels)arg->image_channels,
                        .type = (yoke_channel_type)arg->image_type};

    memcpy(&image.width, arg->value, 16);
    memcpy(&image.row_pitch, arg->value + 16, 16);
    return image;
}

static cl_image_format raw_format_of(yoke_image image)
{
    static const cl_uint orders[] = {0, CL_R, CL_RG, CL_RGBA, CL_BGRA};
    static const cl_uint types[] = {0,
                                    CL_UNORM_INT8,
                                    CL_UNORM_INT16,
                                    CL_SIGNED_INT8,
                                    CL_SIGNED_INT16,
                                    CL_SIGNED_INT32,
                                    CL_UNSIGNED_INT8,
                                    CL_UNSIGNED_INT16,
                                    CL_UNSIGNED_INT32,
                                    CL_HALF_FLOAT,
                                    CL_FLOAT};

    return (cl_image_format){orders[image.channels], types[image.type]};
}

static cl_image_desc raw_desc_of(yoke_image image)
{
    cl_image_desc desc = {.image_width = image.width,
                          .image_height = image.height,
                          .image_depth = image.depth,
                          .image_array_size = image.layers};

    if (image.layers != 0) {
        desc.image_type = image.height != 0 ? CL_MEM_OBJECT_IMAGE2D_ARRAY
                                            : CL_MEM_OBJECT_IMAGE1D_ARRAY;
    } else {
        desc.image_type = image.depth != 0    ? CL_MEM_OBJECT_IMAGE3D
                          : image.height != 0 ? CL_MEM_OBJECT_IMAGE2D
                                              : CL_MEM_OBJECT_IMAGE1D;
    }
    return desc;
}

static void *raw_pointer(const yoke_arg *arg)
{
    return (void *)(uintptr_t)arg->pointer;
}

/* Rows are copied, so that nothing depends on what a driver makes of pitches. */
static unsigned char *raw_packed(const yoke_arg *arg, yoke_image image, bool back,
                                 unsigned char *packed)
{
    const size_t row = image.width * yoke_image_pixel_bytes(image);
    const size_t rows = image.height != 0 ? image.height : image.layers != 0 ? image.layers : 1;
    const size_t slices = image.height != 0 ? image.depth + image.layers : 0;
    unsigned char *to = packed;

    for (size_t z = 0; z < (slices != 0 ? slices : 1); z++) {
        for (size_t y = 0; y < rows; y++) {
            unsigned char *at = (unsigned char *)raw_pointer(arg) +
                                z * yoke_image_slice_pitch(image) +
                                y * yoke_image_row_pitch(image);

            memcpy(back ? at : to, back ? to : at, row);
            to += row;
        }
    }
    return packed;
}

static cl_int raw_set_image(raw_host *raw, size_t i)
{
    const yoke_arg *arg = &raw->launch->args[i];
    const yoke_image image = raw_image_of(arg);
    const cl_image_format format = raw_format_of(image);
    const cl_image_desc desc = raw_desc_of(image);
    const cl_mem_flags flags = arg->access == YOKE_ACCESS_READ    ? CL_MEM_READ_ONLY
                               : arg->access == YOKE_ACCESS_WRITE ? CL_MEM_WRITE_ONLY
                                                                  : CL_MEM_READ_WRITE;
    unsigned char *packed = malloc(yoke_image_bytes(image));
    cl_int code = CL_OUT_OF_HOST_MEMORY;

    if (packed != NULL) {
        raw->objects[i] =
            raw->clCreateImage(raw->context, flags | CL_MEM_COPY_HOST_PTR, &format, &desc,
                               raw_packed(arg, image, false, packed), &code);
    }
    free(packed);
    return code == CL_SUCCESS
               ? raw->clSetKernelArg(raw->kernel, (cl_uint)i, sizeof(cl_mem), &raw->objects[i])
               : code;
}

static cl_int raw_set_sampler(raw_host *raw, size_t i)
{
    static const cl_addressing_mode modes[] = {CL_ADDRESS_NONE, CL_ADDRESS_CLAMP_TO_EDGE,
                                               CL_ADDRESS_CLAMP, CL_ADDRESS_REPEAT,
                                               CL_ADDRESS_MIRRORED_REPEAT};
    yoke_sampling sampling;
    cl_sampler sampler;
    cl_int code;

    memcpy(&sampling, raw->launch->args[i].value, sizeof sampling);
    sampler = raw->clCreateSampler(
        raw->context, sampling.normalized, modes[sampling.addressing],
        sampling.filter == YOKE_FILTER_LINEAR ? CL_FILTER_LINEAR : CL_FILTER_NEAREST, &code);
    return code == CL_SUCCESS
               ? raw->clSetKernelArg(raw->kernel, (cl_uint)i, sizeof sampler, &sampler)
               : code;
}

static cl_int raw_set_buffer(raw_host *raw, size_t i)
{
    const yoke_arg *arg = &raw->launch->args[i];
    cl_int code;

    raw->objects[i] = raw->clCreateBuffer(raw->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                          arg->bytes, raw_pointer(arg), &code);
    return code == CL_SUCCESS
               ? raw->clSetKernelArg(raw->kernel, (cl_uint)i, sizeof(cl_mem), &raw->objects[i])
               : code;
}

static cl_int raw_set(raw_host *raw, size_t i)
{
    const yoke_arg *arg = &raw->launch->args[i];

    if (arg->kind == YOKE_ARG_SAMPLER) {
        return raw_set_sampler(raw, i);
    }
    if (arg->kind == YOKE_ARG_ARRAY) {
        return arg->image_channels != 0 ? raw_set_image(raw, i) : raw_set_buffer(raw, i);
    }
    return raw->clSetKernelArg(raw->kernel, (cl_uint)i, arg->bytes,
                               arg->kind == YOKE_ARG_LOCAL ? NULL
                               : arg->pointer != NULL      ? arg->pointer
                                                           : arg->value);
}

static cl_int raw_get_image(raw_host *raw, size_t i)
{
    const yoke_arg *arg = &raw->launch->args[i];
    const yoke_image image = raw_image_of(arg);
    const size_t origin[3] = {0};
    size_t region[3] = {image.width, image.height != 0 ? image.height : 1, 1};
    unsigned char *packed = malloc(yoke_image_bytes(image));
    cl_int code = CL_OUT_OF_HOST_MEMORY;

    region[1] = image.height == 0 && image.layers != 0 ? image.layers : region[1];
    region[2] = image.height != 0 && image.depth + image.layers != 0
                    ? image.depth + image.layers
                    : 1;
    if (packed != NULL) {
        code = raw->clEnqueueReadImage(raw->queue, raw->objects[i], CL_TRUE, origin, region, 0,
                                       0, packed, 0, NULL, NULL);
        (void)raw_packed(arg, image, true, packed);
    }
    free(packed);
    return code;
}

static cl_int raw_get(raw_host *raw, size_t i)
{
    const yoke_arg *arg = &raw->launch->args[i];

    if (arg->kind != YOKE_ARG_ARRAY || arg->access == YOKE_ACCESS_READ) {
        return CL_SUCCESS;
    }
    return arg->image_channels != 0
               ? raw_get_image(raw, i)
               : raw->clEnqueueReadBuffer(raw->queue, raw->objects[i], CL_TRUE, 0, arg->bytes,
                                          raw_pointer(arg), 0, NULL, NULL);
}

static int raw_main(void *arg)
{
    const raw_launch *launch = arg;
    raw_host raw = {.launch = launch};

    if (launch->driver != NULL) {
        (void)setenv("OCL_ICD_VENDORS", launch->driver, 1);
    }
    if (!raw_load(&raw) || !raw_open(&raw)) {
        return 1;
    }
    if (!raw_build(&raw)) {
        return 2;
    }
    for (size_t i = 0; i < launch->arg_count; i++) {
        if (raw_set(&raw, i) != CL_SUCCESS) {
            return 3;
        }
    }
    if (raw.clEnqueueNDRangeKernel(raw.queue, raw.kernel, launch->dimensions, NULL,
                                   launch->size, launch->group[0] != 0 ? launch->group : NULL, 0,
                                   NULL, NULL) != CL_SUCCESS ||
        raw.clFinish(raw.queue) != CL_SUCCESS) {
        return 4;
    }
    for (size_t i = 0; i < launch->arg_count; i++) {
        if (raw_get(&raw, i) != CL_SUCCESS) {
            return 5;
        }
    }
    return 0;
}

int raw_run(const raw_launch *launch)
{
    raw_launch copy = *launch;

    return yt_in_child(raw_main, &copy, 100);
}
