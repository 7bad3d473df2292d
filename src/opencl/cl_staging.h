/* SPDX-License-Identifier: MIT */
/*
 * Pinned memory between the window and a device with memory of its own: drivers move bytes at
 * full speed, and in parallel with other work, only from and to memory that they allocated
 * themselves.
 */
#ifndef YK_OPENCL_CL_STAGING_H
#define YK_OPENCL_CL_STAGING_H

#include "opencl/cl_device.h"

/* Empties a lane's staging memory, none of which may be in use, and makes room for `bytes` if
 * that is not too much. */
void yk_cl_staging_reset(const yk_cl_device *device, const yk_cl_lane *lane,
                        yk_cl_staging *staging, uint64_t bytes);

/* Room for `bytes` bytes until the next reset. NULL if there is none: then the caller moves
 * them without staging. */
unsigned char *yk_cl_staging_put(yk_cl_staging *staging, uint64_t bytes);

/* Frees it; a no-op on a zeroed one. */
void yk_cl_staging_fini(const yk_cl_lane *lane, yk_cl_staging *staging);

#endif
