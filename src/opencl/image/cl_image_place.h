/* SPDX-License-Identifier: MIT */
/* Whether a device's images can be the window's memory. */
#ifndef YK_OPENCL_IMAGE_CL_IMAGE_PLACE_H
#define YK_OPENCL_IMAGE_CL_IMAGE_PLACE_H

#include "opencl/cl_device.h"

/* Whether a driver that takes the window's addresses uses memory of the host for images in place:
 * kernels see what another process has written there, and what they write is there when the queue
 * has finished, and not a byte more. Drivers do not tell, so this is tested with a small kernel
 * once, when it is first needed. */
bool yk_cl_images_are_in_place(yk_cl_device *device);

#endif
