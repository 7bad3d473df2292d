/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/text.h"
#include "protocol/bells.h"
#include "protocol/bootstrap.h"
#include "protocol/device_kinds.h"
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

/* How soon to try again after a fork has failed. */
static const uint64_t fork_again_ns = 100 * (uint64_t)YK_NS_PER_MS;

/* ---- starting ---- */

typedef struct worker_args {
    yk_control *control;
    yk_segment_view *attachments;
    uint32_t slot;
    const int *undo_files;
    const yk_cpu *cpus; /* as in yk_worker_main() */
} worker_args;

static int worker_entry(void *context)
{
    const worker_args *self = context;

    return yk_worker_main(self->control, self->attachments, self->slot,
                          self->undo_files, self->cpus);
}

yk_worker *yk_supervisor_add_worker(yk_supervisor *supervisor, uint32_t kind,
                                    uint32_t number)
{
    const yk_device_kind *entry = yk_device_kind_at(kind);
    const uint32_t slot = yk_worker_count(supervisor->control);
    yk_worker *worker = &supervisor->control->workers[slot];

    if (slot == YK_MAX_WORKERS) {
        return NULL;
    }
    worker->kind = kind;
    worker->traits = entry->traits;
    worker->config.kind = kind;
    worker->cpu = -1;
    worker->found = -1;
    yk_text_format(worker->name, sizeof worker->name, "%s%u", entry->name, number);
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

/* Prepares the slot for a new process. What the old one has built is built again when it is
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
    atomic_store(&worker->spent, YK_SPENT_NOT);
    atomic_store(&worker->finalizing_since, 0);
    yk_crash_reset(&worker->crash);
    atomic_store(&worker->compiling.since, 0);
    atomic_store(&worker->compiling.step, YK_COMPILING_NOTHING);
    atomic_store(&worker->state, YK_WORKER_STARTING);
}

/* The maximum number of chunks that its device may have in flight. */
static unsigned supervisor_lanes_of(const yk_worker *worker)
{
    return (unsigned)yk_min(yk_device_kind_at(worker->kind)->max_lanes, YK_MAX_LANES);
}

/* The CPUs of a worker that is bound to several; NULL: it is not. */
static const yk_cpu *supervisor_cpus_of(const yk_supervisor *supervisor, uint32_t slot)
{
    const yk_worker *worker = &supervisor->control->workers[slot];

    return supervisor->binds && worker->cpu_count > 1
               ? &supervisor->cpus[worker->cpu_first]
               : NULL;
}

/* False if there is no process. If the library's file is gone, there will be none. */
static bool fork_worker(yk_supervisor *supervisor, uint32_t slot)
{
    const yk_worker *worker = &supervisor->control->workers[slot];
    yk_child *child = &supervisor->workers[slot];
    const int *undo_files = supervisor->undo_files[slot];
    worker_args self = {supervisor->control, &supervisor->attachments, slot, undo_files,
                        supervisor_cpus_of(supervisor, slot)};
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
        char reason[256];

        yk_text_format(reason, sizeof reason, "its process cannot be forked: %s",
                       strerror(child->fork_error));
        yk_supervisor_give_up(supervisor, slot, reason);
    } else {
        child->deadline_ns = yk_clock_ns() + fork_again_ns;
    }
}

/* Without it, what a worker's death leaves half done cannot be restored: the job then fails. */
static void log_missing_file(const yk_supervisor *supervisor, const yk_worker *worker,
                             int file)
{
    if (file < 0) {
        yk_supervisor_log(supervisor, "%s cannot save what it changes in place: %s",
                          worker->name, strerror(errno));
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
            log_missing_file(supervisor, worker, undo_files[lane]);
        }
    }
    atomic_store(&worker->detached_seen, supervisor->attachments.closed);
    atomic_fetch_add(&worker->incarnation, 1);
    if (!fork_worker(supervisor, slot)) {
        atomic_fetch_sub(&worker->incarnation, 1);
        atomic_store(&worker->detached_seen, YK_SEEN_ALL);
        try_again(supervisor, slot, failed);
        return;
    }
    child->deadline_ns = yk_clock_ns() + supervisor->control->start_timeout_ns;
    atomic_store(&worker->pid, (uint32_t)child->pid);
    yk_cpu_tally_begin(&worker->cpu_tally, child->pid);
    yk_supervisor_trace(supervisor, YK_TRACE_BIRTH, slot, child->pid, 0);
}

