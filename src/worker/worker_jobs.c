/* SPDX-License-Identifier: MIT */
#include "protocol/aside.h"
#include "protocol/bells.h"
#include "protocol/fault_point.h"
#include "protocol/writeback.h"
#include "sys/signals.h"
#include "worker/worker.h"

static bool may_run(const yk_worker_self *self, const yk_job *job)
{
    return yk_bit_is_set(job->allowed, self->slot) &&
           !yk_job_is_declined(job, self->slot);
}

/* The device declines this job: other workers take its share. */
static void worker_decline_job(yk_worker_self *self, yk_job_ref ref)
{
    yk_job *job = yk_job_at(self->control, ref);

    yk_job_remark(job, ref.generation, "%s (%s): %s", self->worker->name,
                  self->worker->info.name, yk_error_text(&self->error));
    yk_aside_note(self->control, self->slot, job->kernel_slot, false,
                  yk_error_text(&self->error));
    yk_job_decline(job, self->slot);
    yk_control_wake_workers(self->control);
    yk_control_wake_supervisor(self->control);
}

static void worker_fail_job(yk_worker_self *self, yk_job *job, yk_job_ref ref,
                            yoke_status status)
{
    const yk_kernel *kernel = &self->control->kernels[job->kernel_slot].kernel;

    yk_job_explain(job, ref.generation, "%s '%s' on %s (%s): %s",
                   yk_kernel_noun(kernel), kernel->name, self->worker->name,
                   self->worker->info.name, yk_error_text(&self->error));
    yk_job_stop(self->control, ref, status);
}

/* Memory that the kernel reaches through pointers is in no transfer and no buffer. A task is a
 * function of the host, also one that asks for a device. */
static yoke_status check_pointers(yk_worker_self *self, const yk_launch *launch,
                                  const yk_kernel *kernel, const yk_device *device)
{
    yk_device_info info;

    if (!yk_launch_uses(launch, YK_ARG_BY_POINTER) || kernel->task == YK_TASK_DEVICE) {
        return YOKE_OK;
    }
    device->ops->describe(device, &info);
    return info.follows_pointers
               ? YOKE_OK
               : yk_fail(&self->error, YOKE_EUNSUPPORTED,
                         "the device cannot follow pointers in the pool's memory, and the job "
                         "has memory that is reached through them (yoke_uses)");
}

/* Whether the native form runs instead of the source, which the second device has refused: from
 * now on if it cannot be built, otherwise in this job. */
static bool worker_leaves_source(yk_worker_self *self, const yk_job *job,
                                 const yk_device *device, bool is_built, yoke_status status)
{
    if (device == self->device ||
        (status != YOKE_EUNSUPPORTED && status != YOKE_EBUILD)) {
        return false;
    }
    return is_built && status == YOKE_EUNSUPPORTED
               ? yk_worker_refuse_source(self, job)
               : yk_worker_drop_source(self, job->kernel_slot);
}

/* Prepares a device for the job. If the second device cannot run a kernel that also has a native
 * form, the native form runs instead. */
static yoke_status worker_begin_job(yk_worker_self *self, const yk_job *job,
                                    yk_device **device)
{
    const yk_kernel *kernel = &self->control->kernels[job->kernel_slot].kernel;
    yoke_status status;
    bool is_built;

    *device = yk_worker_device_in(self, job);
    if (*device == NULL) {
        return YOKE_EUNSUPPORTED;
    }
    yk_fpe_handler_use(*device == self->source_device);
    status = *device == self->source_device
                 ? yk_worker_build_source(self, job->kernel_slot)
                 : YOKE_OK;
    is_built = status == YOKE_OK;
    if (is_built) {
        status = check_pointers(self, &job->launch, kernel, *device);
    }
    if (status == YOKE_OK) {
        yk_worker_set_keeping(self, job, *device);
        status = (*device)->ops->begin(*device, kernel, &job->launch, &self->error);
    }
    return worker_leaves_source(self, job, *device, is_built, status)
               ? worker_begin_job(self, job, device)
               : status;
}

/* Attaches the named segments that the job uses. */
static yoke_status worker_attach_segments(yk_worker_self *self, const yk_job *job)
{
    yoke_status status;

    if (self->attachments == NULL) {
        return YOKE_OK;
    }
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_BEFORE_SEGMENTS);
    status =
        yk_segment_view_attach_launch(self->attachments, &job->launch, &self->error);
    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_SEGMENTS);
    return status;
}

