/* SPDX-License-Identifier: MIT */
/* Queries of platforms and devices. What they do not answer is 0 or "". */
#ifndef YK_DRIVER_CL_QUERY_H
#define YK_DRIVER_CL_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "driver/cl_api.h"

enum { YK_CL_MAX_PLATFORMS = 16 };

/* The loaded driver's platforms; YOKE_ENODEVICE if there is none. */
yoke_status yk_cl_platforms(cl_platform_id platforms[YK_CL_MAX_PLATFORMS],
                            cl_uint *count, yk_error *error);

/* The devices of a platform. Returns how many, at most `capacity`. */
cl_uint yk_cl_devices(cl_platform_id platform, cl_device_id *devices, cl_uint capacity);

/* A value of 1, 2, 4 or 8 bytes. */
uint64_t yk_cl_device_number(cl_device_id device, cl_device_info what);

/* Texts, cut if too long, without space around them. */
void yk_cl_device_text(cl_device_id device, cl_device_info what, char *text,
                       size_t bytes);
void yk_cl_platform_text(cl_platform_id platform, cl_platform_info what, char *text,
                         size_t bytes);

/* Whether a platform is PoCL. */
bool yk_cl_is_pocl(cl_platform_id platform);

/* Why a platform may have no devices, if that is known; otherwise "". */
void yk_cl_explain_platform(cl_platform_id platform, char *text, size_t bytes);

bool yk_cl_has_double(cl_device_id device);

/* Major OpenCL version of a device, such as 1 or 3; 0 if unknown. */
unsigned yk_cl_device_major(cl_device_id device);

#endif
