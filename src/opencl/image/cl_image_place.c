/* SPDX-License-Identifier: MIT */
#include "opencl/image/cl_image_place.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "device/compiling.h"
#include "opencl/cl_program.h"

/* Aligned to pixels, and to no more. */
enum { WIDTH = 5, HEIGHT = 4, ROW_PITCH = 28, BYTES = ROW_PITCH * HEIGHT, FIRST = 1, ROWS = 2 };
enum { ALIGNMENT = 64, SHIFT = 4, ROOM = 256 };

static_assert((int)ROOM >= (int)SHIFT + 2 * (int)BYTES, "both images");

static const char place_source[] =
    "__kernel void yk_image_test(__write_only image2d_t out, __read_only image2d_t in)\n"
    "{ int2 at = (int2)((int)get_global_id(0), (int)get_global_id(1));\n"
    "  write_imageui(out, at, (read_imageui(in, at) * 3u + 1u) & 255u); }\n";

typedef struct place_trial {
    const yk_cl_device *device;
    cl_kernel kernel;
    unsigned char *in; /* BYTES, and as many behind them for the result */
    unsigned char *out;
    cl_mem images[2];
} place_trial;

static cl_mem place_image(const place_trial *t, cl_mem_flags access, unsigned char *memory)
{
    const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
    const cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D,
                                .image_width = WIDTH,
                                .image_height = HEIGHT,
                                .image_row_pitch = ROW_PITCH};
    cl_int code;

    return yk_cl.clCreateImage(t->device->context, access | CL_MEM_USE_HOST_PTR, &format,
                               &desc, memory, &code);
}

static bool place_open(place_trial *t)
{
    t->images[0] = place_image(t, CL_MEM_WRITE_ONLY, t->out);
    t->images[1] = place_image(t, CL_MEM_READ_ONLY, t->in);
    return t->images[0] != NULL && t->images[1] != NULL &&
           yk_cl.clSetKernelArg(t->kernel, 0, sizeof(cl_mem), &t->images[0]) == CL_SUCCESS &&
           yk_cl.clSetKernelArg(t->kernel, 1, sizeof(cl_mem), &t->images[1]) == CL_SUCCESS;
}

static bool place_launch(const place_trial *t)
{
    const cl_command_queue queue = t->device->lanes[0].queue;
    const size_t begin[2] = {0, FIRST};
    const size_t size[2] = {WIDTH, ROWS};

    return yk_cl.clEnqueueNDRangeKernel(queue, t->kernel, 2, begin, size, NULL, 0, NULL,
                                        NULL) == CL_SUCCESS &&
           yk_cl.clFinish(queue) == CL_SUCCESS;
}

/* The host changes both memories without the driver's knowledge. */
static bool place_round_works(const place_trial *t, unsigned seed)
{
    bool works;

    for (unsigned i = 0; i < BYTES; i++) {
        t->in[i] = (unsigned char)(seed + i * 7);
        t->out[i] = (unsigned char)(seed + i);
    }
    works = place_launch(t);
    for (unsigned i = 0; i < BYTES; i++) {
        const unsigned row = i / ROW_PITCH;
        const bool is_written =
            row >= FIRST && row < FIRST + ROWS && i % ROW_PITCH < 4 * WIDTH;
        const unsigned wanted = is_written ? (unsigned)t->in[i] * 3 + 1 : seed + i;

        works = works && t->out[i] == (unsigned char)wanted;
    }
    return works;
}

static bool place_try(const yk_cl_device *device, cl_kernel kernel)
{
    unsigned char *const memory = aligned_alloc(ALIGNMENT, ROOM);
    place_trial t = {.device = device, .kernel = kernel};
    bool works = false;

    if (memory != NULL) {
        t.in = memory + SHIFT;
        t.out = t.in + BYTES;
        works = place_open(&t) && place_round_works(&t, 3) && place_round_works(&t, 100);
    }
    for (unsigned i = 0; i < 2; i++) {
        if (t.images[i] != NULL) {
            (void)yk_cl.clReleaseMemObject(t.images[i]);
        }
    }
    free(memory);
    return works;
}

static bool place_try_program(const yk_cl_device *device, const yk_cl_program *program)
{
    cl_int code;
    const cl_kernel kernel =
        yk_cl.clCreateKernel(program->handle, "yk_image_test", &code);
    uint32_t before;
    bool works;

    if (kernel == NULL) {
        return false;
    }
    before = yk_compiling_enter(YK_COMPILING_LAUNCH);
    works = place_try(device, kernel);
    yk_compiling_leave(before);
    (void)yk_cl.clReleaseKernel(kernel);
    return works;
}

bool yk_cl_images_are_in_place(yk_cl_device *device)
{
    const yk_kernel kernel = {
        .source = place_source, .build_options = "", .name = "yk_image_test"};
    yk_cl_program *program;

    if (device->memory != YK_CL_POINTER) {
        return false;
    }
    if (device->images_place == YK_CL_IMAGES_UNKNOWN) {
        device->images_place = YK_CL_IMAGES_COPIED;
        if (yk_cl_program_get(device, "", &kernel, &program, NULL) == YOKE_OK) {
            if (place_try_program(device, program)) {
                device->images_place = YK_CL_IMAGES_IN_PLACE;
            }
            yk_cl_program_put(device, program);
        }
    }
    return device->images_place == YK_CL_IMAGES_IN_PLACE;
}
