/* SPDX-License-Identifier: MIT */
/*
 * OpenCL by hand on one device, PoCL's: buffers over the host's memory, one launch over
 * the whole range, the result mapped at the end.
 */
#include <string.h>

#include <CL/cl.h>

#include "contender.h"
#include "loops_source.h"

enum { MOST_PLATFORMS = 16, MOST_LOG = 4096 };

static cl_device_id device;
static cl_context context;
static cl_command_queue queue;
static cl_program program;
static cl_kernel kernel;
static cl_mem buffers[LOOP_ARRAYS];

static void check(cl_int code, const char *doing)
{
    if (code != CL_SUCCESS) {
        contender_fail("OpenCL, %s: error %d", doing, code);
    }
}

static bool find_device(void)
{
    cl_platform_id platforms[MOST_PLATFORMS];
    cl_uint count = 0;

    if (clGetPlatformIDs(MOST_PLATFORMS, platforms, &count) != CL_SUCCESS) {
        return false;
    }
    for (cl_uint i = 0; i < count && i < MOST_PLATFORMS; i++) {
        char name[64] = "";
        clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof name, name, NULL);
        if (strcmp(name, "Portable Computing Language") == 0) {
            return clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &device, NULL) ==
                   CL_SUCCESS;
        }
    }
    return false;
}

static void open_device(const task *t)
{
    cl_int code;

    if (t->w->kernel == NULL || !find_device()) {
        contender_skip("PoCL is not installed");
    }
    context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
    check(code, "creating a context");
    queue = clCreateCommandQueueWithProperties(context, device, NULL, &code);
    check(code, "creating a queue");
}

static void close_device(void)
{
    for (size_t k = 0; k < LOOP_ARRAYS && buffers[k] != NULL; k++) {
        clReleaseMemObject(buffers[k]);
    }
    clReleaseKernel(kernel);
    clReleaseProgram(program);
    clReleaseCommandQueue(queue);
    clReleaseContext(context);
}

static void build(const workload *w)
{
    const char *source = loops_source;
    char log[MOST_LOG] = "";
    cl_int code;

    program = clCreateProgramWithSource(context, 1, &source, NULL, &code);
    check(code, "creating a program");
    if (clBuildProgram(program, 1, &device, "", NULL, NULL) != CL_SUCCESS) {
        clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, sizeof log, log,
                              NULL);
        contender_fail("%s", log);
    }
    kernel = clCreateKernel(program, w->kernel, &code);
    check(code, "creating a kernel");
}

static void set_argument(cl_uint index, size_t size, const void *value)
{
    check(clSetKernelArg(kernel, index, size, value), "setting an argument");
}

static void prepare(const task *t)
{
    const loop_data data = workload_step(t->w, t->arrays, 0);
    const size_t bytes = workload_array_bytes(t->w);
    const cl_uint scalars[] = {data.width, data.height, data.work};
    cl_uint index = 0;
    cl_int code;

    build(t->w);
    for (; index < workload_arrays(t->w); index++) {
        buffers[index] =
            clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, bytes,
                           t->arrays[index], &code);
        check(code, "creating a buffer");
        set_argument(index, sizeof buffers[index], &buffers[index]);
    }
    for (size_t i = 0; i < 3; i++) {
        set_argument(index++, sizeof scalars[i], &scalars[i]);
    }
}

static void map_and_unmap(const task *t, size_t k, cl_map_flags flags, bool filling)
{
    const loop_data data = workload_filled(t->w, t->arrays, k);
    cl_int code;
    void *mapped = clEnqueueMapBuffer(queue, buffers[k], CL_TRUE, flags, 0,
                                      workload_array_bytes(t->w), 0, NULL, NULL, &code);

    check(code, "mapping a buffer");
    if (filling) {
        workload_fill(t->w)(0, t->w->items, &data);
    }
    check(clEnqueueUnmapMemObject(queue, buffers[k], mapped, 0, NULL, NULL),
          "unmapping a buffer");
}

static void fill(const task *t)
{
    for (size_t k = 0; k < workload_arrays(t->w); k++) {
        map_and_unmap(t, k, CL_MAP_WRITE, true);
    }
}

static void run(const task *t)
{
    const bool flat = t->w->dimensions < 2;
    const size_t size[2] = {flat ? t->w->items : t->w->width, t->w->items};

    check(clEnqueueNDRangeKernel(queue, kernel, flat ? 1 : 2, NULL, size, NULL, 0, NULL,
                                 NULL),
          "launching");
    if (workload_arrays(t->w) > 0) {
        map_and_unmap(t, 0, CL_MAP_READ, false);
    }
    check(clFinish(queue), "finishing");
}

const contender contender_ops = {
    .open = open_device,
    .close = close_device,
    .alloc = contender_pages,
    .prepare = prepare,
    .fill = fill,
    .run = run,
};
