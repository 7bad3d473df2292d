/* SPDX-License-Identifier: MIT */
/* Moving the bytes that items access between the window and the device. Transfers are put into
 * a lane's queue; the caller waits. */
#ifndef YK_OPENCL_CL_TRANSFER_H
#define YK_OPENCL_CL_TRANSFER_H

#include "opencl/cl_device.h"

/* To the device, if the launch has several chunks: what all items may read. */
yoke_status yk_cl_send_common(yk_cl_device *device, yk_cl_lane *lane, yk_error *error);

/* To the device: what the items [begin, end) read. If these are all items of the range, also
 * what no item may write but must survive: the chunk may be repeated. */
yoke_status yk_cl_send_items(yk_cl_device *device, yk_cl_lane *lane, uint64_t begin,
                             uint64_t end, yk_error *error);

/* From the device: what the items [begin, end) wrote. Blocks if buffers lie over the window
 * itself; the launches should then have been waited for. */
yoke_status yk_cl_receive(yk_cl_device *device, yk_cl_lane *lane, uint64_t begin,
                          uint64_t end, yk_error *error);

/* To the window, after the lane was waited for: what was received elsewhere. */
void yk_cl_land(yk_cl_device *device, const yk_cl_lane *lane);

#endif
