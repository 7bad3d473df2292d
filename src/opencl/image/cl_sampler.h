/* SPDX-License-Identifier: MIT */
/* Sampler arguments. */
#ifndef YK_OPENCL_IMAGE_CL_SAMPLER_H
#define YK_OPENCL_IMAGE_CL_SAMPLER_H

#include "opencl/cl_device.h"

/* Makes a sampler of argument `index` and binds it. */
cl_int yk_cl_sampler_bind(yk_cl_device *device, size_t index);

/* Releases those that were made for the launch. */
void yk_cl_samplers_drop(yk_cl_device *device);

#endif
