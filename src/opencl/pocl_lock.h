/* SPDX-License-Identifier: MIT */
/*
 * PoCL's compiler cache fails if several processes build the same thing for the first time
 * (pocl issue 1480). So a process that may compile holds a lock on the cache's folder.
 */
#ifndef YK_OPENCL_POCL_LOCK_H
#define YK_OPENCL_POCL_LOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "opencl/cl_device.h"
#include "sys/lock_file.h"

enum { YK_BUILD_LOCK_S = 30, YK_LAUNCH_LOCK_S = 2 };

/* PoCL's cache folder, created if it is missing; "" if that is impossible. */
void yk_pocl_cache_folder(char *path, size_t bytes);

/* Takes the lock if the device's driver needs one; continues without it after `seconds`. */
void yk_pocl_lock(const yk_cl_device *device, yk_lock_file *lock, unsigned seconds);

/* Whether a launch of this shape may make PoCL compile. */
bool yk_pocl_is_cold(const yk_cl_device *device, const yk_cl_variant *variant,
                     const yk_cl_piece *piece);

/* Records that a launch of this shape has run. */
void yk_pocl_set_warm(yk_cl_variant *variant, const yk_cl_piece *piece);

/* For a cold piece: how many items of its dimension `split` make PoCL compile what the whole
 * piece needs. */
size_t yk_pocl_warm_up_items(const yk_cl_piece *piece, unsigned split);

#endif
