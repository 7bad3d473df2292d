/* SPDX-License-Identifier: MIT */
#include "device/device.h"

#include <stddef.h>

yoke_status yk_device_write_back(yk_device *device, yk_residency *table,
                                 yk_pages blocks, yk_error *error)
{
    yoke_status status = YOKE_OK;
    yk_pages run;

    while (device->holder != 0 && status == YOKE_OK &&
           yk_residency_next_held(table, blocks, device->holder, &run)) {
        status = device->ops->fetch(device, table, run, error);
        if (status == YOKE_OK) {
            yk_residency_mark_written(table, run);
        }
        blocks.first = run.end;
    }
    return status;
}
