/* SPDX-License-Identifier: MIT */
/* Tests whether a device really works in place on memory that other processes change, and
 * measures what a chunk costs there. */
#ifndef YK_OPENCL_CL_SELF_TEST_H
#define YK_OPENCL_CL_SELF_TEST_H

#include "opencl/cl_device.h"

/* Fills in `memory`, the best way to access the shared window: YK_CL_POINTER or YK_CL_BUFFER if
 * a kernel that runs on a few pages sees what the host writes between launches, writes what the
 * host then reads, and leaves other bytes unchanged; otherwise YK_CL_COPY. Also fills in
 * info.launch_ns, by running that kernel again. */
void yk_cl_self_test(yk_cl_device *device);

#endif