/* ---- workers that need no discovery ---- */

static void explain_per_cpu(const yk_control *control, yk_worker *worker,
                            const char *limit)
{
    const bool bare = control->loaded_driver[0] != '\0' &&
                      yk_worker_has(worker, YK_TRAIT_BORROWS_SOURCE);

    yk_text_format(
        worker->reason, sizeof worker->reason, "one worker per CPU%s%s%s",
        bare ? "; for native functions only, since the program had loaded " : "",
        bare ? control->loaded_driver : "", bare ? " before it created the pool" : "");
    if (limit[0] != '\0') {
        const size_t length = strlen(worker->reason);

        yk_text_format(worker->reason + length, sizeof worker->reason - length, "; %s",
                       limit);
    }
}

/* One, called by its kind and a number. */
static yk_worker *add_selected(yk_supervisor *supervisor, const yk_selector *selector,
                               uint32_t number)
{
    yk_worker *worker = yk_supervisor_add_worker(supervisor, selector->kind, number);

    if (worker != NULL) {
        worker->driver_class = selector->kind;
        worker->config.checked = supervisor->control->check != 0 &&
                                 yk_worker_has(worker, YK_TRAIT_CAN_BE_CHECKED);
        worker->config.own = selector->own;
        yk_text_copy(worker->reason, sizeof worker->reason, selector->reason);
    }
    return worker;
}

/* If there is a worker for every CPU, each is bound to its own. With fewer workers, the system may
 * move them. */
static void assign_cpus(yk_supervisor *supervisor, yk_worker *worker, uint32_t i,
                        bool bound, const char *limit)
{
    bound = bound && worker->cpu_count == 1;
    worker->cpu_first = i * worker->cpu_count;
    worker->cpu = bound ? (int32_t)supervisor->cpus[i].os_index : -1;
    if (worker->cpu_count > 1) {
        yk_text_format(worker->reason, sizeof worker->reason, "%u CPUs for each worker",
                       worker->cpu_count);
    } else {
        explain_per_cpu(supervisor->control, worker, limit);
    }
}

static uint32_t add_per_cpu(yk_supervisor *supervisor, const yk_selector *selector)
{
    const uint32_t available = (uint32_t)yk_cpus(supervisor->cpus, YK_MAX_WORKERS);
    const uint32_t width = selector->width > 1 ? selector->width : 1;
    const uint32_t count = selector->count != 0 ? selector->count : available;
    const bool bound =
        count * width == available && (width == 1 || available <= YK_MAX_WORKERS);

    char limit[128];

    yk_cpus_explain(limit, sizeof limit);
    if (limit[0] != '\0') {
        yk_supervisor_log(supervisor, "CPU workers: %s", limit);
    }
    if (width > 1) {
        supervisor->binds = bound;
        yk_cpus_sort_by_core(supervisor->cpus, yk_min(available, YK_MAX_WORKERS));
    }
    for (uint32_t i = 0; i < count; i++) {
        yk_worker *worker = add_selected(supervisor, selector, i);

        if (worker == NULL) {
            break;
        }
        worker->cpu_count = width;
        assign_cpus(supervisor, worker, i, bound, limit);
    }
    return count;
}

