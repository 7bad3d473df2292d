/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/text.h"
#include "protocol/bells.h"
#include "protocol/bootstrap.h"
#include "supervisor/repair.h"
#include "supervisor/supervisor.h"
#include "sys/mapping.h"
#include "sys/process.h"
#include "sys/topology.h"
#include "worker/worker_main.h"

enum {
    MAX_FORKS = 100,
    MIN_CORES_TO_SHARE = 4,
};

/* How soon to fork again after the system has refused. */
static const uint64_t fork_again_ns = 100 * (uint64_t)YK_NS_PER_MS;

/* ---- starting ---- */

typedef struct worker_args {
    yk_control *control;
    yk_segment_view *attachments;
    uint32_t slot;
    const int *undo_files;
} worker_args;

static int worker_entry(void *context)
{
    const worker_args *self = context;

    return yk_worker_main(self->control, self->attachments, self->slot,
                          self->undo_files);
}

yk_worker *yk_supervisor_add_worker(yk_supervisor *supervisor, uint32_t kind,
                                    const char *name)
{
    const uint32_t slot = yk_worker_count(supervisor->control);
    yk_worker *worker = &supervisor->control->workers[slot];

    if (slot == YK_MAX_WORKERS) {
        return NULL;
    }
    worker->kind = kind;
    worker->cpu = -1;
    worker->found = -1;
    yk_text_copy(worker->name, sizeof worker->name, name);
    atomic_store(&worker->state, YK_WORKER_STARTING);
    atomic_store(&supervisor->control->worker_count, slot + 1);
    return worker;
}

void yk_supervisor_give_up(yk_supervisor *supervisor, uint32_t slot, const char *reason)
{
    yk_worker *worker = &supervisor->control->workers[slot];

    yk_text_copy(worker->reason, sizeof worker->reason, reason);
    atomic_store(&worker->state, YK_WORKER_GIVEN_UP);
    yk_supervisor_log(supervisor, "%s is given up: %s", worker->name, reason);
    yk_eventcount_signal(&supervisor->control->changed);
    yk_control_wake_workers(supervisor->control);
}

static uint64_t build_after_death(uint64_t word)
{
    switch (word & 0xff) {
    case YK_BUILD_FAILED:
        return word;
    case YK_BUILD_READY:
    case YK_BUILD_STALE:
        return (word & ~(uint64_t)0xff) | YK_BUILD_STALE;
    default:
        return 0;
    }
}

/* A new process starts from nothing: what the old one has built is built again when it is
 * needed, but a kernel that failed to build is not tried again. */
static void reset_worker(yk_worker *worker)
{
    for (uint32_t i = 0; i < YK_MAX_KERNELS; i++) {
        _Atomic uint64_t *word = &worker->builds[i].word;

        atomic_store(word, build_after_death(atomic_load(word)));
    }
    atomic_store(&worker->building, 0);
    atomic_store(&worker->chunks, 0);
    atomic_store(&worker->open_status, 0);
    atomic_store(&worker->initializing, 0);
    atomic_store(&worker->spent, 0);
    atomic_store(&worker->crash.state, 0);
    atomic_store(&worker->state, YK_WORKER_STARTING);
}

/* Chunks that its device may have in flight, at most. */
static unsigned supervisor_lanes_of(const yk_worker *worker)
{
    return worker->kind == YOKE_WORKER_CPU ? 1 : YK_MAX_LANES;
}

/* False: there is no process. If the library's file is gone there will be none. */
static bool fork_worker(yk_supervisor *supervisor, uint32_t slot)
{
    const yk_worker *worker = &supervisor->control->workers[slot];
    yk_child *child = &supervisor->workers[slot];
    const int *undo_files = supervisor->undo_files[slot];
    worker_args self = {supervisor->control, &supervisor->attachments, slot,
                        undo_files};
    yk_error error = {.status = YOKE_OK};
    bool done;

    if (worker->config.executed == 0) {
        return yk_supervisor_fork(supervisor, child, undo_files, worker_entry, &self);
    }
    done = yk_supervisor_execute(supervisor, child, YK_ROLE_WORKER, slot, undo_files,
                                 &error);
    if (error.status == YOKE_EUNSUPPORTED) {
        yk_supervisor_give_up(supervisor, slot, yk_error_text(&error));
    }
    return done;
}

static void try_again(yk_supervisor *supervisor, uint32_t slot, uint32_t failed)
{
    yk_child *child = &supervisor->workers[slot];

    child->deadline_ns = 0;
    if (atomic_load(&supervisor->control->workers[slot].state) == YK_WORKER_GIVEN_UP) {
        return;
    }
    child->failed_forks = failed + 1;
    if (child->failed_forks == MAX_FORKS) {
        yk_supervisor_give_up(supervisor, slot, "its process cannot be forked");
    } else {
        child->deadline_ns = yk_clock_ns() + fork_again_ns;
    }
}

void yk_supervisor_start_worker(yk_supervisor *supervisor, uint32_t slot)
{
    yk_worker *worker = &supervisor->control->workers[slot];
    yk_child *child = &supervisor->workers[slot];
    int *undo_files = supervisor->undo_files[slot];
    const uint32_t failed = child->failed_forks;

    reset_worker(worker);
    for (unsigned lane = 0; lane < supervisor_lanes_of(worker); lane++) {
        if (undo_files[lane] < 0) {
            undo_files[lane] = yk_memory_file("yoke undo");
        }
    }
    atomic_store(&worker->detached_seen, supervisor->attachments.closed);
    if (!fork_worker(supervisor, slot)) {
        atomic_store(&worker->detached_seen, YK_SEEN_ALL);
        try_again(supervisor, slot, failed);
        return;
    }
    child->deadline_ns = yk_clock_ns() + supervisor->control->start_timeout_ns;
    atomic_fetch_add(&worker->incarnation, 1);
    atomic_store(&worker->pid, (uint32_t)child->pid);
    yk_supervisor_trace(supervisor, YK_TRACE_BIRTH, slot, child->pid, 0);
}

