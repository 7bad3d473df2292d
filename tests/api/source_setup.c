/* SPDX-License-Identifier: MIT */
#include "source_setup.h"

#include <stdlib.h>
#include <unistd.h>

static const char oclgrind[] = "/usr/lib/oclgrind/liboclgrind-rt-icd.so";

const source_device source_devices[SOURCE_DEVICES] = {
    {"cpu:2", "0", NULL},           {"opencl:pocl", "0", NULL},
    {"opencl:pocl", "1", NULL},     {"cpu:1,opencl:pocl", "0", NULL},
    {"opencl:llvmpipe", "0", NULL}, {"opencl:0", "0", oclgrind},
};

static bool set_environment(const source_device *device)
{
    (void)setenv("YOKE_FORCE_DISCRETE", device->discrete, 1);
    (void)setenv("RUSTICL_ENABLE", "llvmpipe", 1);
    if (device->driver == NULL) {
        (void)unsetenv("OCL_ICD_VENDORS");
        return true;
    }
    (void)setenv("OCL_ICD_VENDORS", device->driver, 1);
    return access(device->driver, R_OK) == 0;
}

yoke_pool *source_open(const source_device *device)
{
    const yoke_pool_options options = {.devices = device->devices};
    const yoke_kernel_options empty = {.name = "g",
                                       .source = "__kernel void g(void) {}"};
    yoke_kernel *kernel = NULL;
    yoke_pool *pool = NULL;
    yoke_status status =
        set_environment(device) ? yoke_pool_create(&pool, &options) : YOKE_ENODEVICE;

    if (status == YOKE_OK) {
        status = yoke_kernel_create(&kernel, pool, &empty);
        yoke_kernel_destroy(kernel);
    }
    if (status == YOKE_ENODEVICE) {
        if (pool != NULL) {
            api_close(pool);
        }
        return NULL;
    }
    assert_ok_pool(pool, status);
    return pool;
}
