/* SPDX-License-Identifier: MIT */
/* Kernels that read in front of the address they are given, since parts of a halo lie there. */
#ifndef YK_OPENCL_CL_FRONT_H
#define YK_OPENCL_CL_FRONT_H

#include "opencl/cl_device.h"

/* YOKE_EUNSUPPORTED if the launch that is being begun has such an argument and the device
 * does not read there. A buffer's part is all that a kernel gets, and what lies in front of
 * a part is out of bounds for OpenCL, though there on almost all devices: it is tried out
 * with a small kernel, once, when it is first needed. */
yoke_status yk_cl_check_front(yk_cl_device *device, yk_error *error);

#endif
