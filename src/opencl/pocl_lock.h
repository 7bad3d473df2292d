/* SPDX-License-Identifier: MIT */
/*
 * PoCL's compiler cache before version 6.0. If several processes build the same program for the
 * first time, builds fail: pocl_write_file() removes what another process has just renamed into
 * its place (pocl issue 1480). So a builder holds a lock, one for each program, in a file of the
 * cache's folder. Once a program has been built it is noted there, and needs no lock any more.
 *
 * What a first launch compiles needs none: from 1.8 to 6.0 llvm_codegen() links it under a name
 * of its own, and renames it.
 */
#ifndef YK_OPENCL_POCL_LOCK_H
#define YK_OPENCL_POCL_LOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "opencl/cl_device.h"

/* The device is PoCL's. */
void yk_pocl_open(yk_cl_device *device);
void yk_pocl_close(yk_cl_device *device);

/* Takes the lock of a program if the driver needs one; continues without it after some seconds.
 * With `again` also if the program is noted. Returns its key, for the call that gives it back. */
uint64_t yk_pocl_lock(const yk_cl_device *device, const yk_cl_program *program, bool again);

/* Gives the lock back, and notes the program if it was built. */
void yk_pocl_unlock(const yk_cl_device *device, uint64_t key, bool built);

/* Whether a launch of this shape may make PoCL compile. */
bool yk_pocl_is_cold(const yk_cl_device *device, const yk_cl_variant *variant,
                     const yk_cl_piece *piece);

/* Records that a launch of this shape has run. */
void yk_pocl_set_warm(yk_cl_variant *variant, const yk_cl_piece *piece);

#endif
