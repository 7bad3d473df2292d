/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The OpenCL handles of a task that asked for a device (yoke_task_options.kind), with their
 * types. Needs the OpenCL headers and is no part of yoke.h.
 */
#ifndef YOKE_OPENCL_H
#define YOKE_OPENCL_H

#include <CL/cl.h>

#include "task.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The context of the task's device; borrowed. NULL if the task has asked for none. */
static inline cl_context yoke_task_cl_context(const yoke_task *task)
{
    return task->device != NULL ? (cl_context)task->device->context : NULL;
}

/** The task's device; borrowed. NULL if the task has asked for none. */
static inline cl_device_id yoke_task_cl_device(const yoke_task *task)
{
    return task->device != NULL ? (cl_device_id)task->device->device : NULL;
}

/** A queue on the task's device, in order; borrowed. What is left in it is finished before
 *  the task's result counts. NULL if the task has asked for no device. */
static inline cl_command_queue yoke_task_cl_queue(const yoke_task *task)
{
    return task->device != NULL ? (cl_command_queue)task->device->queue : NULL;
}

#ifdef __cplusplus
}
#endif

#endif
