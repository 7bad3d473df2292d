/* SPDX-License-Identifier: MIT */
#include "opencl/image/cl_sampler.h"

#include <string.h>

#include "yoke/image.h"

static cl_addressing_mode addressing_of(const yoke_sampling *sampling)
{
    static const cl_addressing_mode modes[] = {
        [YOKE_ADDRESSING_NONE] = CL_ADDRESS_NONE,
        [YOKE_ADDRESSING_CLAMP_TO_EDGE] = CL_ADDRESS_CLAMP_TO_EDGE,
        [YOKE_ADDRESSING_CLAMP] = CL_ADDRESS_CLAMP,
        [YOKE_ADDRESSING_REPEAT] = CL_ADDRESS_REPEAT,
        [YOKE_ADDRESSING_MIRRORED] = CL_ADDRESS_MIRRORED_REPEAT,
    };

    return modes[sampling->addressing];
}

cl_int yk_cl_sampler_bind(yk_cl_device *device, size_t index)
{
    const yk_launch *const launch = device->launch;
    yoke_sampling sampling;
    cl_int code;

    memcpy(&sampling, yk_launch_value(launch, &launch->args[index]), sizeof sampling);
    device->samplers[index] = yk_cl.clCreateSampler(
        device->context, sampling.normalized, addressing_of(&sampling),
        sampling.filter == YOKE_FILTER_LINEAR ? CL_FILTER_LINEAR : CL_FILTER_NEAREST, &code);
    return device->samplers[index] == NULL
               ? code
               : yk_cl.clSetKernelArg(device->variant->handle, (cl_uint)index,
                                      sizeof device->samplers[index],
                                      &device->samplers[index]);
}

void yk_cl_samplers_drop(yk_cl_device *device)
{
    for (size_t i = 0; i < YK_MAX_ARGS; i++) {
        if (device->samplers[i] != NULL) {
            (void)yk_cl.clReleaseSampler(device->samplers[i]);
            device->samplers[i] = NULL;
        }
    }
}
