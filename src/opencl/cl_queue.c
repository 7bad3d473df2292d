/* SPDX-License-Identifier: MIT */
#include "opencl/cl_queue.h"

#include <time.h>

#include "base/bits.h"
#include "device/compiling.h"
#include "opencl/pocl_lock.h"

enum { FIRST_NAP_NS = 20000, LONGEST_NAP_NS = 1000000 };

static cl_int status_of(cl_event event)
{
    cl_int status = CL_COMPLETE;
    const cl_int code = yk_cl.clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS,
                                             sizeof status, &status, NULL);

    return code == CL_SUCCESS ? status : code;
}

/* Polls the event; returns its last status. */
static cl_int poll_event(cl_event event)
{
    struct timespec nap = {.tv_nsec = FIRST_NAP_NS};
    cl_int status;

    while ((status = status_of(event)) > CL_COMPLETE) {
        (void)nanosleep(&nap, NULL);
        nap.tv_nsec = (long)yk_min((uint64_t)nap.tv_nsec * 3 / 2, LONGEST_NAP_NS);
    }
    return status;
}

void yk_cl_event_release(cl_event *event)
{
    if (*event != NULL) {
        (void)yk_cl.clReleaseEvent(*event);
        *event = NULL;
    }
}

/* Makes `last` the event of all commands that are in the queue now, and submits them. */
static cl_int cl_queue_mark(yk_cl_lane *lane)
{
    cl_int code;

    yk_cl_event_release(&lane->last);
    code = yk_cl.clEnqueueMarkerWithWaitList(lane->queue, 0, NULL, &lane->last);
    return code == CL_SUCCESS ? yk_cl.clFlush(lane->queue) : code;
}

static cl_int wait_polling(yk_cl_lane *lane)
{
    const cl_int code = lane->last == NULL ? cl_queue_mark(lane) : CL_SUCCESS;

    return code == CL_SUCCESS ? poll_event(lane->last) : code;
}

/* Releases the launches' events; the first failure among them, or CL_SUCCESS. */
static cl_int collect_events(yk_cl_lane *lane)
{
    cl_int failure = CL_SUCCESS;

    for (size_t i = 0; i < lane->event_count; i++) {
        const cl_int status = status_of(lane->events[i]);

        if (status < 0 && failure == CL_SUCCESS) {
            failure = status;
        }
        (void)yk_cl.clReleaseEvent(lane->events[i]);
    }
    lane->event_count = 0;
    yk_cl_event_release(&lane->last);
    yk_cl_event_release(&lane->sent);
    return failure;
}

void yk_cl_drop_events(yk_cl_lane *lane)
{
    (void)collect_events(lane);
}

/* If clFinish() is used to wait, it also submits: that of rusticl 22.3 does not wait for
 * commands that were flushed before. */
yoke_status yk_cl_submit(yk_cl_device *device, yk_cl_lane *lane, yk_error *error)
{
    const cl_int code = device->polls ? cl_queue_mark(lane) : CL_SUCCESS;

    return code == CL_SUCCESS ? YOKE_OK
                              : yk_cl_fail(error, device->info.name, "clFlush", code);
}

yoke_status yk_cl_wait(yk_cl_device *device, yk_cl_lane *lane, yk_error *error)
{
    const cl_int waited =
        device->polls ? wait_polling(lane) : yk_cl.clFinish(lane->queue);
    const cl_int failure = collect_events(lane);
    const cl_int code = failure != CL_SUCCESS ? failure : waited;

    return code == CL_SUCCESS
               ? YOKE_OK
               : yk_cl_fail(error, device->info.name, "the launch", code);
}

static yoke_status cl_queue_enqueue(yk_cl_device *device, yk_cl_lane *lane,
                                    const yk_cl_piece *piece, yk_error *error)
{
    cl_event event;
    const cl_int code = yk_cl.clEnqueueNDRangeKernel(
        lane->queue, device->variant->handle, device->launch->dimensions, piece->offset,
        piece->global, piece->local, 0, NULL, &event);

    if (code != CL_SUCCESS) {
        return yk_cl_fail(error, device->info.name, "clEnqueueNDRangeKernel", code);
    }
    if (lane->event_count < YK_CL_MAX_EVENTS) {
        lane->events[lane->event_count++] = event;
    } else {
        (void)yk_cl.clReleaseEvent(event);
    }
    return YOKE_OK;
}

/* PoCL compiles in this call or, on its device with threads, before the kernel runs there: when
 * the call after it returns, it has. */
static yoke_status launch_cold(yk_cl_device *device, yk_cl_lane *lane,
                               const yk_cl_piece *piece, yk_error *error)
{
    const uint32_t before = yk_compiling_enter(YK_COMPILING_LAUNCH);
    yoke_status status = cl_queue_enqueue(device, lane, piece, error);

    if (status == YOKE_OK) {
        status = yk_cl_wait(device, lane, error);
    }
    yk_compiling_leave(before);
    device->base.compiled = true;
    if (status == YOKE_OK) {
        yk_pocl_set_warm(device->variant, piece);
    }
    return status;
}

yoke_status yk_cl_launch(yk_cl_device *device, yk_cl_lane *lane, uint64_t begin,
                         uint64_t end, yk_error *error)
{
    yk_cl_piece pieces[YK_CL_MAX_PIECES];
    const size_t count =
        yk_cl_shape_cut(&device->shape, device->launch, begin, end, pieces);
    yoke_status status = YOKE_OK;

    for (size_t i = 0; i < count && status == YOKE_OK; i++) {
        status = yk_pocl_is_cold(device, device->variant, &pieces[i])
                     ? launch_cold(device, lane, &pieces[i], error)
                     : cl_queue_enqueue(device, lane, &pieces[i], error);
    }
    return status;
}
