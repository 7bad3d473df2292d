/* SPDX-License-Identifier: MIT */
/* Kernels that read memory before the address that they get, since parts of a halo lie there. */
#ifndef YK_OPENCL_CL_FRONT_H
#define YK_OPENCL_CL_FRONT_H

#include "opencl/cl_device.h"

/* YOKE_EUNSUPPORTED if the launch that is being begun has such an argument and the device does
 * not read there. A kernel gets only a part of a buffer, and for OpenCL what lies before that
 * part is out of bounds, although it works on almost all devices. This is tested with a small
 * kernel once, when it is first needed. */
yoke_status yk_cl_check_front(yk_cl_device *device, yk_error *error);

#endif
