/* SPDX-License-Identifier: MIT */
/* Moving the bytes that items touch between the window and the device. Transfers are
 * put into the queue; the caller waits. */
#ifndef YK_DEVICE_OPENCL_CL_TRANSFER_H
#define YK_DEVICE_OPENCL_CL_TRANSFER_H

#include "device/opencl/cl_device.h"

/* To the device: what all items may read, and what no item may write but must survive.
 */
yoke_status yk_cl_send_common(yk_cl_device *device, yk_error *error);

/* To the device: what the items [begin, end) read. */
yoke_status yk_cl_send_items(yk_cl_device *device, uint64_t begin, uint64_t end,
                             yk_error *error);

/* To the window: what the items [begin, end) wrote. Blocks where buffers lie over the
 * window itself; the launches should then have been waited for. */
yoke_status yk_cl_receive(yk_cl_device *device, uint64_t begin, uint64_t end,
                          yk_error *error);

#endif