/* Called while active in the job: prepares the device, then computes chunk after chunk. */
static bool work_inside(yk_worker_self *self, yk_job_ref ref, bool *later)
{
    yk_job *job = yk_job_at(self->control, ref);
    yk_device *device;
    yoke_status status;
    bool worked;

    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_ENTER);
    yk_error_clear(&self->error);
    if (worker_attach_segments(self, job) != YOKE_OK) {
        worker_decline_job(self, ref);
        return false;
    }
    status = worker_begin_job(self, job, &device);
    if (status == YOKE_EUNSUPPORTED) {
        worker_decline_job(self, ref);
        return false;
    }
    if (status == YOKE_EDEVICE) {
        yk_worker_give_up_device(self);
    }
    if (status != YOKE_OK) {
        worker_fail_job(self, job, ref, status);
        return false;
    }
    worked = yk_worker_run_chunks(self, ref, device, later);
    device->ops->end(device);
    return worked;
}

/* While this worker is in one job, any worker may take its tiles of others: wakes those that
 * sleep. It checks this once it is active: a process that makes a job ready later sees that it
 * is. */
static void share_others(yk_worker_self *self, yk_job_ref mine)
{
    yk_job_ref ref;

    for (uint32_t slot = 0; yk_job_next_ready(self->control, slot, &ref);
         slot = ref.slot + 1) {
        yk_job *job = yk_job_at(self->control, ref);

        if (ref.slot != mine.slot &&
            yk_tiles_count(yk_work_range_peek(&job->work_ranges[self->slot].work_range,
                                              ref.generation)) != 0 &&
            atomic_exchange(&job->woke_all, 1) == 0) {
            yk_control_wake_workers(self->control);
        }
    }
}

static int try_job(yk_worker_self *self, yk_job_ref ref)
{
    yk_job *job = yk_job_at(self->control, ref);
    bool later = false;
    bool worked;

    /* First check from outside: entering keeps the job from ending, and preparing a device for
     * it may cost a transfer. */
    if (!yk_worker_would_take(self, ref, &later)) {
        return later ? YK_WORK_LATER : YK_WORK_NONE;
    }
    if (!yk_worker_can_run(self, job->kernel_slot) ||
        !yk_job_enter(self->control, self->worker, ref)) {
        return YK_WORK_NONE;
    }
    share_others(self, ref);
    worked = work_inside(self, ref, &later);
    yk_job_leave(self->control, self->worker, ref);
    return worked ? YK_WORK_DONE : later ? YK_WORK_LATER : YK_WORK_NONE;
}

static void fail_for_need(yk_worker_self *self, yk_job_ref ref, uint32_t failed)
{
    if (yk_job_enter(self->control, self->worker, ref)) {
        yk_job_explain_need(self->control, ref, failed);
        yk_job_stop(self->control, ref, YOKE_EDEPENDENCY);
        yk_job_leave(self->control, self->worker, ref);
    }
}

int yk_worker_work_on(yk_worker_self *self, yk_job_ref ref)
{
    const yk_job *job = yk_job_at(self->control, ref);
    const uint32_t failed = yk_job_failed_need(self->control, job);

    if (failed != YK_MAX_JOBS) {
        fail_for_need(self, ref, failed);
        return YK_WORK_NONE;
    }
    return yk_worker_write_back(self, ref) && may_run(self, job) ? try_job(self, ref)
                                                                 : YK_WORK_NONE;
}

/* Open jobs that are ready, in the order in which they were submitted. */
static uint32_t worker_collect_jobs(const yk_worker_self *self,
                                    yk_job_ref refs[YK_MAX_JOBS])
{
    uint64_t sequences[YK_MAX_JOBS]; /* beside each other: the jobs are far apart */
    uint32_t count = 0;
    yk_job_ref ref;

    for (uint32_t slot = 0; yk_job_next_ready(self->control, slot, &ref);
         slot = ref.slot + 1) {
        const uint64_t sequence = self->control->jobs[ref.slot].sequence;
        uint32_t i = count;

        for (; i > 0 && sequences[i - 1] > sequence; i--) {
            sequences[i] = sequences[i - 1];
            refs[i] = refs[i - 1];
        }
        sequences[i] = sequence;
        refs[i] = ref;
        count++;
    }
    return count;
}

/* Other workers wait for what this worker holds: that comes before its own work. */
static void serve_others(yk_worker_self *self, const yk_job_ref *refs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (yk_writeback_needs(self->worker, yk_job_at(self->control, refs[i]),
                               refs[i])) {
            (void)yk_worker_write_back(self, refs[i]);
        }
    }
}

int yk_worker_find_work(yk_worker_self *self)
{
    yk_job_ref refs[YK_MAX_JOBS];
    uint32_t count;
    int best = YK_WORK_NONE;

    if (atomic_load(&self->worker->state) != YK_WORKER_READY) {
        return YK_WORK_NONE;
    }
    yk_worker_answer_flush(self);
    count = worker_collect_jobs(self, refs);
    serve_others(self, refs, count);
    for (uint32_t i = 0; i < count; i++) {
        const int work = yk_worker_work_on(self, refs[i]);

        if (work == YK_WORK_DONE) {
            return YK_WORK_DONE;
        }
        best = work > best ? work : best;
    }
    return best;
}
