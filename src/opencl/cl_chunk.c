/* SPDX-License-Identifier: MIT */
#include "opencl/cl_chunk.h"

#include "launch/lent.h"
#include "opencl/cl_memory.h"
#include "opencl/cl_queue.h"
#include "opencl/cl_resident.h"
#include "opencl/cl_staging.h"
#include "opencl/cl_transfer.h"

/* After a failure every later call may hang, and data that was being sent may not have arrived. */
static yoke_status cl_chunk_note(yk_cl_device *device, yoke_status status)
{
    if (status == YOKE_EDEVICE) {
        device->has_failed = true;
        yk_cl_residents_forget(device);
    }
    return status;
}

/* Waits until nothing reads or writes any more. A GPU that failed might never finish; its
 * process ends. */
static void let_go(yk_cl_device *device, yk_cl_lane *lane)
{
    if (!device->has_failed || device->info.is_cpu) {
        (void)yk_cl_wait(device, lane, NULL);
    }
    lane->is_busy = false;
}

yoke_status yk_cl_chunks_begin(yk_cl_device *device, yk_error *error)
{
    yk_cl_lane *const lane = &device->lanes[0];
    const uint64_t sent = device->base.sent;
    yoke_status status;

    lane->is_busy = true;
    status = yk_cl_send_common(device, lane, error);
    if (status == YOKE_OK && (device->is_discrete || device->base.sent != sent)) {
        status = yk_cl_wait(device, lane, error);
    }
    lane->is_busy = status != YOKE_OK;
    return cl_chunk_note(device, status);
}

static yoke_status cl_chunk_enqueue(yk_cl_device *device, yk_cl_lane *lane,
                                    yk_error *error)
{
    yoke_status status = yk_cl_bind_copies(device, lane, lane->begin, error);

    if (status == YOKE_OK) {
        status = yk_cl_send_items(device, lane, lane->begin, lane->end, error);
    }
    yk_lent_changed(device->launch, lane->begin, lane->end);
    if (status == YOKE_OK) {
        status = yk_cl_launch(device, lane, lane->begin, lane->end, error);
    }
    if (status == YOKE_OK && device->memory == YK_CL_BUFFER) {
        status = yk_cl_wait(device, lane, error);
    }
    if (status == YOKE_OK) {
        status = yk_cl_receive(device, lane, lane->begin, lane->end, error);
    }
    return status == YOKE_OK ? yk_cl_submit(device, lane, error) : status;
}

yoke_status yk_cl_chunk_start(yk_cl_device *device, yk_cl_lane *lane, uint64_t begin,
                              uint64_t end, yk_error *error)
{
    yoke_status status;

    lane->is_busy = true;
    lane->begin = begin;
    lane->end = end;
    status = cl_chunk_note(device, cl_chunk_enqueue(device, lane, error));
    if (status != YOKE_OK) {
        let_go(device, lane);
    }
    return status;
}

yoke_status yk_cl_chunk_finish(yk_cl_device *device, yk_cl_lane *lane, yk_error *error)
{
    const yoke_status status = cl_chunk_note(device, yk_cl_wait(device, lane, error));

    if (status == YOKE_OK) {
        yk_cl_land(device, lane);
        yk_lent_changed(device->launch, lane->begin, lane->end);
        yk_cl_residents_keep(device, lane);
    }
    lane->is_busy = false;
    return status;
}

void yk_cl_chunks_abandon(yk_cl_device *device)
{
    for (unsigned i = 0; i < YK_MAX_LANES; i++) {
        if (device->lanes[i].is_busy) {
            let_go(device, &device->lanes[i]);
        }
    }
}

void yk_cl_lane_fini(yk_cl_lane *lane)
{
    yk_cl_drop_events(lane);
    yk_cl_staging_fini(lane, &lane->out);
    yk_cl_staging_fini(lane, &lane->in);
    if (lane->queue != NULL) {
        (void)yk_cl.clReleaseCommandQueue(lane->queue);
        lane->queue = NULL;
    }
}
