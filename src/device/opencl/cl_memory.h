/* SPDX-License-Identifier: MIT */
/* How a kernel's arrays get to the device: see yk_cl_memory. */
#ifndef YK_DEVICE_OPENCL_CL_MEMORY_H
#define YK_DEVICE_OPENCL_CL_MEMORY_H

#include "device/opencl/cl_device.h"

/* Binds all arguments of the launch that is being begun to its kernel. */
yoke_status yk_cl_bind(yk_cl_device *device, yk_error *error);

/* Lets go of what was made for the launch. Buffers are kept for later ones. */
void yk_cl_unbind(yk_cl_device *device);

/* Frees all buffers. */
void yk_cl_memory_close(yk_cl_device *device);

#endif
