/* SPDX-License-Identifier: MIT */
/* What a kernel's parameters are, as the compiler tells. */
#ifndef YK_OPENCL_CL_PARAMETERS_H
#define YK_OPENCL_CL_PARAMETERS_H

#include "opencl/cl_device.h"

/* Bytes of a value of a built-in type by its name ("float4", "ulong", "size_t"); 0 if
 * it is none. A vector of 3 takes as much as one of 4. */
uint32_t yk_cl_type_bytes(const char *type, unsigned address_bits);

/* Fills in the kernel's parameters from its generic form. YOKE_EUNSUPPORTED if there
 * are too many, or one that no argument can be given for, such as an image. */
yoke_status yk_cl_read_parameters(const yk_cl_device *device, yk_cl_kernel *kernel,
                                  yk_error *error);

#endif
