/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/text.h"
#include "pool/repair.h"
#include "pool/supervisor.h"
#include "pool/worker.h"
#include "sys/mapping.h"
#include "sys/process.h"
#include "sys/topology.h"

enum {
    MAX_FORKS = 100,
    MAX_START_FAILURES = 2, /* processes in a row that die before they are ready */
    MAX_CORE_START_FAILURES = 20, /* ... of a core, which does not break; but it may hang */
    MAX_DEVICE_FAILURES = 4,      /* ... before they finish a chunk, of a device */
    MIN_CORES_TO_SHARE = 4,
};

/* How soon to fork again after the system has refused. */
static const uint64_t fork_again_ns = 100 * (uint64_t)YK_NS_PER_MS;

/* ---- starting ---- */

typedef struct employment {
    yk_control *control;
    yk_guest_view *guests;
    uint32_t slot;
    const int *undo_files;
} employment;

static int worker_entry(void *context)
{
    const employment *self = context;

    return yk_worker_main(self->control, self->guests, self->slot, self->undo_files);
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

static void give_up_worker(yk_supervisor *supervisor, uint32_t slot, const char *reason)
{
    yk_worker *worker = &supervisor->control->workers[slot];

    yk_text_copy(worker->reason, sizeof worker->reason, reason);
    atomic_store(&worker->state, YK_WORKER_GIVEN_UP);
    yk_supervisor_log(supervisor, "%s is given up: %s", worker->name, reason);
    yk_event_signal(&supervisor->control->changed);
    yk_control_ring_workers(supervisor->control);
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
    atomic_store(&worker->state, YK_WORKER_STARTING);
}

/* What becomes of a worker's process. */
static void record(const yk_supervisor *supervisor, uint32_t kind, uint32_t slot,
                   pid_t pid, int status)
{
    yk_trace *trace = yk_control_trace(supervisor->control);
    const uint64_t now = yk_clock_ns();

    if (trace != NULL) {
        yk_trace_add(trace, YK_RING_SUPERVISOR,
                     &(yk_trace_event){.kind = kind,
                                       .begin_ns = now,
                                       .end_ns = now,
                                       .first = slot,
                                       .last = (uint64_t)pid,
                                       .job = (uint32_t)status});
    }
}

/* Chunks that its device may have in flight, at most. */
static unsigned lanes_of(const yk_worker *worker)
{
    return worker->kind == YOKE_WORKER_CPU ? 1 : YK_MAX_LANES;
}

void yk_supervisor_start_worker(yk_supervisor *supervisor, uint32_t slot)
{
    yk_worker *worker = &supervisor->control->workers[slot];
    yk_child *child = &supervisor->workers[slot];
    int *undo_files = supervisor->undo_files[slot];
    employment self = {supervisor->control, &supervisor->guests, slot, undo_files};
    const uint32_t failed = child->failed_forks;

    reset_worker(worker);
    for (unsigned lane = 0; lane < lanes_of(worker); lane++) {
        if (undo_files[lane] < 0) {
            undo_files[lane] = yk_memory_file("yoke undo");
        }
    }
    if (!yk_supervisor_fork(supervisor, child, undo_files, worker_entry, &self)) {
        child->failed_forks = failed + 1;
        child->deadline_ns = yk_clock_ns() + fork_again_ns;
        if (child->failed_forks == MAX_FORKS) {
            child->deadline_ns = 0;
            give_up_worker(supervisor, slot, "its process cannot be forked");
        }
        return;
    }
    child->deadline_ns = yk_clock_ns() + supervisor->control->start_timeout_ns;
    atomic_fetch_add(&worker->incarnation, 1);
    atomic_store(&worker->pid, (uint32_t)child->pid);
    record(supervisor, YK_TRACE_BIRTH, slot, child->pid, 0);
}

/* ---- CPU and fake workers ---- */

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
        worker->config.kind = YK_DEVICE_NATIVE;
        /* With a worker for every CPU each has its own; with fewer the system may move
         * them to where there is room. */
        worker->cpu = count == available ? (int32_t)cpus[i].os_index : -1;
        yk_text_copy(worker->reason, sizeof worker->reason, "one worker per CPU");
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

void yk_supervisor_start_local(yk_supervisor *supervisor)
{
    const yk_selection *selection = &supervisor->control->selection;
    bool has_cpus = false;
    uint32_t fakes = 0;
    uint32_t count;

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

/* ---- ends ---- */

/* The open job it was active in; NULL: none. Until the worker is repaired it cannot end. */
static const yk_job *job_of(const yk_control *control, const yk_worker *worker)
{
    const uint64_t active = atomic_load(&worker->active);
    const yk_job *job;

    if (active == 0) {
        return NULL;
    }
    job = &control->jobs[yk_active_slot(active)];
    return atomic_load(&job->state) ==
                   yk_state_pack(yk_active_generation(active), YK_JOB_OPEN)
               ? job
               : NULL;
}

/* A page that a file does not have (any more): of a named segment, perhaps. */
static void explain_bus_error(const yk_supervisor *supervisor, const yk_worker *worker,
                              char *text, size_t bytes)
{
    const yk_job *job = job_of(supervisor->control, worker);
    const size_t length = strlen(text);
    char why[160 + YK_SEGMENT_NAME];

    if (job == NULL) {
        return;
    }
    yk_guest_view_find_short(&supervisor->guests, &job->launch, why, sizeof why);
    if (why[0] != '\0') {
        yk_text_format(text + length, bytes - length, ": %s", why);
    }
}

static void describe_death(const yk_supervisor *supervisor, const yk_worker *worker,
                           const yk_child *child, int status, char *text, size_t bytes)
{
    if (yk_process_exited_with(status, YK_EXIT_SPENT)) {
        yk_text_copy(text, bytes, "has computed as many items as a process is to");
    } else if (child->killed_hung) {
        yk_text_copy(text, bytes, "did not start in time and was killed");
    } else if (child->killed_late) {
        yk_text_copy(text, bytes, "killed at the job's time limit");
    } else if (child->killed_building) {
        yk_text_copy(text, bytes, "killed at the build's time limit");
    } else if (atomic_load(&worker->open_status) != 0) {
        yk_text_copy(text, bytes, worker->log);
    } else {
        yk_process_describe_exit(status, text, bytes);
        if (yk_process_had_bus_error(status)) {
            explain_bus_error(supervisor, worker, text, bytes);
        }
    }
    if (atomic_load(&worker->initializing) != 0) {
        const size_t length = strlen(text);

        yk_text_format(text + length, bytes - length, ", in the initializer");
    }
}

/* What its job changes in place is about to be restored, in segments too. Whether the
 * supervisor has them. */
static bool map_guests(yk_supervisor *supervisor, const yk_worker *worker, char *how,
                       size_t bytes)
{
    const yk_job *job = job_of(supervisor->control, worker);
    const size_t length = strlen(how);
    yk_error error;

    yk_error_clear(&error);
    if (job == NULL ||
        yk_guest_view_map(&supervisor->guests, &job->launch, &error) == YOKE_OK) {
        return true;
    }
    yk_text_format(how + length, bytes - length, "; supervisor: %s", error.text);
    return false;
}

/* CPU workers that run a kernel's source though it has a native form run that from now on.
 * Whether that was so. */
static bool drop_source(yk_control *control, uint32_t kernel_slot)
{
    yk_kernel_slot *slot = &control->kernels[kernel_slot];
    const uint64_t id = slot->kernel.id;
    const uint32_t form = yk_form_of(atomic_load(&slot->form), id);

    if (form != YK_FORM_TRIAL && form != YK_FORM_SOURCE) {
        return false;
    }
    atomic_store(&slot->form, yk_form_pack(id, 0, YK_FORM_NATIVE));
    return true;
}

/* A worker of a CPU died: its trials are over, and a source that may have crashed it is not
 * worth its speed. */
static void settle_forms(yk_control *control, uint32_t slot)
{
    const yk_worker *worker = &control->workers[slot];
    const uint64_t active = atomic_load(&worker->active);

    for (uint32_t i = 0; i < YK_MAX_KERNELS; i++) {
        yk_kernel_slot *kernel = &control->kernels[i];

        if (atomic_load(&kernel->form) ==
            yk_form_pack(kernel->kernel.id, slot, YK_FORM_TRIAL)) {
            (void)drop_source(control, i);
        }
    }
    if (active != 0 && worker->was_killed == 0) {
        (void)drop_source(control, control->jobs[yk_active_slot(active)].kernel_slot);
    }
}

/* A compiler that takes too long, or takes the process down twice: this worker does not try
 * that kernel again. Once may have been somebody else's doing. */
static void blame_build(yk_control *control, yk_worker *worker, yk_child *child,
                        const char *how)
{
    const uint64_t building = atomic_load(&worker->building);
    const uint32_t slot = (uint32_t)(building & 0xff);
    const bool again = building == child->last_building;
    char text[512];

    atomic_store(&worker->building, 0);
    child->last_building = building;
    if (building == 0 || !(again || child->killed_building) ||
        drop_source(control, slot)) {
        return;
    }
    if (child->killed_building) {
        yk_text_format(text, sizeof text, "%s: the compiler took more than %g s",
                       worker->info.name,
                       1e-9 * (double)control->kernels[slot].build_timeout_ns);
    } else {
        yk_text_format(text, sizeof text, "%s: the compiler took the worker down (%s)",
                       worker->info.name, how);
    }
    yk_text_copy(worker->log, sizeof worker->log, text);
    atomic_store(&worker->builds[slot].word, building >> 8 << 8 | YK_BUILD_FAILED);
    atomic_store(&worker->building, 0);
}

static void count_failure(yk_worker *worker, yk_child *child, bool was_starting)
{
    child->start_failures = was_starting ? child->start_failures + 1 : 0;
    if (atomic_load(&worker->chunks) > 0) {
        atomic_store(&worker->failures, 0);
    }
    /* Whatever ended an idle process, it was not the device at work. */
    if (!child->killed_late && atomic_load(&worker->building) == 0 &&
        atomic_load(&worker->active) != 0) {
        atomic_fetch_add(&worker->failures, 1);
    }
}

/* The jobs it worked on can be left to others. */
static bool is_dispensable(yk_supervisor *supervisor, uint32_t slot)
{
    yk_control *control = supervisor->control;

    for (uint64_t live = atomic_load(&control->live); live != 0; live &= live - 1) {
        const yk_job *job = &control->jobs[__builtin_ctzll(live)];

        if (yk_state_of(atomic_load(&job->state)) == YK_JOB_OPEN &&
            !yk_job_has_hope(control, job, slot)) {
            return false;
        }
    }
    return true;
}

static bool should_give_up(yk_supervisor *supervisor, uint32_t slot, bool was_starting)
{
    const yk_worker *worker = &supervisor->control->workers[slot];
    const yk_child *child = &supervisor->workers[slot];
    const bool is_core = worker->kind == YOKE_WORKER_CPU;

    if (was_starting && atomic_load(&worker->open_status) == (uint32_t)-YOKE_EKERNEL) {
        return true; /* the initializer says so */
    }
    if (was_starting) {
        return child->start_failures >= (is_core && !child->killed_hung
                                             ? MAX_CORE_START_FAILURES
                                             : MAX_START_FAILURES);
    }
    /* A core does not break; a kernel that kills its process is found out by its tiles.
     */
    return !is_core && atomic_load(&worker->failures) >= MAX_DEVICE_FAILURES &&
           is_dispensable(supervisor, slot);
}

static void forgive_all(yk_control *control)
{
    const uint32_t count = yk_worker_count(control);

    for (uint32_t i = 0; i < count; i++) {
        atomic_store(&control->workers[i].failures, 0);
    }
}

static void bury(yk_supervisor *supervisor, uint32_t slot, int status)
{
    yk_control *control = supervisor->control;
    yk_worker *worker = &control->workers[slot];
    yk_child *child = &supervisor->workers[slot];
    const bool was_starting = atomic_load(&worker->state) == YK_WORKER_STARTING;
    static const int no_files[YK_MAX_LANES] = {-1, -1};
    const int *undo_files = supervisor->undo_files[slot];
    char how[512 + YK_SEGMENT_NAME];

    describe_death(supervisor, worker, child, status, how, sizeof how);
    yk_supervisor_log(supervisor, "%s (process %u) ended: %s", worker->name,
                      atomic_load(&worker->pid), how);
    record(supervisor, YK_TRACE_DEATH, slot, (pid_t)atomic_load(&worker->pid), status);
    atomic_store(&worker->pid, 0);
    worker->was_killed = yk_process_was_killed(status);
    count_failure(worker, child, was_starting);
    if (worker->kind == YOKE_WORKER_CPU) {
        settle_forms(control, slot);
    }
    blame_build(control, worker, child, how);
    if (!map_guests(supervisor, worker, how, sizeof how)) {
        undo_files = no_files;
    }
    if (yk_repair_worker(control, slot, undo_files, how)) {
        forgive_all(control); /* the kernel's fault, not the devices' */
    }
    if (should_give_up(supervisor, slot, was_starting)) {
        give_up_worker(supervisor, slot, how);
    } else {
        yk_supervisor_start_worker(supervisor, slot);
    }
}

void yk_supervisor_reap_workers(yk_supervisor *supervisor)
{
    const uint32_t count = yk_worker_count(supervisor->control);

    for (uint32_t slot = 0; slot < count; slot++) {
        int status;

        if (yk_supervisor_reap(&supervisor->workers[slot], &status)) {
            bury(supervisor, slot, status);
        }
    }
}

uint64_t yk_supervisor_check_starts(yk_supervisor *supervisor)
{
    const uint32_t count = yk_worker_count(supervisor->control);
    const uint64_t now = yk_clock_ns();
    uint64_t next = UINT64_MAX;

    for (uint32_t slot = 0; slot < count; slot++) {
        yk_child *child = &supervisor->workers[slot];

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

/* When a worker's build will have taken too long; UINT64_MAX: never. */
static uint64_t build_deadline(const yk_control *control, const yk_worker *worker)
{
    /* In this order: what is read second is not older than what was read first. */
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

void yk_supervisor_kill_late(uint32_t slot, void *context)
{
    yk_supervisor *supervisor = context;
    yk_child *child = &supervisor->workers[slot];

    if (child->pid != 0 && !child->killed_late) {
        child->killed_late = true;
        yk_process_kill(child->pid);
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
            yk_event_signal(&control->workers[i].bell);
            yk_control_ring_workers(control);
        }
    }
}
