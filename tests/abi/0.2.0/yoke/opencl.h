/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The OpenCL handles of a task that runs on a device (yoke_task_options.on_device), with their
 * types. Needs the OpenCL headers; yoke.h does not include it.
 */
#ifndef YOKE_OPENCL_H
#define YOKE_OPENCL_H

#include <CL/cl.h>

#include "task.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a task may use of its device. All of it is borrowed. */
typedef struct yoke_opencl {
    cl_context context;
    cl_device_id device;
    /** In order. What a task leaves in it is finished before the task's result counts. */
    cl_command_queue queue;
} yoke_opencl;

/** The handles of a task's device; NULL if the task has none. */
static inline yoke_opencl yoke_task_opencl(const yoke_task *task)
{
    yoke_opencl handles = {NULL, NULL, NULL};

    if (task->device != NULL) {
        handles.context = (cl_context)task->device->context;
        handles.device = (cl_device_id)task->device->device;
        handles.queue = (cl_command_queue)task->device->queue;
    }
    return handles;
}

#ifdef __cplusplus
}
#endif

#endif
