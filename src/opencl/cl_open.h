/* SPDX-License-Identifier: MIT */
/* Loading the driver and getting to know the device. */
#ifndef YK_OPENCL_CL_OPEN_H
#define YK_OPENCL_CL_OPEN_H

#include "opencl/cl_device.h"

/* Fills in a device that is all zero: context, queue, limits and the best way to the
 * window. On failure the caller closes it as it is. */
yoke_status yk_cl_bring_up(yk_cl_device *device, const yk_device_config *config,
                           yk_error *error);

#endif
