/* SPDX-License-Identifier: MIT */
/* Workers that have ended: why they ended, what becomes of their work, and what replaces them. */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "protocol/aside.h"
#include "protocol/eligibility.h"
#include "supervisor/crash_text.h"
#include "supervisor/repair.h"
#include "supervisor/supervisor.h"
#include "sys/process.h"
#include "worker/worker_main.h"

enum {
    MAX_START_FAILURES = 2, /* processes in a row that die before they are ready */
    /* ... that say little about the device: see max_start_failures() */
    MAX_OTHER_START_FAILURES = 20,
    MAX_DEVICE_FAILURES = 4, /* ... before they finish a chunk, of a device */
    /* ... in the same build: a single death may have another cause */
    MAX_BUILD_CRASHES = 2,
    MAX_BUILD_KILLS = 8, /* ... ended by SIGKILL, which comes from outside */
};

void yk_supervisor_trace(const yk_supervisor *supervisor, uint32_t kind, uint32_t slot,
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

/* The open job in which it was active; NULL: none. The job cannot end until the worker is
 * repaired. */
static const yk_job *deaths_job_of(const yk_control *control, const yk_worker *worker)
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

/* Explains an access to a page that a file, perhaps that of a named segment, does not have (any
 * more). */
static void explain_bus_error(const yk_supervisor *supervisor, const yk_worker *worker,
                              char *text, size_t bytes)
{
    const yk_job *job = deaths_job_of(supervisor->control, worker);
    const size_t length = strlen(text);
    char why[160 + YK_SEGMENT_NAME];

    if (job == NULL) {
        return;
    }
    yk_segment_view_find_short(&supervisor->attachments, &job->launch, why, sizeof why);
    if (why[0] != '\0') {
        yk_text_format(text + length, bytes - length, ": %s", why);
    }
}

static void describe_death(const yk_supervisor *supervisor, const yk_worker *worker,
                           const yk_child *child, int status, char *text, size_t bytes)
{
    if (atomic_load(&worker->spent) != 0) {
        yk_text_copy(text, bytes,
                     "has computed its maximum number of items (.items_per_process)");
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
        yk_crash_explain(supervisor->control,
                         supervisor->start.memory[YK_MEMORY_ARENA].base, &worker->crash,
                         text, bytes);
    }
    if (atomic_load(&worker->initializing) != 0) {
        const size_t length = strlen(text);

        yk_text_format(text + length, bytes - length, ", in the initializer");
    }
}

/* Attaches the segments of the worker's job: what the job changes in place is about to be
 * restored, in segments too. Whether the supervisor has them. */
static bool deaths_attach_segments(yk_supervisor *supervisor, const yk_worker *worker,
                                   char *how, size_t bytes)
{
    const yk_job *job = deaths_job_of(supervisor->control, worker);
    const size_t length = strlen(how);
    yk_error error;

    yk_error_clear(&error);
    if (job == NULL || yk_segment_view_attach_launch(&supervisor->attachments,
                                                     &job->launch, &error) == YOKE_OK) {
        return true;
    }
    yk_text_format(how + length, bytes - length, "; supervisor: %s",
                   yk_error_text(&error));
    return false;
}

/* If CPU workers run a kernel's source although it has a native form: they run the native form
 * from now on. Whether that was so. */
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

/* After the death of a CPU worker: its trials are over, and a source that may have crashed it
 * is not worth its speed. If the process was only spent, another worker may try again. */
static void settle_forms(yk_control *control, uint32_t slot)
{
    const yk_worker *worker = &control->workers[slot];
    const uint64_t active = atomic_load(&worker->active);
    const bool spent = atomic_load(&worker->spent) != 0;

    for (uint32_t i = 0; i < YK_MAX_KERNELS; i++) {
        yk_kernel_slot *kernel = &control->kernels[i];

        if (atomic_load(&kernel->form) ==
            yk_form_pack(kernel->kernel.id, slot, YK_FORM_TRIAL)) {
            if (spent) {
                atomic_store(&kernel->form,
                             yk_form_pack(kernel->kernel.id, 0, YK_FORM_OPEN));
            } else {
                (void)drop_source(control, i);
            }
        }
    }
    if (active != 0 && worker->was_killed == 0) {
        (void)drop_source(control, control->jobs[yk_active_slot(active)].kernel_slot);
    }
}

/* Whether the compiler is to blame: it took too long, or ended several processes. */
static bool is_bad_build(const yk_worker *worker, yk_child *child, uint64_t building)
{
    const uint32_t max_count =
        worker->was_killed != 0 ? MAX_BUILD_KILLS : MAX_BUILD_CRASHES;

    child->build_deaths =
        building == child->last_building ? child->build_deaths + 1 : 1;
    child->last_building = building;
    return building != 0 &&
           (child->killed_building || child->build_deaths >= max_count);
}

/* After a build that ends its processes, this worker does not try the kernel again. */
static void blame_build(yk_control *control, yk_worker *worker, yk_child *child,
                        const char *how)
{
    const uint64_t building = atomic_load(&worker->building);
    const uint32_t slot = (uint32_t)(building & 0xff);
    char text[512];

    atomic_store(&worker->building, 0);
    if (!is_bad_build(worker, child, building) || drop_source(control, slot)) {
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
    yk_aside_note(control, (uint32_t)(worker - control->workers), slot, false, text);
    atomic_store(&worker->builds[slot].word, building >> 8 << 8 | YK_BUILD_FAILED);
    atomic_store(&worker->building, 0);
}

static void count_failure(yk_worker *worker, yk_child *child, bool was_starting)
{
    child->start_failures = was_starting ? child->start_failures + 1 : 0;
    if (atomic_load(&worker->chunks) > 0) {
        atomic_store(&worker->failures, 0);
    }
    /* If the process was idle, it was not a failure of the device at work. */
    if (!child->killed_late && atomic_load(&worker->building) == 0 &&
        atomic_load(&worker->active) != 0) {
        atomic_fetch_add(&worker->failures, 1);
    }
}

/* Whether the jobs it worked on can be left to other workers. */
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

/* A core does not break, but may hang. SIGKILL comes from outside. What a job needs is tried
 * longer, unless each attempt takes the whole time, or the device itself reports why. */
static uint32_t max_start_failures(yk_supervisor *supervisor, uint32_t slot)
{
    const yk_worker *worker = &supervisor->control->workers[slot];

    if (supervisor->workers[slot].killed_hung) {
        return MAX_START_FAILURES;
    }
    return yk_worker_has(worker, YK_TRAIT_NEVER_BREAKS) || worker->was_killed != 0 ||
                   (atomic_load(&worker->open_status) == 0 &&
                    !is_dispensable(supervisor, slot))
               ? MAX_OTHER_START_FAILURES
               : MAX_START_FAILURES;
}

static bool should_give_up(yk_supervisor *supervisor, uint32_t slot, bool was_starting)
{
    const yk_worker *worker = &supervisor->control->workers[slot];
    const yk_child *child = &supervisor->workers[slot];
    const bool never_breaks = yk_worker_has(worker, YK_TRAIT_NEVER_BREAKS);

    if (was_starting && atomic_load(&worker->open_status) == (uint32_t)-YOKE_EKERNEL) {
        return true; /* the initializer has failed */
    }
    if (was_starting) {
        return child->start_failures >= max_start_failures(supervisor, slot);
    }
    /* A core does not break, and a kernel that kills its process is identified by its tiles. */
    return !never_breaks && atomic_load(&worker->failures) >= MAX_DEVICE_FAILURES &&
           is_dispensable(supervisor, slot);
}

static void forgive_all(yk_control *control)
{
    const uint32_t count = yk_worker_count(control);

    for (uint32_t i = 0; i < count; i++) {
        atomic_store(&control->workers[i].failures, 0);
    }
}

static void deaths_bury_worker(yk_supervisor *supervisor, uint32_t slot, int status)
{
    yk_control *control = supervisor->control;
    yk_worker *worker = &control->workers[slot];
    yk_child *child = &supervisor->workers[slot];
    const bool was_starting = atomic_load(&worker->state) == YK_WORKER_STARTING;
    static const int no_files[YK_MAX_LANES] = {-1, -1};
    const int *undo_files = supervisor->undo_files[slot];
    char how[768 + YK_SEGMENT_NAME];

    describe_death(supervisor, worker, child, status, how, sizeof how);
    yk_supervisor_log(supervisor, "%s (process %u) ended: %s", worker->name,
                      atomic_load(&worker->pid), how);
    yk_supervisor_trace(supervisor, YK_TRACE_DEATH, slot,
                        (pid_t)atomic_load(&worker->pid), status);
    atomic_store(&worker->pid, 0);
    atomic_store(&worker->detached_seen, YK_SEEN_ALL);
    worker->was_killed = yk_process_was_killed(status);
    count_failure(worker, child, was_starting);
    if (yk_worker_has(worker, YK_TRAIT_BORROWS_SOURCE)) {
        settle_forms(control, slot);
    }
    blame_build(control, worker, child, how);
    if (!deaths_attach_segments(supervisor, worker, how, sizeof how)) {
        undo_files = no_files;
    }
    if (yk_repair_worker(control, slot, undo_files, how)) {
        forgive_all(control); /* the kernel's fault, not the devices' */
    }
    if (should_give_up(supervisor, slot, was_starting)) {
        yk_supervisor_give_up(supervisor, slot, how);
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
            deaths_bury_worker(supervisor, slot, status);
        }
    }
}
