/* SPDX-License-Identifier: MIT */
/* Programs, built from source text, from which kernels are created. */
#ifndef YK_OPENCL_CL_PROGRAM_H
#define YK_OPENCL_CL_PROGRAM_H

#include "opencl/cl_device.h"

/* Builds prefix and source, or finds a program that was built before. The caller releases the
 * program with yk_cl_program_put(). YOKE_EBUILD with the compiler's log. */
yoke_status yk_cl_program_get(yk_cl_device *device, const char *prefix,
                              const yk_kernel *kernel, yk_cl_program **program,
                              yk_error *error);

/* Releases a program; NULL is allowed. */
void yk_cl_program_put(yk_cl_device *device, yk_cl_program *program);

#endif
