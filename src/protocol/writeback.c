/* SPDX-License-Identifier: MIT */
#include "protocol/writeback.h"

#include "protocol/fault_point.h"

void yk_writeback_begin(yk_job *job, uint32_t generation, uint32_t state)
{
    atomic_store(&job->writeback, yk_state_pack(generation, state));
}

uint32_t yk_writeback_of(const yk_job *job, uint32_t generation)
{
    const uint64_t word = atomic_load(&job->writeback);

    return yk_state_generation(word) == generation ? yk_state_of(word)
                                                   : (uint32_t)YK_WRITEBACK_FREE;
}

static bool is_pending(uint32_t state)
{
    return state == YK_WRITEBACK_SHARES || state == YK_WRITEBACK_ALL;
}

bool yk_writeback_is_pending(const yk_job *job, uint32_t generation)
{
    return is_pending(yk_writeback_of(job, generation));
}

bool yk_writeback_needs(const yk_worker *worker, const yk_job *job, yk_job_ref ref)
{
    const uint32_t state = yk_writeback_of(job, ref.generation);

    return is_pending(state) && atomic_load(&worker->holds) != 0 &&
           atomic_load(&worker->writeback_done[ref.slot]) !=
               yk_state_pack(ref.generation, state);
}

/* Whether all holders have done their parts. *any: whether any worker holds something. */
static bool all_have_served(const yk_control *control, yk_job_ref ref, uint32_t state,
                            bool *any)
{
    const uint32_t count = yk_worker_count(control);

    *any = false;
    for (uint32_t i = 0; i < count; i++) {
        const yk_worker *worker = &control->workers[i];

        if (atomic_load(&worker->holds) == 0) {
            continue;
        }
        *any = true;
        if (atomic_load(&worker->writeback_done[ref.slot]) !=
            yk_state_pack(ref.generation, state)) {
            return false;
        }
    }
    return true;
}

void yk_writeback_advance(yk_control *control, yk_job_ref ref)
{
    yk_job *job = yk_job_at(control, ref);
    const uint32_t state = yk_writeback_of(job, ref.generation);
    uint64_t word = yk_state_pack(ref.generation, state);
    uint32_t next;
    bool any;

    if (!is_pending(state) || !yk_job_is_ready(control, job) ||
        !all_have_served(control, ref, state, &any)) {
        return;
    }
    next = state == YK_WRITEBACK_SHARES && any ? YK_WRITEBACK_BOUND : YK_WRITEBACK_FREE;
    if (atomic_compare_exchange_strong(&job->writeback, &word,
                                       yk_state_pack(ref.generation, next))) {
        YK_FAULT_POINT_ANY(control, YK_FAULT_AFTER_WRITTEN);
        yk_job_wake_participants(control, ref);
    }
}

void yk_writeback_request_all(yk_control *control, yk_job_ref ref)
{
    uint64_t bound = yk_state_pack(ref.generation, YK_WRITEBACK_BOUND);

    if (atomic_compare_exchange_strong(
            &yk_job_at(control, ref)->writeback, &bound,
            yk_state_pack(ref.generation, YK_WRITEBACK_ALL))) {
        YK_FAULT_POINT_ANY(control, YK_FAULT_AFTER_ASK);
        yk_writeback_wake_holders(control);
    }
}

void yk_writeback_wake_holders(yk_control *control)
{
    const uint32_t count = yk_worker_count(control);

    atomic_fetch_add(&control->calls, 1);
    for (uint32_t i = 0; i < count; i++) {
        if (atomic_load(&control->workers[i].holds) != 0) {
            yk_eventcount_signal(&control->workers[i].bell);
        }
    }
}
