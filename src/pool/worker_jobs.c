/* SPDX-License-Identifier: MIT */
#include "pool/fault_point.h"
#include "pool/worker.h"

static bool may_run(const yk_worker_self *self, const yk_job *job)
{
    return yk_bit_is_set(job->allowed, self->slot) &&
           !yk_job_is_declined(job, self->slot);
}

/* The device stands aside from this job: others take its share. */
static void decline(yk_worker_self *self, yk_job_ref ref)
{
    yk_job *job = yk_job_at(self->control, ref);

    yk_job_remark(job, ref.generation, "%s (%s): %s", self->worker->name,
                  self->worker->info.name, self->error.text);
    yk_job_decline(job, self->slot);
    yk_control_ring_workers(self->control);
    yk_control_ring_supervisor(self->control);
}

static void fail_job(yk_worker_self *self, yk_job *job, yk_job_ref ref,
                     yoke_status status)
{
    const yk_kernel *kernel = &self->control->kernels[job->kernel_slot].kernel;

    yk_job_explain(job, ref.generation, "kernel '%s' on %s (%s): %s", kernel->name,
                   self->worker->name, self->worker->info.name, self->error.text);
    yk_job_stop(self->control, ref, status);
}

/* Active in the job: prepares the device, then chunk after chunk. */
static bool work_inside(yk_worker_self *self, yk_job_ref ref, bool *later)
{
    yk_job *job = yk_job_at(self->control, ref);
    const yk_kernel *kernel = &self->control->kernels[job->kernel_slot].kernel;
    yk_device *device = yk_worker_device_for(self, kernel);
    bool worked = false;
    yk_claim claim;
    yoke_status status;

    YK_FAULT_POINT(self->control, self->worker, YK_FAULT_AFTER_ENTER);
    yk_error_clear(&self->error);
    status = device->ops->begin(device, kernel, &job->launch, &self->error);
    if (status == YOKE_EUNSUPPORTED) {
        decline(self, ref);
        return false;
    }
    if (status == YOKE_EDEVICE) {
        yk_worker_give_up_device(self);
    }
    if (status != YOKE_OK) {
        fail_job(self, job, ref, status);
        return false;
    }
    yk_worker_measure_start(self, ref);
    while (yk_worker_take(self, ref, &claim, later)) {
        worked = true;
        /* Whoever creates a kernel waits for its builds, not for the end of jobs. But
         * from a damaged job nobody leaves with tiles in its home: whoever deals out
         * lost tiles has seen it empty. */
        if (!yk_worker_run(self, ref, device, claim) ||
            (yk_worker_has_builds(self) && atomic_load(&job->damaged) == 0)) {
            break;
        }
    }
    yk_worker_measure_stop(self, ref);
    device->ops->end(device);
    return worked;
}

static int work_on(yk_worker_self *self, yk_job_ref ref)
{
    yk_job *job = yk_job_at(self->control, ref);
    bool later = false;
    bool worked;

    /* A look from outside first: entering keeps the job from ending, and preparing a
     * device for it may cost a transfer. */
    if (!yk_worker_would_take(self, ref, &later)) {
        return later ? YK_WORK_LATER : YK_WORK_NONE;
    }
    if (!yk_worker_can_run(self, job->kernel_slot) ||
        !yk_job_enter(self->control, self->worker, ref)) {
        return YK_WORK_NONE;
    }
    worked = work_inside(self, ref, &later);
    yk_job_leave(self->control, self->worker, ref);
    return worked ? YK_WORK_DONE : later ? YK_WORK_LATER : YK_WORK_NONE;
}

static void fail_for_need(yk_worker_self *self, yk_job_ref ref)
{
    if (yk_job_enter(self->control, self->worker, ref)) {
        yk_job_explain(yk_job_at(self->control, ref), ref.generation,
                       "a job that this one depends on failed");
        yk_job_stop(self->control, ref, YOKE_EDEPENDENCY);
        yk_job_leave(self->control, self->worker, ref);
    }
}

/* An open job that this worker may run and that is due. */
static bool is_candidate(yk_worker_self *self, uint32_t slot, yk_job_ref *ref)
{
    yk_job *job = &self->control->jobs[slot];
    const uint64_t state = atomic_load(&job->state);

    *ref = (yk_job_ref){slot, yk_state_generation(state)};
    if (yk_state_of(state) != YK_JOB_OPEN || !yk_job_is_due(self->control, job)) {
        return false;
    }
    if (yk_job_has_failed_need(self->control, job)) {
        fail_for_need(self, *ref);
        return false;
    }
    return may_run(self, job);
}

/* Open jobs in the order in which they were submitted. */
static uint32_t collect(yk_worker_self *self, yk_job_ref refs[YK_MAX_JOBS])
{
    uint64_t live = atomic_load(&self->control->live);
    uint32_t count = 0;

    for (; live != 0; live &= live - 1) {
        const uint32_t slot = (uint32_t)__builtin_ctzll(live);
        const uint64_t sequence = self->control->jobs[slot].sequence;
        yk_job_ref ref;
        uint32_t i = count;

        if (!is_candidate(self, slot, &ref)) {
            continue;
        }
        for (; i > 0 && self->control->jobs[refs[i - 1].slot].sequence > sequence;
             i--) {
            refs[i] = refs[i - 1];
        }
        refs[i] = ref;
        count++;
    }
    return count;
}

int yk_worker_find_work(yk_worker_self *self)
{
    yk_job_ref refs[YK_MAX_JOBS];
    uint32_t count;
    int best = YK_WORK_NONE;

    if (atomic_load(&self->worker->state) != YK_WORKER_READY) {
        return YK_WORK_NONE;
    }
    count = collect(self, refs);
    for (uint32_t i = 0; i < count; i++) {
        const int work = work_on(self, refs[i]);

        if (work == YK_WORK_DONE) {
            return YK_WORK_DONE;
        }
        best = work > best ? work : best;
    }
    return best;
}
