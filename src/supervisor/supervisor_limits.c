/* SPDX-License-Identifier: MIT */
/* Workers that exceed a time limit: of their start, of a kernel's build, of a job or an item. */
#include "base/bits.h"
#include "base/clock.h"
#include "supervisor/supervisor.h"
#include "sys/process.h"

/* Kills a worker whose finalizer does not return. Returns the deadline. */
static uint64_t limits_check_finalizer(const yk_supervisor *supervisor, uint32_t slot,
                                       uint64_t now)
{
    const yk_child *child = &supervisor->workers[slot];
    const uint64_t since =
        atomic_load(&supervisor->control->workers[slot].finalizing_since);
    const uint64_t limit = supervisor->control->start_timeout_ns;

    if (since == 0 || child->pid == 0 || limit >= UINT64_MAX - since) {
        return UINT64_MAX;
    }
    if (now < since + limit) {
        return since + limit;
    }
    yk_process_kill(child->pid);
    return UINT64_MAX;
}

uint64_t yk_supervisor_check_starts(yk_supervisor *supervisor)
{
    const uint32_t count = yk_worker_count(supervisor->control);
    const uint64_t now = yk_clock_ns();
    uint64_t next = UINT64_MAX;

    for (uint32_t slot = 0; slot < count; slot++) {
        yk_child *child = &supervisor->workers[slot];

        next = yk_min(next, limits_check_finalizer(supervisor, slot, now));
        if (child->deadline_ns == 0) {
            continue;
        }
        if (child->pid == 0 && now >= child->deadline_ns) {
            yk_supervisor_start_worker(supervisor, slot);
        }
        if (child->pid == 0) {
            next = yk_min(next, child->deadline_ns);
            continue;
        }
        if (atomic_load(&supervisor->control->workers[slot].state) !=
            YK_WORKER_STARTING) {
            child->deadline_ns = 0;
        } else if (now >= child->deadline_ns) {
            child->killed_hung = true;
            child->deadline_ns = 0;
            yk_process_kill(child->pid);
        } else {
            next = yk_min(next, child->deadline_ns);
        }
    }
    return next;
}

/* The deadline of a worker's build; UINT64_MAX: none. */
static uint64_t build_deadline(const yk_control *control, const yk_worker *worker)
{
    /* The order matters: what is read second is not older than what was read first. */
    const uint64_t building = atomic_load(&worker->building);
    const uint64_t since = atomic_load(&worker->building_since);
    const uint64_t limit = control->kernels[building & 0xff].build_timeout_ns;

    return building == 0 || limit == 0 ? UINT64_MAX : since + limit;
}

uint64_t yk_supervisor_check_builds(yk_supervisor *supervisor)
{
    const yk_control *control = supervisor->control;
    const uint32_t count = yk_worker_count(control);
    const uint64_t now = yk_clock_ns();
    uint64_t next = UINT64_MAX;

    for (uint32_t slot = 0; slot < count; slot++) {
        yk_child *child = &supervisor->workers[slot];
        const uint64_t deadline = build_deadline(control, &control->workers[slot]);

        if (child->pid == 0 || child->killed_building) {
            continue;
        }
        if (now >= deadline) {
            child->killed_building = true;
            yk_process_kill(child->pid);
        } else {
            next = yk_min(next, deadline);
        }
    }
    return next;
}

/* ---- compilers that take long ---- */

/* What takes longer than this is logged. */
static const uint64_t long_ns = YK_NS_PER_S;

/* The kernel that a worker builds or runs; NULL: none, such as a test of its device. */
static const yk_kernel *kernel_compiled(const yk_control *control,
                                        const yk_worker *worker)
{
    const uint64_t building = atomic_load(&worker->building);
    const uint64_t active = atomic_load(&worker->active);

    if (building != 0) {
        return &control->kernels[building & 0xff].kernel;
    }
    return active != 0
               ? &control->kernels[control->jobs[yk_active_slot(active)].kernel_slot]
                      .kernel
               : NULL;
}

static void log_compiling(const yk_supervisor *supervisor, const yk_worker *worker)
{
    static const char *const texts[] = {
        [YK_COMPILING_PROGRAM] = "compiling",
        [YK_COMPILING_WAIT] = "waiting for another process that compiles",
        [YK_COMPILING_LAUNCH] = "the first launch, in which PoCL compiles, of"};
    const uint32_t step = atomic_load(&worker->compiling.step);
    const yk_kernel *kernel = kernel_compiled(supervisor->control, worker);

    if (step != YK_COMPILING_NOTHING && step <= YK_COMPILING_LAUNCH) {
        yk_supervisor_log(supervisor, "%s: %s %s%s%s takes more than %g s",
                          worker->name, texts[step],
                          kernel != NULL ? "kernel '" : "a test of its device",
                          kernel != NULL ? kernel->name : "", kernel != NULL ? "'" : "",
                          1e-9 * (double)long_ns);
    }
}

uint64_t yk_supervisor_check_compiling(yk_supervisor *supervisor)
{
    const yk_control *control = supervisor->control;
    const uint32_t count = control->log != 0 ? yk_worker_count(control) : 0;
    const uint64_t now = yk_clock_ns();
    uint64_t next = UINT64_MAX;

    for (uint32_t slot = 0; slot < count; slot++) {
        const uint64_t since = atomic_load(&control->workers[slot].compiling.since);
        yk_child *child = &supervisor->workers[slot];

        if (since == 0 || since == child->logged_compiling || child->pid == 0) {
            continue;
        }
        if (now >= since + long_ns) {
            child->logged_compiling = since;
            log_compiling(supervisor, &control->workers[slot]);
        } else {
            next = yk_min(next, since + long_ns);
        }
    }
    return next;
}

void yk_supervisor_kill_late(uint32_t slot, void *context)
{
    yk_supervisor *supervisor = context;
    yk_child *child = &supervisor->workers[slot];

    if (child->pid != 0 && !child->killed_late) {
        child->killed_late = true;
        yk_process_kill(child->pid);
    }
}
