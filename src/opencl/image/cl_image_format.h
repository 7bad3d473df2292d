/* SPDX-License-Identifier: MIT */
/* Descriptions of images in OpenCL's terms, and what a device can do with them. */
#ifndef YK_OPENCL_IMAGE_CL_IMAGE_FORMAT_H
#define YK_OPENCL_IMAGE_CL_IMAGE_FORMAT_H

#include "launch/pixels.h"
#include "opencl/cl_device.h"

cl_image_format yk_cl_format_of(const yk_pixels *pixels);

/* The description of an image, with the pitches of memory of the host if it is made over some. */
cl_image_desc yk_cl_image_desc_of(const yk_pixels *pixels, bool has_pitches);

/* "RGBA UNORM8" */
void yk_cl_format_name(const yk_pixels *pixels, char text[32]);

/* Whether the device has images of this kind and format for a kernel that does so with them. */
bool yk_cl_format_is_supported(const yk_cl_device *device, const yk_pixels *pixels,
                               cl_mem_flags access);

/* The largest image of this kind: sizes in x, y and z. */
void yk_cl_image_limits(const yk_cl_device *device, uint32_t shape, uint64_t limits[3]);

#endif
