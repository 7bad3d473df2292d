/* SPDX-License-Identifier: MIT */
#include "opencl/cl_task.h"

#include "device/native/tasks.h"
#include "opencl/cl_queue.h"
#include "sys/elf.h"

yoke_status yk_cl_task_check(const yk_kernel *kernel, yk_error *error)
{
    if (kernel->task != YK_TASK_DEVICE) {
        return yk_fail(error, YOKE_EUNSUPPORTED,
                       "OpenCL devices run only tasks that ask for one (.on_device)");
    }
    if (yk_elf_find(kernel->native.object, kernel->native.place) == NULL) {
        return yk_fail(error, YOKE_EBUILD,
                       "task '%s': cannot find its function: this process cannot load "
                       "%s, or the file has been replaced",
                       kernel->name, kernel->native.object);
    }
    return YOKE_OK;
}

/* The function works on the host's memory, which may not have what devices hold. */
static yoke_status check_lent(const yk_launch *launch, yk_error *error)
{
    for (uint32_t i = 0; i < yk_launch_array_count(launch); i++) {
        if (launch->args[i].table != 0 && (launch->args[i].flags & YK_ARG_READ_EARLY) == 0) {
            return yk_fail(error, YOKE_EINVAL,
                           "argument %u is lent: call yoke_reclaim() before a task "
                           "that asks for a device",
                           yk_launch_number(launch, i));
        }
    }
    return YOKE_OK;
}

static yoke_task_device handles_of(const yk_cl_device *device)
{
    return (yoke_task_device){
        .kind = YOKE_WORKER_OPENCL,
        .index = device->index,
        .name = device->info.name,
        .context = device->context,
        .device = device->id,
        .queue = device->lanes[0].queue,
    };
}

yoke_status yk_cl_task_begin(yk_cl_device *device, const yk_kernel *kernel,
                             yk_error *error)
{
    yoke_status status = check_lent(device->launch, error);

    if (status == YOKE_OK) {
        status = yk_binding_set(&device->task_binding, device->launch, error);
    }
    if (status == YOKE_OK) {
        device->task_device = handles_of(device);
        device->task = (yoke_task_function *)yk_elf_find(kernel->native.object,
                                                         kernel->native.place);
    }
    return status;
}

yoke_status yk_cl_task_run(yk_cl_device *device, uint64_t begin, uint64_t end,
                           yk_error *error)
{
    yoke_status status;
    yoke_status waited;

    yk_binding_fill_scalars(&device->task_binding, device->launch);
    status = yk_tasks_run(device->task, device->launch, device->task_binding.args,
                          begin, end, &device->task_device, device->place, error);
    waited = yk_cl_wait(device, &device->lanes[0], status == YOKE_OK ? error : NULL);
    return status == YOKE_OK ? waited : status;
}
