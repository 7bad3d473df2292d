/* SPDX-License-Identifier: MIT */
/* Task functions: called item by item in the process of a device. */
#ifndef YK_DEVICE_NATIVE_TASKS_H
#define YK_DEVICE_NATIVE_TASKS_H

#include <stdarg.h>
#include <stdint.h>

#include "base/error.h"
#include "device/device.h"
#include "launch/launch.h"
#include "yoke/task.h"

/* Calls the function for the items [begin, end) of a launch, whose arguments are bound to
 * `args`, until one of them fails. `device` is the device that they asked for, or NULL; `place` is
 * where they run, or NULL.
 * YOKE_EKERNEL: the error has the item and the reason. */
yoke_status yk_tasks_run(yoke_task_function *function, const yk_launch *launch,
                         void *const *args, uint64_t begin, uint64_t end,
                         const yoke_task_device *device,
                         const yk_device_place *place, yk_error *error);

/* The core of yoke_task_fail(). A task that does not belong to a running function is ignored. */
int yk_task_fail(yoke_task *task, int code, const char *format, va_list list)
    __attribute__((format(printf, 3, 0)));

/* The core of yoke_task_output(). */
void *yk_task_output(yoke_task *task, size_t bytes);

#endif
