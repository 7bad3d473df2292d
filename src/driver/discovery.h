/* SPDX-License-Identifier: MIT */
/*
 * Discovery of OpenCL devices. The installed drivers are found by reading files. Only a driver
 * itself can list its devices, so yk_opencl_list() runs in a process of its own.
 */
#ifndef YK_DRIVER_DISCOVERY_H
#define YK_DRIVER_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "device/kind.h"

typedef struct yk_opencl_driver {
    char path[256];    /* value for OCL_ICD_VENDORS: an .icd file or a library */
    char library[256]; /* what it loads, as written in the .icd file */
    uint32_t is_pocl;
    uint32_t reserved;
} yk_opencl_driver;

typedef struct yk_opencl_device {
    uint32_t platform; /* index among the driver's platforms */
    uint32_t device;   /* index among the platform's devices */
    uint32_t type;     /* YK_HARDWARE_... */
    uint32_t has_double;
    uint64_t memory_bytes;
    char name[128];
    char platform_name[128];
    char version[128];
} yk_opencl_device;

/* Lists the installed drivers without loading any: those of OCL_ICD_VENDORS if the user set it
 * (a folder, an .icd file or a library), otherwise those of the system's folder. Adds NVIDIA's
 * library if it is installed without an .icd file. Makes no cl* call. Returns how many. */
size_t yk_opencl_drivers(yk_opencl_driver drivers[YK_MAX_DRIVERS]);

/* Whether this process has loaded an OpenCL driver (not merely the loader, which has no state
 * before the first call); if so, the file's name. */
bool yk_opencl_has_driver(char *name, size_t bytes);

/* ... or another library of a device, which a driver may share. */
bool yk_opencl_has_runtime(char *name, size_t bytes);

/* Loads one driver and lists its devices. Makes cl* calls, so only in a process of its own.
 * YOKE_ENODEVICE if the loader library or the driver cannot be loaded. A driver without devices
 * is YOKE_OK with a count of 0, and an error text. */
yoke_status yk_opencl_list(const char *driver_path,
                           yk_opencl_device devices[YK_MAX_DRIVER_DEVICES], size_t *count,
                           yk_error *error);

#endif
