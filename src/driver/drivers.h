/* SPDX-License-Identifier: MIT */
/* Installed OpenCL drivers, by their files. No driver is loaded. */
#ifndef YK_DRIVER_DRIVERS_H
#define YK_DRIVER_DRIVERS_H

#include <stdbool.h>
#include <stddef.h>

#include "driver/discovery.h"

/* The library of a driver path: the one that an .icd file names, or the path itself. False if
 * the file cannot be read or names nothing, or if the name does not fit. */
bool yk_opencl_driver_library(const char *path, char *library, size_t bytes);

/* The drivers of a setting of vendors: a folder of .icd files, an .icd file or a library. */
size_t yk_opencl_drivers_in(const char *vendors,
                            yk_opencl_driver drivers[YK_MAX_DRIVERS]);

#endif
