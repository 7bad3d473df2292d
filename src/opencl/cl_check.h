/* SPDX-License-Identifier: MIT */
/* Checks whether a launch fits a kernel and a device. The error text says why not. */
#ifndef YK_OPENCL_CL_CHECK_H
#define YK_OPENCL_CL_CHECK_H

#include "opencl/cl_device.h"

/* YOKE_EINVAL if number, kind or size of the arguments differ from the parameters. */
yoke_status yk_cl_check_arguments(const yk_cl_kernel *kernel, const yk_launch *launch,
                                  yk_error *error);

/* YOKE_EUNSUPPORTED if the device does not have enough memory of some kind. */
yoke_status yk_cl_check_memory(const yk_cl_device *device, const yk_cl_kernel *kernel,
                               const yk_cl_variant *variant, const yk_launch *launch,
                               yk_error *error);

/* YOKE_EINVAL if the work-group size is not the kernel's or does not divide the range,
 * YOKE_EUNSUPPORTED if it is too large for the device. */
yoke_status yk_cl_check_group(const yk_cl_device *device, const yk_cl_kernel *kernel,
                              const yk_launch *launch, yk_error *error);

/* The part of this check that depends on the form that was built. */
yoke_status yk_cl_check_shape(const yk_cl_device *device, const yk_cl_kernel *kernel,
                              const yk_cl_variant *variant, const yk_cl_shape *shape,
                              yk_error *error);

/* Explains a failed binding of argument `index`. */
yoke_status yk_cl_fail_argument(const yk_cl_device *device, const yk_cl_kernel *kernel,
                                const yk_launch *launch, size_t index, cl_int code,
                                yk_error *error);

#endif