/* Workers of one kind are numbered, from 0, over all selectors. CPUs are selected once. */
static void start_selected(yk_supervisor *supervisor, const yk_selector *selector,
                           uint32_t *number)
{
    const yk_device_kind *kind = yk_device_kind_at(selector->kind);

    if (kind->discovery != NULL) {
        return;
    }
    if ((kind->traits & YK_TRAIT_PER_CPU) != 0) {
        *number += *number == 0 ? add_per_cpu(supervisor, selector) : 0;
        return;
    }
    for (uint32_t i = 0; i < selector->count; i++) {
        (void)add_selected(supervisor, selector, (*number)++);
    }
}

/* The checking mode needs workers that can be checked, whatever devices the program has
 * selected. */
static void start_checking(yk_supervisor *supervisor, uint32_t *numbers)
{
    const uint32_t kind = yk_device_kind_with(YK_TRAIT_CAN_BE_CHECKED);

    if (supervisor->control->check == 0) {
        return;
    }
    yk_supervisor_log(
        supervisor, "kernels are checked (YOKE_CHECK or .check), on CPU workers only");
    if (!yk_selection_has(&supervisor->control->selection, kind)) {
        start_selected(supervisor, &(yk_selector){.kind = kind}, &numbers[kind]);
    }
}

void yk_supervisor_start_local(yk_supervisor *supervisor)
{
    const yk_selection *selection = &supervisor->control->selection;
    uint32_t numbers[YK_MAX_DEVICE_KINDS] = {0};
    uint32_t count;

    start_checking(supervisor, numbers);
    for (uint32_t i = 0; i < selection->count; i++) {
        const yk_selector *selector = &selection->selectors[i];

        start_selected(supervisor, selector, &numbers[selector->kind]);
    }
    count = yk_worker_count(supervisor->control);
    for (uint32_t slot = 0; slot < count; slot++) {
        yk_supervisor_start_worker(supervisor, slot);
    }
}

/* ---- cores for other devices ---- */

/* Whether a worker's process keeps a core busy: a driver's does, unless it computes there. */
static bool needs_core(const yk_control *control, const yk_worker *worker)
{
    const uint32_t state = atomic_load(&worker->state);
    const bool is_cpu = worker->found >= 0 &&
                        control->found[worker->found].device.type == YK_HARDWARE_CPU;

    return yk_worker_has(worker, YK_TRAIT_NEEDS_CORE) && !is_cpu &&
           (state == YK_WORKER_STARTING || state == YK_WORKER_READY);
}

static bool has_fixed_cpus(const yk_selection *selection)
{
    for (uint32_t i = 0; i < selection->count; i++) {
        const yk_selector *selector = &selection->selectors[i];

        if ((yk_device_kind_at(selector->kind)->traits & YK_TRAIT_YIELDS_CORE) != 0) {
            return selector->count != 0;
        }
    }
    return true;
}

static void share_core(yk_control *control, yk_worker *worker, bool park)
{
    uint32_t from = park ? YK_WORKER_READY : YK_WORKER_PARKED;

    if (atomic_compare_exchange_strong(&worker->state, &from,
                                       park ? YK_WORKER_PARKED : YK_WORKER_READY)) {
        yk_eventcount_signal(&worker->bell);
        yk_control_wake_workers(control);
    }
}

void yk_supervisor_share_cores(yk_supervisor *supervisor)
{
    yk_control *control = supervisor->control;
    const uint32_t count = yk_worker_count(control);
    uint32_t yielding = 0;
    uint32_t needed = 0;

    if (has_fixed_cpus(&control->selection)) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        yielding += yk_worker_has(&control->workers[i], YK_TRAIT_YIELDS_CORE);
        needed += needs_core(control, &control->workers[i]);
    }
    needed = yielding < MIN_CORES_TO_SHARE ? 0 : (uint32_t)yk_min(needed, yielding / 2);
    /* The last ones of them are parked. */
    for (uint32_t i = 0; i < count; i++) {
        yk_worker *worker = &control->workers[i];

        if (yk_worker_has(worker, YK_TRAIT_YIELDS_CORE)) {
            share_core(control, worker, yielding <= needed);
            yielding--;
        }
    }
}
