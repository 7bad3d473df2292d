/* SPDX-License-Identifier: MIT */
/* Launching pieces of a range and waiting for them. */
#ifndef YK_OPENCL_CL_QUEUE_H
#define YK_OPENCL_CL_QUEUE_H

#include "opencl/cl_device.h"

/* Submits everything in a lane's queue to the device, which then runs it by itself. If waits do
 * not poll, they do this as well. */
yoke_status yk_cl_submit(yk_cl_device *device, yk_cl_lane *lane, yk_error *error);

/* Blocks until everything in a lane's queue is done, without keeping a core busy where the
 * driver's own wait would. YOKE_EDEVICE if a launch failed. */
yoke_status yk_cl_wait(yk_cl_device *device, yk_cl_lane *lane, yk_error *error);

/* Releases an event and sets it to NULL; a no-op if it is NULL. */
void yk_cl_event_release(cl_event *event);

/* Releases the events of commands that were submitted and not waited for. */
void yk_cl_drop_events(yk_cl_lane *lane);

/* Launches the items [begin, end) of the launch that was begun. May block if the driver
 * compiles at first use. */
yoke_status yk_cl_launch(yk_cl_device *device, yk_cl_lane *lane, uint64_t begin,
                         uint64_t end, yk_error *error);

#endif
