/* SPDX-License-Identifier: MIT */
/*
 * Image arguments: how a kernel's images reach the device. The kernel always gets an image of the
 * whole size. It is made over the window's memory where the driver is seen to use that in place.
 * Otherwise it is an image of the device, kept from launch to launch: a chunk's rows are written to
 * it, and what the chunk wrote is read back, by regions of exactly these pixels.
 */
#ifndef YK_OPENCL_IMAGE_CL_IMAGE_H
#define YK_OPENCL_IMAGE_CL_IMAGE_H

#include "opencl/cl_device.h"
#include "opencl/cl_move.h"

/* YOKE_EUNSUPPORTED if the device cannot have the images of the launch that is being begun: their
 * formats, sizes or number. */
yoke_status yk_cl_check_images(yk_cl_device *device, yk_error *error);

/* Binds argument `index`, an image. */
cl_int yk_cl_image_bind(yk_cl_device *device, size_t index);

/* Puts the transfer of an extent of the window into a lane's queue, as yk_cl_move() does. */
cl_int yk_cl_image_move(const yk_cl_lane *lane, const yk_cl_binding *binding,
                        const yk_extent *extent, yk_cl_direction direction);

/* Makes a lane's queue wait for all others if images are copied: no queue changes an image that a
 * kernel of another queue accesses, also if these are other pixels. */
cl_int yk_cl_images_follow(const yk_cl_device *device, const yk_cl_lane *lane);

/* Releases images of earlier launches that this launch has not bound, from argument `first` on. */
void yk_cl_images_drop(yk_cl_device *device, size_t first);

#endif
