/* SPDX-License-Identifier: MIT */
/* Buffers that keep the content of lent allocations from launch to launch. */
#ifndef YK_OPENCL_CL_RESIDENT_H
#define YK_OPENCL_CL_RESIDENT_H

#include "opencl/cl_device.h"

/* Binds an argument in a lent allocation to (a part of) the allocation's buffer. False if
 * that cannot be: then it is bound like any other. */
bool yk_cl_resident_bind(yk_cl_device *device, const yk_arg *arg,
                         yk_cl_binding *binding);

/* Copies blocks from a buffer to the window. */
yoke_status yk_cl_residents_fetch(yk_cl_device *device, const yk_residency *table,
                                  yk_pages blocks, yk_error *error);

/* Whether what chunks write to an argument stays in its buffer. */
bool yk_cl_resident_stays(const yk_cl_device *device, size_t index);

/* Frees the buffer that was used least recently and is not bound now. False if there is
 * none. */
bool yk_cl_resident_evict(yk_cl_device *device);

/* Before a lane sends: what another lane is sending counts as there, so this lane's queue
 * waits for it. */
cl_int yk_cl_residents_follow(const yk_cl_device *device, const yk_cl_lane *lane);

/* After it has sent something: others wait for this. */
cl_int yk_cl_residents_lead(const yk_cl_device *device, yk_cl_lane *lane);

/* A lane's results have landed and their blocks' versions were raised: they are current
 * on the device too. What stays there has a holder from now on. */
void yk_cl_residents_keep(yk_cl_device *device, const yk_cl_lane *lane);

/* Nothing that the buffers hold counts any more: a transfer failed. */
void yk_cl_residents_forget(yk_cl_device *device);

void yk_cl_residents_close(yk_cl_device *device);

#endif
