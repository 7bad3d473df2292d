/* SPDX-License-Identifier: MIT */
/* Buffers that keep the content of lent allocations from launch to launch. */
#ifndef YK_OPENCL_CL_RESIDENT_H
#define YK_OPENCL_CL_RESIDENT_H

#include "opencl/cl_device.h"

/* Binds an argument in a lent allocation to (a part of) the allocation's buffer. False if that
 * is impossible: then it is bound like any other argument. */
bool yk_cl_resident_bind(yk_cl_device *device, const yk_arg *arg,
                         yk_cl_binding *binding);

/* Copies pages from a buffer to the window. */
yoke_status yk_cl_residents_fetch(yk_cl_device *device, const yk_residency *table,
                                  yk_pages blocks, yk_error *error);

/* Whether what chunks write to an argument stays in its buffer. */
bool yk_cl_resident_stays(const yk_cl_device *device, size_t index);

/* Frees the least recently used buffer that is not bound now. False if there is none. */
bool yk_cl_resident_evict(yk_cl_device *device);

/* Before a lane sends: data that another lane is sending counts as present, so this lane's
 * queue waits for it. */
cl_int yk_cl_residents_follow(const yk_cl_device *device, const yk_cl_lane *lane);

/* After it has sent something: other lanes wait for this. */
cl_int yk_cl_residents_lead(const yk_cl_device *device, yk_cl_lane *lane);

/* Records that a lane's results are in the window and their pages' versions were raised: they
 * are current on the device, too. What stays there now has a holder. */
void yk_cl_residents_keep(yk_cl_device *device, const yk_cl_lane *lane);

/* The content of all buffers is invalid: a transfer failed. */
void yk_cl_residents_forget(yk_cl_device *device);

void yk_cl_residents_close(yk_cl_device *device);

#endif
