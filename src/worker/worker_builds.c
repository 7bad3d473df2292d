/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/text.h"
#include "protocol/aside.h"
#include "protocol/bells.h"
#include "protocol/device_kinds.h"
#include "protocol/fault_point.h"
#include "sys/signals.h"
#include "worker/worker.h"

static void set_build(yk_worker_self *self, uint32_t slot, uint64_t id, uint32_t state)
{
    atomic_store(&self->worker->builds[slot].word, id << 8 | state);
    yk_eventcount_signal(&self->control->changed);
    if (state == YK_BUILD_FAILED || state == YK_BUILD_UNSUITABLE) {
        /* A job may have lost the last worker that could run it. */
        yk_control_wake_supervisor(self->control);
    }
}

yk_device *yk_worker_source_device(yk_worker_self *self)
{
    const yk_device_config *config = &self->control->source;

    if (self->source_device != NULL) {
        return self->source_device;
    }
    if (self->source_device_failed) {
        yk_fail(&self->error, self->source_status, "%s",
                self->source_text != NULL ? self->source_text : "");
        return NULL;
    }
    yk_fpe_handler_note();
    if (self->control->loaded_driver[0] != '\0' || config->kind == YK_DEVICE_NONE) {
        yk_device_explain_no_source(self->control->loaded_driver, &self->error);
        self->source_device_failed = true;
    } else if (yk_device_open(&self->source_device, config, &self->error) != YOKE_OK) {
        self->source_device_failed = true;
    } else {
        yk_fpe_handler_keep();
    }
    if (self->source_device_failed) {
        self->source_status = self->error.status;
        self->source_text = strdup(yk_error_text(&self->error));
    }
    return self->source_device;
}

void yk_worker_start_building(yk_worker_self *self, uint32_t kernel_slot, uint64_t id)
{
    atomic_store(&self->worker->building_since, yk_clock_ns());
    atomic_store(&self->worker->building, id << 8 | kernel_slot);
    if (self->control->kernels[kernel_slot].build_timeout_ns != 0) {
        yk_control_wake_supervisor(
            self->control); /* it watches the clock from now on */
    }
}

void yk_worker_end_building(yk_worker_self *self)
{
    yk_worker *worker = self->worker;

    if (yk_control_trace(self->control) != NULL) {
        yk_worker_trace_build(self, atomic_load(&worker->building) >> 8,
                              atomic_load(&worker->building_since));
    }
    atomic_store(&worker->building, 0);
}

static void publish_parameters(yk_kernel_slot *slot, yk_device *device)
{
    uint32_t unwritten = 0;

    if (!yk_kernel_has_source(&slot->kernel) ||
        !atomic_compare_exchange_strong(&slot->parameters_state, &unwritten, 1)) {
        return;
    }
    slot->parameter_count =
        device->ops->parameters(device, &slot->kernel, slot->parameters);
    atomic_store(&slot->parameters_state, slot->parameter_count >= 0 ? 2 : 0);
}

/* Functions of the program run with its variables, or not at all. */
static bool sees_variables(yk_worker_self *self, const yk_kernel *kernel)
{
    if (self->worker->config.executed == 0 || kernel->task != YK_TASK_DEVICE) {
        return true;
    }
    yk_fail(
        &self->error, YOKE_EUNSUPPORTED,
        "a task with a device would not see the program's variables, since the program "
        "had loaded a device's driver before it created the pool, and drivers do not "
        "work after a fork: create the pool before the first OpenCL call");
    return false;
}

static uint32_t try_build(yk_worker_self *self, uint32_t kernel_slot)
{
    yk_kernel_slot *slot = &self->control->kernels[kernel_slot];
    yk_device *device = yk_worker_device_for(self, kernel_slot);
    yoke_status status;

    if (device == NULL || !sees_variables(self, &slot->kernel)) {
        return YK_BUILD_UNSUITABLE;
    }
    status = device->ops->build(device, &slot->kernel, &self->error);
    if (status == YOKE_OK) {
        publish_parameters(slot, device);
        return YK_BUILD_READY;
    }
    return status == YOKE_EUNSUPPORTED ? YK_BUILD_UNSUITABLE : YK_BUILD_FAILED;
}

/* Slots of kernels are reused: drops what the device has of the slot's last kernel. */
static void forget_last(yk_worker_self *self, uint32_t slot, uint64_t id)
{
    const uint64_t last = atomic_load(&self->worker->builds[slot].word) >> 8;

    if (last == 0 || last == id) {
        return;
    }
    self->device->ops->forget(self->device, last);
    if (self->source_device != NULL) {
        self->source_device->ops->forget(self->source_device, last);
    }
}

static void worker_build_kernel(yk_worker_self *self, uint32_t slot, uint64_t id)
{
    yk_worker *worker = self->worker;
    uint32_t state;

    forget_last(self, slot, id);
    yk_worker_start_building(self, slot, id);
    /* A process that destroys a kernel first clears its id, then checks which workers build it. */
    if (atomic_load(&self->control->kernels[slot].id) != id) {
        atomic_store(&worker->building, 0);
        return;
    }
    atomic_store(&worker->builds[slot].word, id << 8 | YK_BUILD_RUNNING);
    YK_FAULT_POINT(self->control, worker, YK_FAULT_BUILD);
    yk_error_clear(&self->error);
    state = try_build(self, slot);
    yk_text_copy(worker->log, sizeof worker->log, yk_error_text(&self->error));
    if (state != YK_BUILD_READY) {
        /* An OpenCL device cannot run a native function, nor can a core run a task that asks
         * for a device. */
        yk_aside_note(self->control, self->slot, slot,
                      !yk_kernel_has_source(&self->control->kernels[slot].kernel),
                      yk_error_text(&self->error));
    }
    yk_worker_end_building(self);
    set_build(self, slot, id, state);
}

bool yk_worker_can_run(yk_worker_self *self, uint32_t kernel_slot)
{
    const uint64_t id = atomic_load(&self->control->kernels[kernel_slot].id);
    const uint32_t state = yk_build_of(self->worker, kernel_slot, id);

    if (id == 0) {
        return false;
    }
    if (state == YK_BUILD_NONE || state == YK_BUILD_STALE) {
        worker_build_kernel(self, kernel_slot, id);
    }
    return yk_build_of(self->worker, kernel_slot, id) == YK_BUILD_READY;
}

bool yk_worker_has_builds(const yk_worker_self *self)
{
    return atomic_load(&self->control->kernel_changes) != self->kernel_changes;
}

void yk_worker_build_all(yk_worker_self *self)
{
    uint64_t count;

    if (!yk_worker_has_builds(self)) {
        return;
    }
    self->kernel_changes = atomic_load(&self->control->kernel_changes);
    count = yk_min(atomic_load(&self->control->kernel_slots), YK_MAX_KERNELS);
    for (uint32_t slot = 0; slot < count; slot++) {
        const uint64_t id = atomic_load(&self->control->kernels[slot].id);

        if (id != 0 && yk_build_of(self->worker, slot, id) == YK_BUILD_NONE) {
            worker_build_kernel(self, slot, id);
        }
    }
}
