/* SPDX-License-Identifier: MIT */
#include "protocol/job_deadline.h"

#include "base/clock.h"
#include "protocol/bells.h"
#include "protocol/fault_point.h"
#include "protocol/running.h"

/* A worker that finishes its chunk within this time of a deadline is not killed. */
static const uint64_t grace_ns = 100 * (uint64_t)YK_NS_PER_MS;

static void deadline_stop_late(yk_control *control, yk_job_ref ref)
{
    yk_job *job = yk_job_at(control, ref);
    const yk_kernel *kernel = &control->kernels[job->kernel_slot].kernel;
    char running[512] = "";

    if (yk_job_is_running(control, ref)) {
        yk_running_append(control, ref, running, sizeof running);
        yk_job_explain(job, ref.generation,
                       "%s '%s' exceeded its time limit with %u of %u pieces done%s",
                       yk_kernel_noun(kernel), kernel->name, yk_job_done(control, job),
                       atomic_load(&job->tile_count), running);
        YK_FAULT_POINT_WHOEVER(control, YK_FAULT_DEADLINE_EXPLAINED);
        yk_job_stop(control, ref, YOKE_EDEADLINE);
        YK_FAULT_POINT_WHOEVER(control, YK_FAULT_DEADLINE_STOPPED);
        yk_control_wake_workers(control);
    }
}

static void deadline_report_overdue(yk_control *control, yk_job_ref ref,
                                    void (*overdue)(uint32_t slot, void *context),
                                    void *context)
{
    const uint64_t word = yk_active_pack(ref.slot, ref.generation);
    const uint32_t count = yk_worker_count(control);

    for (uint32_t i = 0; i < count; i++) {
        if (atomic_load(&control->workers[i].active) == word) {
            overdue(i, context);
        }
    }
}

uint64_t yk_job_keep_deadline(yk_control *control, yk_job_ref ref,
                              void (*overdue)(uint32_t slot, void *context),
                              void *context)
{
    const uint64_t deadline = yk_job_at(control, ref)->deadline_ns;
    const uint64_t now = yk_clock_ns();

    if (deadline == 0) {
        return UINT64_MAX;
    }
    if (now < deadline) {
        return deadline;
    }
    deadline_stop_late(control, ref);
    if (now < deadline + grace_ns) {
        return deadline + grace_ns;
    }
    deadline_report_overdue(control, ref, overdue, context);
    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_DEADLINE_KILLED);
    return now + grace_ns;
}
