/* SPDX-License-Identifier: MIT */
#include "opencl/cl_front.h"

#include "base/bits.h"
#include "device/compiling.h"
#include "launch/footprint.h"
#include "opencl/cl_program.h"

enum { ITEMS = 64, WORD = sizeof(cl_uint) };

static const char source[] =
    "__kernel void yk_front_test(__global uint *out, __global const uint *in, const "
    "int "
    "n)\n"
    "{ int i = (int)get_global_id(0); out[i] = in[i - n] * 3u + 1u; }\n";

typedef struct front_trial {
    const yk_cl_device *device;
    cl_kernel kernel;
    cl_mem whole;
    cl_mem part;
    cl_mem out;
} front_trial;

static void front_release(cl_mem handle)
{
    if (handle != NULL) {
        (void)yk_cl.clReleaseMemObject(handle);
    }
}

/* The kernel's input is the second half of a buffer. */
static bool make_buffers(front_trial *t)
{
    const size_t half =
        (size_t)yk_round_up(ITEMS * WORD, yk_max(t->device->buffer_align, 1));
    const cl_buffer_region region = {half, half};
    cl_int code;

    t->whole = yk_cl.clCreateBuffer(t->device->context, CL_MEM_READ_WRITE, 2 * half,
                                    NULL, &code);
    t->out = yk_cl.clCreateBuffer(t->device->context, CL_MEM_READ_WRITE, ITEMS * WORD,
                                  NULL, &code);
    if (t->whole != NULL) {
        t->part = yk_cl.clCreateSubBuffer(t->whole, CL_MEM_READ_WRITE,
                                          CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
    }
    return t->part != NULL && t->out != NULL;
}

static bool set_arguments(const front_trial *t, cl_int before)
{
    return yk_cl.clSetKernelArg(t->kernel, 0, sizeof(cl_mem), &t->out) == CL_SUCCESS &&
           yk_cl.clSetKernelArg(t->kernel, 1, sizeof(cl_mem), &t->part) == CL_SUCCESS &&
           yk_cl.clSetKernelArg(t->kernel, 2, sizeof before, &before) == CL_SUCCESS;
}

/* The host writes what lies before the part, through the whole buffer. */
static bool front_run_once(const front_trial *t, const cl_uint *values,
                           cl_uint *results)
{
    const cl_command_queue queue = t->device->lanes[0].queue;
    const size_t half =
        (size_t)yk_round_up(ITEMS * WORD, yk_max(t->device->buffer_align, 1));
    const size_t items = ITEMS;

    return yk_cl.clEnqueueWriteBuffer(queue, t->whole, CL_TRUE, half - ITEMS * WORD,
                                      ITEMS * WORD, values, 0, NULL,
                                      NULL) == CL_SUCCESS &&
           yk_cl.clEnqueueNDRangeKernel(queue, t->kernel, 1, NULL, &items, &items, 0,
                                        NULL, NULL) == CL_SUCCESS &&
           yk_cl.clEnqueueReadBuffer(queue, t->out, CL_TRUE, 0, ITEMS * WORD, results,
                                     0, NULL, NULL) == CL_SUCCESS;
}

static bool reads_what_was_written(const front_trial *t, cl_uint seed)
{
    cl_uint values[ITEMS];
    cl_uint results[ITEMS] = {0};
    bool right = true;

    for (cl_uint i = 0; i < ITEMS; i++) {
        values[i] = seed + i * 7;
    }
    right = front_run_once(t, values, results);
    for (cl_uint i = 0; i < ITEMS; i++) {
        right = right && results[i] == values[i] * 3 + 1;
    }
    return right;
}

static bool try_program(const yk_cl_device *device, const yk_cl_program *program)
{
    front_trial t = {.device = device};
    bool works = false;
    uint32_t before;
    cl_int code;

    t.kernel = yk_cl.clCreateKernel(program->handle, "yk_front_test", &code);
    if (t.kernel == NULL) {
        return false;
    }
    before = yk_compiling_enter(YK_COMPILING_LAUNCH);
    works = make_buffers(&t) && set_arguments(&t, ITEMS) &&
            reads_what_was_written(&t, 11) && reads_what_was_written(&t, 5000);
    yk_compiling_leave(before);
    front_release(t.part);
    front_release(t.whole);
    front_release(t.out);
    (void)yk_cl.clReleaseKernel(t.kernel);
    return works;
}

static bool reads_in_front(yk_cl_device *device)
{
    const yk_kernel kernel = {
        .source = source, .build_options = "", .name = "yk_front_test"};
    yk_cl_program *program;

    if (device->front == YK_CL_FRONT_UNKNOWN) {
        device->front = YK_CL_FRONT_REFUSED;
        if (yk_cl_program_get(device, "", &kernel, &program, NULL) == YOKE_OK) {
            if (try_program(device, program)) {
                device->front = YK_CL_FRONT_READ;
            }
            yk_cl_program_put(device, program);
        }
    }
    return device->front == YK_CL_FRONT_READ;
}

static bool lies_in_front(const yk_launch *launch, const yk_arg *arg)
{
    uint64_t low;
    uint64_t high;

    yk_footprint_span(launch, arg, &low, &high);
    return arg->kind == YK_ARG_ARRAY && low < arg->address;
}

yoke_status yk_cl_check_front(yk_cl_device *device, yk_error *error)
{
    const yk_launch *const launch = device->launch;

    for (uint32_t i = 0; i < launch->arg_count; i++) {
        if (device->memory == YK_CL_POINTER ||
            !lies_in_front(launch, &launch->args[i])) {
            continue;
        }
        if (device->kernel->parameters[i].is_constant || !reads_in_front(device)) {
            return yk_fail(
                error, YOKE_EUNSUPPORTED,
                "%s: kernel '%s': the device cannot read memory before the address of "
                "%sparameter %u: pass the first part that is read, and the item's own "
                "with yoke_arg_at()",
                device->info.name, device->kernel->kernel->name,
                device->kernel->parameters[i].is_constant ? "__constant " : "", i + 1);
        }
    }
    return YOKE_OK;
}
