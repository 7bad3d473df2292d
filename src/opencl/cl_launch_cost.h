/* SPDX-License-Identifier: MIT */
/* What a chunk costs beside its items. */
#ifndef YK_OPENCL_CL_LAUNCH_COST_H
#define YK_OPENCL_CL_LAUNCH_COST_H

#include "opencl/cl_device.h"

/* Nanoseconds from start to finish of a launch of `items` items, with a small transfer
 * each way if the device has memory of its own; the least of several. The kernel takes an
 * output and an input of 4 bytes an item. 0 if it cannot be measured. */
uint64_t yk_cl_launch_cost(yk_cl_device *device, cl_kernel kernel, size_t items);

#endif
