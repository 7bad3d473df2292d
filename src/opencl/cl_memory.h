/* SPDX-License-Identifier: MIT */
/* How a kernel's arrays reach the device: see yk_cl_memory. */
#ifndef YK_OPENCL_CL_MEMORY_H
#define YK_OPENCL_CL_MEMORY_H

#include "opencl/cl_device.h"

/* Binds all arguments of the launch that is being begun to its kernel. */
yoke_status yk_cl_bind(yk_cl_device *device, yk_error *error);

/* Before a chunk that begins with this item: arguments of which each block of items has a copy are
 * bound to those of its block. The lane is idle. */
yoke_status yk_cl_bind_copies(yk_cl_device *device, yk_cl_lane *lane, uint64_t begin,
                              yk_error *error);

/* Releases what was made for the launch. Buffers are kept for later launches. */
void yk_cl_unbind(yk_cl_device *device);

/* A new buffer of the device, poisoned if copying was forced. */
cl_int yk_cl_buffer_make(yk_cl_device *device, uint64_t bytes, cl_mem *handle);

/* Binds an argument to its allocation's buffer: the whole of it, or a sub-buffer. */
bool yk_cl_bind_part(cl_mem block, const yk_arg *arg, yk_cl_binding *binding);

/* Copies to the window what a device alone has of a lent array, so that the array can be bound like
 * one that is not lent. False if that fails. */
bool yk_cl_give_back(yk_cl_device *device, const yk_arg *arg);

/* Releases buffers and images of earlier launches that this launch has not bound, those of the
 * arguments from `first` on. */
void yk_cl_release_spare(yk_cl_device *device, size_t first);

/* Frees all buffers. */
void yk_cl_memory_close(yk_cl_device *device);

#endif
