/* SPDX-License-Identifier: MIT */
#include "protocol/eligibility.h"

#include "base/bits.h"

static bool may_still_run(const yk_control *control, const yk_job *job, uint32_t slot)
{
    const yk_worker *worker = &control->workers[slot];
    const uint32_t state = atomic_load(&worker->state);
    const uint32_t build = yk_build_of(worker, job->kernel_slot, job->launch.kernel_id);

    return (state == YK_WORKER_STARTING || state == YK_WORKER_READY ||
            state == YK_WORKER_PARKED) &&
           yk_bit_is_set(job->allowed, slot) && !yk_job_is_declined(job, slot) &&
           build != YK_BUILD_FAILED && build != YK_BUILD_UNSUITABLE;
}

bool yk_job_has_hope(yk_control *control, const yk_job *job, uint32_t except)
{
    const uint32_t count = yk_worker_count(control);

    if (atomic_load(&control->discovery) == YK_DISCOVERY_RUNNING) {
        return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i != except && may_still_run(control, job, i)) {
            return true;
        }
    }
    return false;
}
