/* SPDX-License-Identifier: MIT */
/* Kernels and launches made by hand, for devices without a pool. */
#ifndef MADE_H
#define MADE_H

#include <stddef.h>
#include <stdint.h>

#include "launch/launch.h"
#include "yoke/kernel.h"

/* A kernel with a native form. */
void made_kernel(yk_kernel *kernel, uint64_t id, const char *name,
                 yoke_native *function);

/* A one-dimensional launch without arguments. */
void made_launch(yk_launch *launch, const yk_kernel *kernel, uint64_t id,
                 uint64_t begin, uint64_t size);

/* Add an argument and return it, to be refined. */
yk_arg *made_array(yk_launch *launch, void *array, uint64_t bytes, uint32_t access,
                   uint32_t parts);
yk_arg *made_scalar(yk_launch *launch, const void *value, size_t bytes);
yk_arg *made_local(yk_launch *launch, size_t bytes);

#endif
