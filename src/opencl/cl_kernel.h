/* SPDX-License-Identifier: MIT */
/* Kernels of a device, in all forms in which they were built. */
#ifndef YK_OPENCL_CL_KERNEL_H
#define YK_OPENCL_CL_KERNEL_H

#include "opencl/cl_device.h"

/* Builds a kernel's generic form and reads its parameters; cheap if that was done. */
yoke_status yk_cl_kernel_build(yk_cl_device *device, const yk_kernel *kernel,
                               yk_error *error);

/* A kernel that was built, or NULL. */
yk_cl_kernel *yk_cl_kernel_find(const yk_cl_device *device, uint64_t id);

/* The form of a kernel for a range; builds it if necessary. */
yoke_status yk_cl_kernel_variant(yk_cl_device *device, yk_cl_kernel *kernel,
                                 const yk_cl_variant_key *key, yk_cl_variant **variant,
                                 yk_error *error);

/* Frees a kernel; a no-op if it was never built. */
void yk_cl_kernel_forget(yk_cl_device *device, uint64_t id);

#endif
