/* SPDX-License-Identifier: MIT */
#include "supervisor/watch.h"

#include "base/clock.h"
#include "protocol/bells.h"
#include "supervisor/repair.h"

static const uint64_t period_ns = YK_NS_PER_S;

/* The hint `ready` has any value while the job may be worked on: sets it, whatever it is. The
 * word was read before the state: if the slot has another job by now, a later look mends it. */
static void mend_ready(yk_control *control, yk_job_ref ref)
{
    const yk_job *job = yk_job_at(control, ref);
    _Atomic uint32_t *ready = &control->ready[ref.slot];
    uint32_t word = atomic_load(ready);

    if (word != ref.generation + 1 &&
        atomic_load(&job->state) == yk_state_pack(ref.generation, YK_JOB_OPEN) &&
        yk_job_is_ready(control, job)) {
        (void)atomic_compare_exchange_strong(ready, &word, ref.generation + 1);
    }
}

/* Nothing has happened in the job since the last look, and no worker is in it. */
static void watch_help(yk_control *control, yk_job_ref ref)
{
    yk_job *job = yk_job_at(control, ref);

    mend_ready(control, ref);
    if (!yk_job_is_ready(control, job)) {
        return;
    }
    if (!yk_job_has_tiles(control, job, ref.generation)) {
        /* From here on the map decides, and not the hints. */
        atomic_store(&job->damaged, 1);
        if (yk_job_try_end(control, ref)) {
            return;
        }
        (void)yk_repair_lost(control, ref);
        (void)yk_job_try_end(control, ref);
    }
    yk_repair_wakes(control);
}

/* Whether nothing has happened in the job since the last look. */
static bool watch_is_still(yk_watch *watch, yk_control *control, yk_job_ref ref,
                           uint64_t state)
{
    const uint32_t done = yk_job_done(control, yk_job_at(control, ref));
    const bool is_still = watch->states[ref.slot] == state &&
                          watch->done[ref.slot] == done &&
                          !yk_job_is_active(control, ref);

    watch->done[ref.slot] = done;
    return is_still;
}

static void watch_open_job(yk_watch *watch, yk_control *control, yk_job_ref ref,
                           uint64_t state)
{
    if (watch_is_still(watch, control, ref, state)) {
        watch_help(control, ref);
    } else if (atomic_load(&control->ready[ref.slot]) == ref.generation + 1 &&
               yk_job_has_tiles(control, yk_job_at(control, ref), ref.generation)) {
        yk_control_wake_workers(control); /* some may have missed it */
    }
}

/* Whether a job is open. */
static bool watch_look(yk_watch *watch, yk_control *control)
{
    bool is_open = false;

    for (uint32_t slot = 0; (slot = yk_job_set_next(&control->live, slot)) < YK_MAX_JOBS;
         slot++) {
        const uint64_t state = atomic_load(&control->jobs[slot].state);
        const yk_job_ref ref = {slot, yk_state_generation(state)};

        if (yk_state_of(state) == YK_JOB_OPEN) {
            is_open = true;
            watch_open_job(watch, control, ref, state);
        } else if (yk_state_of(state) == YK_JOB_ENDED && watch->states[slot] != state) {
            yk_control_notify_end(control); /* once more, and once only */
        }
        watch->states[slot] = state;
    }
    return is_open;
}

static bool watch_has_open(const yk_control *control)
{
    for (uint32_t slot = 0; (slot = yk_job_set_next(&control->live, slot)) < YK_MAX_JOBS;
         slot++) {
        const yk_job *job = &control->jobs[slot];

        if (yk_state_of(atomic_load(&job->state)) == YK_JOB_OPEN) {
            return true;
        }
    }
    return false;
}

uint64_t yk_watch_jobs(yk_watch *watch, yk_control *control)
{
    const uint64_t now = yk_clock_ns();

    if (atomic_load(&control->watching) == 0) {
        watch->next_ns = 0;
        return UINT64_MAX;
    }
    if (watch->next_ns != 0 && now < watch->next_ns) {
        return watch->next_ns;
    }
    if (watch->next_ns != 0 && !watch_look(watch, control)) {
        atomic_store(&control->watching, 0);
        if (!watch_has_open(control)) {
            watch->next_ns = 0;
            return UINT64_MAX;
        }
        atomic_store(&control->watching, 1);
    }
    watch->next_ns = now + period_ns;
    return watch->next_ns;
}
