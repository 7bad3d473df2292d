/* SPDX-License-Identifier: MIT */
/* Workers that have ended: why they ended, what becomes of their work, and what replaces them. */
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/text.h"
#include "protocol/aside.h"
#include "protocol/eligibility.h"
#include "protocol/fault_point.h"
#include "protocol/job.h"
#include "protocol/undo.h"
#include "supervisor/crash_text.h"
#include "supervisor/repair.h"
#include "supervisor/supervisor.h"
#include "sys/process.h"
#include "sys/signals.h"
#include "worker/worker_main.h"

enum {
    MAX_START_FAILURES = 2, /* processes in a row that die before they are ready */
    MAX_DEVICE_FAILURES = 4, /* ... before they finish a chunk, of a device */
    /* ... either, if it says little about the device: see max_start_failures() */
    MAX_OTHER_FAILURES = 20,
    /* ... in the same build: a single death may have another cause */
    MAX_BUILD_CRASHES = 2,
    MAX_BUILD_KILLS = 8, /* ... ended by SIGKILL, which comes from outside */
    /* ... of one kind of device: the compiler is the same */
    MAX_CLASS_CRASHES = 3,
    PRINTED_BYTES = 512, /* of what the compiler printed */
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

static void explain_hung_start(const yk_worker *worker, char *text, size_t bytes)
{
    static const char *const steps[] = {
        [YK_COMPILING_NOTHING] = "",
        [YK_COMPILING_PROGRAM] = ", while the driver compiled a test of its device",
        [YK_COMPILING_WAIT] = (", while it waited for another process that compiles the "
                               "same program into PoCL's cache folder"),
        [YK_COMPILING_LAUNCH] = ", while a test ran on its device"};
    const uint32_t step = atomic_load(&worker->compiling.step);

    yk_text_format(text, bytes, "did not start in time and was killed%s",
                   step <= YK_COMPILING_LAUNCH ? steps[step] : "");
}

static yk_crash_case deaths_case_of(const yk_supervisor *supervisor,
                                    const yk_worker *worker, int status)
{
    return (yk_crash_case){.control = supervisor->control,
                           .window = supervisor->start.memory[YK_MEMORY_ARENA].base,
                           .crash = &worker->crash,
                           .job = deaths_job_of(supervisor->control, worker),
                           .status = status};
}

static void log_death(const yk_supervisor *supervisor, const yk_worker *worker,
                      int status, const char *how)
{
    const yk_crash_case what = deaths_case_of(supervisor, worker, status);
    char calls[4096];

    if (supervisor->control->log == 0) {
        return;
    }
    yk_supervisor_log(supervisor, "%s (process %u) ended: %s", worker->name,
                      atomic_load(&worker->pid), how);
    yk_crash_list_calls(&what, calls, sizeof calls);
    if (calls[0] != '\0') {
        yk_supervisor_log(supervisor, "%s had called:\n%s", worker->name, calls);
    }
}

static void describe_death(const yk_supervisor *supervisor, const yk_worker *worker,
                           const yk_child *child, int status, char *text, size_t bytes)
{
    const yk_crash_case what = deaths_case_of(supervisor, worker, status);
    const uint32_t spent = atomic_load(&worker->spent);

    if (spent == YK_SPENT_MEMORY) {
        yk_text_format(text, bytes,
                       "has %llu MiB of private memory, more than it may have "
                       "(.memory_per_process)",
                       (unsigned long long)(atomic_load(&worker->tally.memory) >> 20));
    } else if (spent == YK_SPENT_ITEMS) {
        yk_text_copy(text, bytes,
                     "has computed its maximum number of items (.items_per_process)");
    } else if (child->killed_hung) {
        explain_hung_start(worker, text, bytes);
    } else if (child->killed_late && worker->overdue_since != 0) {
        yk_text_copy(text, bytes, "killed at an item's time limit");
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
        yk_crash_explain(&what, text, bytes);
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
    const uint64_t count = yk_min(atomic_load(&control->kernel_slots), YK_MAX_KERNELS);

    for (uint32_t i = 0; i < count; i++) {
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

/* ---- compilers ---- */

/* What a compiler printed before its process ended, as a text to go behind another. */
static void collect_printed(const yk_supervisor *supervisor, uint32_t slot, char *text,
                            size_t bytes)
{
    const yk_worker *worker = &supervisor->control->workers[slot];
    const int file = supervisor->undo_files[slot][0];
    char printed[PRINTED_BYTES] = "";

    text[0] = '\0';
    if (atomic_load(&worker->compiling.since) != 0) {
        yk_capture_collect(file, YK_UNDO_TEXT, printed, sizeof printed);
    }
    if (printed[0] != '\0') {
        yk_text_format(text, bytes, "; the compiler printed:\n%s", printed);
    }
}

/* Whether a compiler has ended the process. PoCL compiles at the first launch, too, and ends its
 * process if that fails. Kernels cannot do that: they crash in other ways. */
static bool is_compilers_fault(const yk_worker *worker, int status)
{
    switch (atomic_load(&worker->compiling.step)) {
    case YK_COMPILING_PROGRAM:
        return true;
    case YK_COMPILING_LAUNCH:
        return yk_process_ended_itself(status);
    default:
        return false;
    }
}

/* Such a death inside a job counts as one in a build. */
static void note_compiler_death(yk_control *control, yk_worker *worker, int status)
{
    const yk_job *job = deaths_job_of(control, worker);

    worker->compiler_died = 0;
    if (job != NULL && atomic_load(&worker->building) == 0 &&
        atomic_load(&worker->open_status) == 0 && is_compilers_fault(worker, status)) {
        worker->compiler_died = 1;
        atomic_store(&worker->building,
                     control->kernels[job->kernel_slot].kernel.id << 8 |
                         job->kernel_slot);
    }
}

/* Counts processes over all workers of a kind of device. Whether there were too many. */
static bool is_bad_for_class(yk_supervisor *supervisor, const yk_worker *worker,
                             uint64_t building)
{
    yk_compiler_deaths *deaths = &supervisor->compiler_deaths[building & 0xff];

    if (worker->was_killed != 0) {
        return false;
    }
    if (deaths->building != building || deaths->driver_class != worker->driver_class) {
        *deaths = (yk_compiler_deaths){.building = building,
                                       .driver_class = worker->driver_class};
    }
    return ++deaths->count >= MAX_CLASS_CRASHES;
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

/* Jobs that have lost the last worker that could run the kernel. */
static void stop_unbuilt(yk_control *control, uint32_t kernel_slot,
                         const yk_worker *worker, const char *text)
{
    const yk_kernel *kernel = &control->kernels[kernel_slot].kernel;

    for (uint32_t slot = 0; (slot = yk_job_set_next(&control->live, slot)) < YK_MAX_JOBS;
         slot++) {
        yk_job *job = &control->jobs[slot];
        const uint64_t state = atomic_load(&job->state);
        const yk_job_ref ref = {slot, yk_state_generation(state)};

        if (yk_state_of(state) == YK_JOB_OPEN && job->kernel_slot == kernel_slot &&
            !yk_job_has_hope(control, job, UINT32_MAX)) {
            yk_job_explain(job, ref.generation, "%s '%s' does not build on %s: %s",
                           yk_kernel_noun(kernel), kernel->name, worker->name, text);
            yk_job_stop(control, ref, YOKE_EBUILD);
        }
    }
}

/* The kernel is not tried again by this worker or, with `all`, by any of its kind. */
static void fail_builds(yk_control *control, const yk_worker *worker, uint64_t building,
                        bool all, const char *text)
{
    const uint32_t count = yk_worker_count(control);
    const uint32_t slot = (uint32_t)(building & 0xff);

    for (uint32_t i = 0; i < count; i++) {
        yk_worker *other = &control->workers[i];

        if (other == worker || (all && other->driver_class == worker->driver_class)) {
            yk_text_copy(other->log, sizeof other->log, text);
            atomic_store(&other->builds[slot].word, building >> 8 << 8 | YK_BUILD_FAILED);
        }
    }
}

static void write_blame(const yk_control *control, const yk_worker *worker,
                        const yk_child *child, uint32_t kernel_slot, const char *how,
                        char *text, size_t bytes)
{
    if (child->killed_building) {
        const bool waited = atomic_load(&worker->compiling.step) == YK_COMPILING_WAIT;

        yk_text_format(text, bytes, "%s: the compiler took more than %g s%s",
                       worker->info.name,
                       1e-9 * (double)control->kernels[kernel_slot].build_timeout_ns,
                       waited ? "; it was waiting for another process that compiles the "
                                "same program into PoCL's cache folder"
                              : "");
    } else {
        yk_text_format(text, bytes, "%s: the compiler took the worker down (%s)",
                       worker->info.name, how);
    }
}

/* After a build that ends its processes, the kernel is not tried again. */
static void blame_build(yk_supervisor *supervisor, yk_worker *worker, yk_child *child,
                        const char *how)
{
    yk_control *control = supervisor->control;
    const uint64_t building = atomic_load(&worker->building);
    const uint32_t slot = (uint32_t)(building & 0xff);
    const bool all = building != 0 && !child->killed_building &&
                     is_bad_for_class(supervisor, worker, building);
    char text[2048];

    atomic_store(&worker->building, 0);
    if ((!is_bad_build(worker, child, building) && !all) || drop_source(control, slot)) {
        return;
    }
    write_blame(control, worker, child, slot, how, text, sizeof text);
    yk_aside_note(control, (uint32_t)(worker - control->workers), slot, false, text);
    fail_builds(control, worker, building, all, text);
    stop_unbuilt(control, slot, worker, text);
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

    for (uint32_t i = 0; (i = yk_job_set_next(&control->live, i)) < YK_MAX_JOBS; i++) {
        const yk_job *job = &control->jobs[i];

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
               ? MAX_OTHER_FAILURES
               : MAX_START_FAILURES;
}

/* The same of those that were ready. */
static uint32_t max_device_failures(const yk_worker *worker)
{
    return worker->was_killed != 0 ? MAX_OTHER_FAILURES : MAX_DEVICE_FAILURES;
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
    return !never_breaks &&
           atomic_load(&worker->failures) >= max_device_failures(worker) &&
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
    char printed[PRINTED_BYTES + 64];
    char how[1536 + YK_SEGMENT_NAME];

    collect_printed(supervisor, slot, printed, sizeof printed);
    describe_death(supervisor, worker, child, status, how, sizeof how);
    log_death(supervisor, worker, status, how);
    yk_supervisor_trace(supervisor, YK_TRACE_DEATH, slot,
                        (pid_t)atomic_load(&worker->pid), status);
    atomic_store(&worker->pid, 0);
    atomic_store(&worker->detached_seen, YK_SEEN_ALL);
    yk_supervisor_settle_starter(supervisor, YK_STARTER_WORKER + slot);
    worker->was_killed = yk_process_was_killed(status);
    strncat(how, printed, sizeof how - strlen(how) - 1);
    worker->compiler_died = 0;
    if (!child->killed_late) {
        note_compiler_death(control, worker, status);
    }
    count_failure(worker, child, was_starting);
    if (yk_worker_has(worker, YK_TRAIT_BORROWS_SOURCE)) {
        settle_forms(control, slot);
    }
    blame_build(supervisor, worker, child, how);
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
        yk_cpu_time used;
        int status;

        if (yk_supervisor_reap_counted(&supervisor->workers[slot], &status, &used)) {
            YK_FAULT_POINT_WHOEVER(supervisor->control, YK_FAULT_WORKER_REAPED);
            yk_cpu_tally_end(&supervisor->control->workers[slot].cpu_tally, &used);
            deaths_bury_worker(supervisor, slot, status);
        }
    }
}
