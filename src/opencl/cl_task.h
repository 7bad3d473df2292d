/* SPDX-License-Identifier: MIT */
/* Task functions that ask for a device: they run in the device's process and get its handles. */
#ifndef YK_OPENCL_CL_TASK_H
#define YK_OPENCL_CL_TASK_H

#include "opencl/cl_device.h"

/* YOKE_EUNSUPPORTED for a task that asks for no device, and for kernels of other kinds. */
yoke_status yk_cl_task_check(const yk_kernel *kernel, yk_error *error);

/* Binds the arguments of the launch that was begun. */
yoke_status yk_cl_task_begin(yk_cl_device *device, const yk_kernel *kernel,
                             yk_error *error);

/* Calls the function for some items, and waits for the commands that it has left in the queue. */
yoke_status yk_cl_task_run(yk_cl_device *device, uint64_t begin, uint64_t end,
                           yk_error *error);

#endif
