/* SPDX-License-Identifier: MIT */
/* A kernel's parameters, as the compiler reports them. */
#ifndef YK_OPENCL_CL_PARAMETERS_H
#define YK_OPENCL_CL_PARAMETERS_H

#include "opencl/cl_device.h"

/* The size of a value of a built-in type by its name ("float4", "ulong", "size_t"); 0 if it is
 * not such a type. A vector of 3 is as large as one of 4. */
uint32_t yk_cl_type_bytes(const char *type, unsigned address_bits);

/* Sets YOKE_EUNSUPPORTED, for a kernel with images on a device that has none. */
yoke_status yk_cl_fail_images(const yk_cl_device *device, const yk_kernel *kernel,
                              yk_error *error);

/* Fills in the kernel's parameters from its generic form. YOKE_EUNSUPPORTED if there are too
 * many, or one for which there is no kind of argument, such as a pipe, or if the device has no
 * images. */
yoke_status yk_cl_read_parameters(const yk_cl_device *device, yk_cl_kernel *kernel,
                                  yk_error *error);

#endif
