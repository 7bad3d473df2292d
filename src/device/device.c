/* SPDX-License-Identifier: MIT */
#include "device/device.h"

#include <stddef.h>

static const yk_device_ops *const ops_of[] = {
    [YK_DEVICE_NATIVE] = &yk_native_ops,
    [YK_DEVICE_OPENCL] = &yk_opencl_ops,
    [YK_DEVICE_FAKE] = &yk_fake_ops,
    [YK_DEVICE_CHECK] = &yk_check_ops,
};

yoke_status yk_device_give_back(yk_device *device, yk_residency *table,
                                yk_blocks blocks, yk_error *error)
{
    yoke_status status = YOKE_OK;
    yk_blocks run;

    while (device->holder != 0 && status == YOKE_OK &&
           yk_residency_next_held(table, blocks, device->holder, &run)) {
        status = device->ops->fetch(device, table, run, error);
        if (status == YOKE_OK) {
            yk_residency_give_back(table, run);
        }
        blocks.first = run.end;
    }
    return status;
}

const yk_device_ops *yk_device_ops_of(uint32_t kind)
{
    return kind < sizeof ops_of / sizeof ops_of[0] ? ops_of[kind] : NULL;
}
