/* SPDX-License-Identifier: MIT */
#include "worker/helper.h"

#include <stdlib.h>

#include "base/text.h"
#include "protocol/device_kinds.h"
#include "base/fp_environment.h"
#include "worker/worker.h"

yk_worker_self *yk_helper_create(yk_control *control)
{
    const uint32_t kind = yk_device_kind_with(YK_TRAIT_IS_CALLER);
    yk_worker_self *self = calloc(1, sizeof *self);
    yk_device_config config;

    if (self == NULL) {
        return NULL;
    }
    self->control = control;
    self->slot = YK_CALLER;
    self->worker = &control->workers[YK_CALLER];
    for (unsigned lane = 0; lane < YK_MAX_LANES; lane++) {
        self->undo[lane].file = -1;
    }
    self->worker->config.kind = kind;
    self->place = (yk_device_place){.process = 1, .worker_count = &control->worker_count};
    config = self->worker->config;
    config.place = &self->place;
    if (yk_device_open(&self->device, &config, &self->error) != YOKE_OK) {
        free(self);
        return NULL;
    }
    self->worker->kind = kind;
    self->worker->traits = yk_device_kind_at(kind)->traits;
    yk_text_copy(self->worker->name, sizeof self->worker->name, "caller");
    self->device->ops->describe(self->device, &self->worker->info);
    return self;
}

void yk_helper_destroy(yk_worker_self *helper)
{
    if (helper != NULL) {
        helper->device->ops->close(helper->device);
        free(helper->source_text);
        free(helper);
    }
}

bool yk_helper_begin(yk_worker_self *helper, uint32_t kernel_slot)
{
    if (!yk_worker_can_run(helper, kernel_slot)) {
        return false;
    }
    atomic_store(&helper->worker->state, YK_WORKER_READY);
    return true;
}

void yk_helper_work(yk_worker_self *helper, yk_job_ref ref)
{
    const yk_fp_environment before = yk_fp_use_default();

    while (yk_job_is_running(helper->control, ref) &&
           yk_job_is_ready(helper->control, yk_job_at(helper->control, ref)) &&
           yk_worker_work_on(helper, ref) == YK_WORK_DONE) {
    }
    yk_fp_restore(before);
}

void yk_helper_end(yk_worker_self *helper)
{
    atomic_store(&helper->worker->state, YK_WORKER_EMPTY);
}