/* ---- CPU and fake workers ---- */

static void explain_cpu(const yk_control *control, yk_worker *worker)
{
    const bool bare = control->loaded_driver[0] != '\0';

    yk_text_format(worker->reason, sizeof worker->reason, "one worker per CPU%s%s%s",
                   bare ? "; for native functions only, since the program had loaded "
                        : "",
                   control->loaded_driver, bare ? " before it created the pool" : "");
}

static void start_cpus(yk_supervisor *supervisor, const yk_selector *selector)
{
    yk_cpu cpus[YK_MAX_WORKERS];
    const uint32_t available = (uint32_t)yk_cpus(cpus, YK_MAX_WORKERS);
    const uint32_t count = selector->count != 0 ? selector->count : available;

    for (uint32_t i = 0; i < count; i++) {
        char name[32];
        yk_worker *worker;

        yk_text_format(name, sizeof name, "cpu%u", i);
        worker = yk_supervisor_add_worker(supervisor, YOKE_WORKER_CPU, name);
        if (worker == NULL) {
            return;
        }
        worker->config.kind =
            supervisor->control->check != 0 ? YK_DEVICE_CHECK : YK_DEVICE_NATIVE;
        worker->config.checked = YK_DEVICE_NATIVE;
        /* With a worker for every CPU each has its own; with fewer the system may move
         * them to where there is room. */
        worker->cpu = count == available ? (int32_t)cpus[i].os_index : -1;
        explain_cpu(supervisor->control, worker);
    }
}

static void start_fakes(yk_supervisor *supervisor, const yk_selector *selector,
                        uint32_t *number)
{
    for (uint32_t i = 0; i < selector->count; i++) {
        char name[32];
        yk_worker *worker;

        yk_text_format(name, sizeof name, "fake%u", (*number)++);
        worker = yk_supervisor_add_worker(supervisor, YOKE_WORKER_FAKE, name);
        if (worker == NULL) {
            return;
        }
        worker->config.kind = YK_DEVICE_FAKE;
        worker->config.speed = selector->speed;
        worker->config.private_memory = selector->discrete;
        worker->config.crash_at = selector->crash_at;
        worker->config.hang_at = selector->hang_at;
        worker->config.fail_at = selector->fail_at;
        worker->driver_class = 1;
        yk_text_copy(worker->reason, sizeof worker->reason, "asked for");
    }
}

/* Checks need cores, whatever the program has asked for. */
static void start_checking(yk_supervisor *supervisor)
{
    const yk_selection *selection = &supervisor->control->selection;

    if (supervisor->control->check == 0) {
        return;
    }
    yk_supervisor_log(
        supervisor, "kernels are checked (YOKE_CHECK or .check), on CPU workers only");
    if (!yk_selection_has(selection, YK_SELECT_CPU)) {
        start_cpus(supervisor, &(yk_selector){.kind = YK_SELECT_CPU});
    }
}

void yk_supervisor_start_local(yk_supervisor *supervisor)
{
    const yk_selection *selection = &supervisor->control->selection;
    bool has_cpus = false;
    uint32_t fakes = 0;
    uint32_t count;

    start_checking(supervisor);
    for (uint32_t i = 0; i < selection->count; i++) {
        const yk_selector *selector = &selection->selectors[i];

        if (selector->kind == YK_SELECT_CPU && !has_cpus) {
            has_cpus = true;
            start_cpus(supervisor, selector);
        } else if (selector->kind == YK_SELECT_FAKE) {
            start_fakes(supervisor, selector, &fakes);
        }
    }
    count = yk_worker_count(supervisor->control);
    for (uint32_t slot = 0; slot < count; slot++) {
        yk_supervisor_start_worker(supervisor, slot);
    }
}

/* ---- cores for GPUs ---- */

static bool is_gpu(const yk_control *control, const yk_worker *worker)
{
    const uint32_t state = atomic_load(&worker->state);

    return worker->kind == YOKE_WORKER_OPENCL && worker->found >= 0 &&
           control->found[worker->found].device.type != YK_OPENCL_CPU &&
           (state == YK_WORKER_STARTING || state == YK_WORKER_READY);
}

static bool has_fixed_cpus(const yk_selection *selection)
{
    for (uint32_t i = 0; i < selection->count; i++) {
        if (selection->selectors[i].kind == YK_SELECT_CPU) {
            return selection->selectors[i].count != 0;
        }
    }
    return true;
}

void yk_supervisor_share_cores(yk_supervisor *supervisor)
{
    yk_control *control = supervisor->control;
    const uint32_t count = yk_worker_count(control);
    uint32_t cpus = 0;
    uint32_t gpus = 0;

    if (has_fixed_cpus(&control->selection)) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        cpus += control->workers[i].kind == YOKE_WORKER_CPU;
        gpus += is_gpu(control, &control->workers[i]);
    }
    gpus = cpus < MIN_CORES_TO_SHARE ? 0 : (uint32_t)yk_min(gpus, cpus / 2);
    /* CPU workers have the first slots; the last of them make room. */
    for (uint32_t i = 0; i < cpus; i++) {
        const bool park = i >= cpus - gpus;
        uint32_t from = park ? YK_WORKER_READY : YK_WORKER_PARKED;

        if (atomic_compare_exchange_strong(&control->workers[i].state, &from,
                                           park ? YK_WORKER_PARKED : YK_WORKER_READY)) {
            yk_eventcount_signal(&control->workers[i].bell);
            yk_control_wake_workers(control);
        }
    }
}
