/* SPDX-License-Identifier: MIT */
/* Programs: source text to something kernels can be made from. */
#ifndef YK_OPENCL_CL_PROGRAM_H
#define YK_OPENCL_CL_PROGRAM_H

#include "opencl/cl_device.h"

/* Builds prefix and source, or finds that this was done before. The caller gives the
 * program back. YOKE_EBUILD with the compiler's log. */
yoke_status yk_cl_program_get(yk_cl_device *device, const char *prefix,
                              const yk_kernel *kernel, yk_cl_program **program,
                              yk_error *error);

/* Gives a program back; NULL is allowed. */
void yk_cl_program_put(yk_cl_device *device, yk_cl_program *program);

#endif
