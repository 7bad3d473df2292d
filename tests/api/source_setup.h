/* SPDX-License-Identifier: MIT */
/* Pools that run kernels from source, one for each kind of device and driver. */
#ifndef SOURCE_SETUP_H
#define SOURCE_SETUP_H

#include "api_setup.h"

typedef struct source_device {
    const char *devices;
    const char *discrete; /* YOKE_FORCE_DISCRETE */
    const char *driver;   /* the only one to look at; NULL: those that are installed */
} source_device;

enum { SOURCE_DEVICES = 6 };

/* The first is CPU workers. */
extern const source_device source_devices[SOURCE_DEVICES];

/* NULL: there is no such device here. */
yoke_pool *source_open(const source_device *device);

#endif
