/* SPDX-License-Identifier: MIT */
#include "opencl/cl_self_test.h"

#include <stdlib.h>
#include <string.h>

#include "device/compiling.h"
#include "driver/cl_query.h"
#include "opencl/cl_program.h"

enum {
    PAGE = 4096,
    PAGES = 4, /* input, output, and two that the kernel does not use */
    WORDS = PAGE / sizeof(uint32_t),
    ITEMS = 64,
};

static const char source[] =
    "__kernel void yk_self_test(__global uint *out, __global const uint *in)\n"
    "{ size_t i = get_global_id(0); out[i] = in[i] * 3u + 1u; }\n";

typedef struct trial {
    const yk_cl_device *device;
    cl_kernel kernel;
    uint32_t *memory;
    cl_mem whole;
    cl_mem input;
    cl_mem output;
} trial;

static bool self_test_ok(cl_int code)
{
    return code == CL_SUCCESS;
}

static bool self_test_launch(const trial *t)
{
    const size_t global = ITEMS;
    const cl_command_queue queue = t->device->lanes[0].queue;

    return self_test_ok(yk_cl.clEnqueueNDRangeKernel(queue, t->kernel, 1, NULL, &global,
                                                     &global, 0, NULL, NULL)) &&
           self_test_ok(yk_cl.clFinish(queue));
}

/* Maps the output as a worker does after a chunk. */
static bool self_test_show(const trial *t)
{
    const cl_command_queue queue = t->device->lanes[0].queue;
    const size_t bytes = ITEMS * sizeof(uint32_t);
    cl_int code;
    void *pointer;

    if (t->output == NULL) {
        return true;
    }
    pointer = yk_cl.clEnqueueMapBuffer(queue, t->output, CL_TRUE, CL_MAP_READ, 0, bytes,
                                       0, NULL, NULL, &code);
    return pointer == (void *)(t->memory + WORDS) &&
           self_test_ok(yk_cl.clEnqueueUnmapMemObject(queue, t->output, pointer, 0,
                                                      NULL, NULL)) &&
           self_test_ok(yk_cl.clFinish(queue));
}

/* Runs one launch. The host changes the input before it, and another page without the driver's
 * knowledge. */
static bool round_works(const trial *t, uint32_t seed)
{
    uint32_t *const out = t->memory + WORDS;
    uint32_t *const other = t->memory + 2 * WORDS;
    bool works = true;

    for (uint32_t i = 0; i < ITEMS; i++) {
        t->memory[i] = seed + i;
        out[i] = 0;
    }
    works = self_test_launch(t);
    for (uint32_t i = 0; i < WORDS; i++) {
        other[i] = seed * 7 + i;
    }
    works = works && self_test_show(t);
    for (uint32_t i = 0; i < ITEMS; i++) {
        works = works && out[i] == (seed + i) * 3 + 1;
    }
    for (uint32_t i = 0; i < WORDS; i++) {
        works = works && other[i] == seed * 7 + i;
    }
    return works;
}

static bool rounds_work(const trial *t)
{
    return round_works(t, 5) && round_works(t, 1000);
}

static bool pointers_work(const trial *t)
{
    return self_test_ok(
               yk_cl.clSetKernelArgSVMPointer(t->kernel, 0, t->memory + WORDS)) &&
           self_test_ok(yk_cl.clSetKernelArgSVMPointer(t->kernel, 1, t->memory)) &&
           rounds_work(t);
}

static cl_mem self_test_part_of(const trial *t, size_t page)
{
    const cl_buffer_region region = {page * PAGE, PAGE};
    cl_int code;

    return yk_cl.clCreateSubBuffer(t->whole, CL_MEM_READ_WRITE,
                                   CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
}

static void self_test_release(cl_mem handle)
{
    if (handle != NULL) {
        (void)yk_cl.clReleaseMemObject(handle);
    }
}

static bool buffers_work(trial *t)
{
    bool works = false;
    cl_int code;

    t->whole = yk_cl.clCreateBuffer(t->device->context,
                                    CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR,
                                    PAGES * PAGE, t->memory, &code);
    if (t->whole != NULL) {
        t->input = self_test_part_of(t, 0);
        t->output = self_test_part_of(t, 1);
        works = t->input != NULL && t->output != NULL &&
                self_test_ok(
                    yk_cl.clSetKernelArg(t->kernel, 0, sizeof(cl_mem), &t->output)) &&
                self_test_ok(
                    yk_cl.clSetKernelArg(t->kernel, 1, sizeof(cl_mem), &t->input)) &&
                rounds_work(t);
    }
    self_test_release(t->output);
    self_test_release(t->input);
    self_test_release(t->whole);
    return works;
}

/* Devices with memory of their own may pass the test by copying both ways. */
static bool may_share_memory(const yk_cl_device *device)
{
    return !device->is_discrete &&
           (device->info.is_cpu ||
            yk_cl_device_number(device->id, CL_DEVICE_HOST_UNIFIED_MEMORY) != 0);
}

static bool may_take_pointers(const yk_cl_device *device)
{
    uint64_t capabilities;

    if (yk_cl.clSetKernelArgSVMPointer == NULL || yk_cl_device_major(device->id) < 2) {
        return false;
    }
    capabilities = yk_cl_device_number(device->id, CL_DEVICE_SVM_CAPABILITIES);
    return (capabilities & CL_DEVICE_SVM_FINE_GRAIN_SYSTEM) != 0 ||
           (device->info.is_cpu &&
            (capabilities & CL_DEVICE_SVM_FINE_GRAIN_BUFFER) != 0);
}

static yk_cl_memory try_all(trial *t)
{
    if (!may_share_memory(t->device)) {
        return YK_CL_COPY;
    }
    if (may_take_pointers(t->device) && pointers_work(t)) {
        return YK_CL_POINTER;
    }
    return buffers_work(t) ? YK_CL_BUFFER : YK_CL_COPY;
}

static void try_with(yk_cl_device *device, const yk_cl_program *program)
{
    trial t = {.device = device, .memory = aligned_alloc(PAGE, PAGES * PAGE)};
    uint32_t before;
    cl_int code;

    t.kernel = yk_cl.clCreateKernel(program->handle, "yk_self_test", &code);
    if (t.kernel != NULL && t.memory != NULL) {
        memset(t.memory, 0, PAGES * PAGE);
        before = yk_compiling_enter(YK_COMPILING_LAUNCH);
        device->memory = try_all(&t);
        device->info.launch_ns = yk_cl_launch_cost(device, t.kernel, ITEMS);
        yk_compiling_leave(before);
    }
    if (t.kernel != NULL) {
        (void)yk_cl.clReleaseKernel(t.kernel);
    }
    free(t.memory);
}

void yk_cl_self_test(yk_cl_device *device)
{
    const yk_kernel kernel = {
        .source = source, .build_options = "", .name = "yk_self_test"};
    yk_cl_program *program;

    device->memory = YK_CL_COPY;
    if (yk_cl_program_get(device, "", &kernel, &program, NULL) == YOKE_OK) {
        try_with(device, program);
        yk_cl_program_put(device, program);
    }
}
