/* SPDX-License-Identifier: MIT */
#include "opencl/cl_device.h"

#include "base/bits.h"
#include "base/clock.h"
#include "opencl/cl_queue.h"

enum { ROUNDS = 8, WORD = 4 };

typedef struct sample {
    yk_cl_device *device;
    cl_kernel kernel;
    size_t items;
    cl_mem buffers[2];
    unsigned char *host;
} sample;

static bool launch_cost_ok(cl_int code)
{
    return code == CL_SUCCESS;
}

static bool launch_cost_move(const sample *s, bool to_device)
{
    const cl_command_queue queue = s->device->lanes[0].queue;
    const size_t bytes = s->items * WORD;

    if (s->device->memory != YK_CL_COPY) {
        return true;
    }
    return to_device
               ? launch_cost_ok(yk_cl.clEnqueueWriteBuffer(
                     queue, s->buffers[1], CL_FALSE, 0, bytes, s->host, 0, NULL, NULL))
               : launch_cost_ok(yk_cl.clEnqueueReadBuffer(
                     queue, s->buffers[0], CL_FALSE, 0, bytes, s->host, 0, NULL, NULL));
}

/* Runs one chunk. Returns its time, or 0. */
static uint64_t launch_cost_run(const sample *s)
{
    yk_cl_lane *const lane = &s->device->lanes[0];
    const uint64_t start = yk_clock_ns();

    if (!launch_cost_move(s, true) ||
        !launch_cost_ok(yk_cl.clEnqueueNDRangeKernel(
            lane->queue, s->kernel, 1, NULL, &s->items, &s->items, 0, NULL, NULL)) ||
        !launch_cost_move(s, false) || yk_cl_wait(s->device, lane, NULL) != YOKE_OK) {
        return 0;
    }
    return yk_clock_ns() - start;
}

/* The first one does not count: drivers delay work until then. */
static uint64_t best_of_many(const sample *s)
{
    uint64_t best = launch_cost_run(s);

    for (int i = 0; i < ROUNDS && best != 0; i++) {
        const uint64_t ns = launch_cost_run(s);

        best = i == 0 ? ns : yk_min(best, ns);
    }
    return best;
}

static bool launch_cost_bind(sample *s, cl_uint index)
{
    cl_int code;

    s->buffers[index] = yk_cl.clCreateBuffer(s->device->context, CL_MEM_READ_WRITE,
                                             s->items * WORD, NULL, &code);
    return s->buffers[index] != NULL &&
           launch_cost_ok(yk_cl.clSetKernelArg(s->kernel, index, sizeof(cl_mem),
                                               &s->buffers[index]));
}

uint64_t yk_cl_launch_cost(yk_cl_device *device, cl_kernel kernel, size_t items)
{
    unsigned char host[4096] = {0};
    sample s = {.device = device, .kernel = kernel, .items = items, .host = host};
    const bool is_ready = items * WORD <= sizeof host && launch_cost_bind(&s, 0) &&
                          launch_cost_bind(&s, 1);
    const uint64_t ns = is_ready ? best_of_many(&s) : 0;

    for (int i = 0; i < 2; i++) {
        if (s.buffers[i] != NULL) {
            (void)yk_cl.clReleaseMemObject(s.buffers[i]);
        }
    }
    return ns;
}
