/* SPDX-License-Identifier: MIT */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "protocol/bells.h"
#include "protocol/fault_point.h"
#include "protocol/bootstrap.h"
#include "supervisor/repair.h"
#include "sys/cxx_exception.h"
#include "sys/identity.h"
#include "sys/process.h"
#include "sys/wakeup.h"
#include "worker/worker_main.h"

/* How long workers may take to finish their work when the pool closes. */
static const uint64_t close_ns = 2 * YK_NS_PER_S;

/* How often to check processes that have no descriptor to wait on. */
static const uint64_t poll_ns = 100 * (uint64_t)YK_NS_PER_MS;

void yk_supervisor_log(const yk_supervisor *supervisor, const char *format, ...)
{
    va_list list;

    if (supervisor->control->log == 0) {
        return;
    }
    (void)fputs("yoke: ", stderr);
    va_start(list, format);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    (void)fputc('\n', stderr);
}

/* ---- children ---- */

typedef struct child_args {
    const yk_supervisor *supervisor;
    const int *undo_files; /* NULL: none */
    bool program;          /* it runs a function of the program */
    /* it executes the program: the descriptors for that stay open */
    bool executes;
    int (*entry)(void *context);
    void *context;
} child_args;

static int child_main(void *context)
{
    const child_args *self = context;
    const yk_supervisor *supervisor = self->supervisor;
    const yk_mapping *memory = supervisor->start.memory;
    int keep[3 + YK_MEMORIES + YK_MAX_LANES] = {
        supervisor->start.alive,       supervisor->control->supervisor_bell,
        supervisor->control->end_bell, memory[YK_MEMORY_ARENA].fd,
        memory[YK_MEMORY_CONTROL].fd,  memory[YK_MEMORY_STORE].fd,
        memory[YK_MEMORY_TABLES].fd};
    /* The program's processes need the first two only. */
    size_t count = self->program ? 2 : self->executes ? 3 + YK_MEMORIES : 4;

    for (unsigned lane = 0; self->undo_files != NULL && lane < YK_MAX_LANES; lane++) {
        if (self->undo_files[lane] >= 0) {
            keep[count++] = self->undo_files[lane];
        }
    }
    if (!yk_process_die_with_parent(supervisor->self)) {
        return 1;
    }
    if (self->program) {
        yk_process_start_program(&supervisor->reserve, keep, count);
    } else {
        yk_process_start_clean(&supervisor->reserve, keep, count);
    }
    return self->entry(self->context);
}

static bool fork_child(yk_child *child, child_args *self)
{
    *child = (yk_child){.pidfd = -1,
                        .start_failures = child->start_failures,
                        .last_building = child->last_building,
                        .build_deaths = child->build_deaths};
    child->pid = yk_process_fork(child_main, self);
    if (child->pid < 0) {
        child->fork_error = errno;
        child->pid = 0;
        return false;
    }
    child->pidfd = yk_process_open(child->pid);
    return true;
}

bool yk_supervisor_fork(yk_supervisor *supervisor, yk_child *child,
                        const int undo_files[YK_MAX_LANES], int (*entry)(void *context),
                        void *context)
{
    child_args self = {supervisor, undo_files, false, false, entry, context};

    return fork_child(child, &self);
}

bool yk_supervisor_fork_program(yk_supervisor *supervisor, yk_child *child,
                                int (*entry)(void *context), void *context)
{
    child_args self = {supervisor, NULL, true, false, entry, context};

    return fork_child(child, &self);
}

static int follow_letter(void *context)
{
    yk_bootstrap_follow(context);
    return YK_WORKER_EXIT_START;
}

bool yk_supervisor_execute(yk_supervisor *supervisor, yk_child *child, uint32_t role,
                           uint32_t index, const int undo_files[YK_MAX_LANES],
                           yk_error *error)
{
    yk_bootstrap bootstrap;
    child_args self = {supervisor, bootstrap.undo_files, false,
                       true,       follow_letter,        &bootstrap};

    if (yk_bootstrap_init(&bootstrap, &supervisor->start, yk_start_constructor,
                          error) != YOKE_OK) {
        yk_error_prefix(error, "its process cannot execute the program: ");
        return false;
    }
    bootstrap.role = role;
    bootstrap.index = index;
    bootstrap.start.life = -1; /* the supervisor's alone */
    for (unsigned lane = 0; undo_files != NULL && lane < YK_MAX_LANES; lane++) {
        bootstrap.undo_files[lane] = undo_files[lane];
    }
    if (!fork_child(child, &self)) {
        yk_fail(error, YOKE_ESYSTEM, "its process cannot be forked: %s",
                strerror(child->fork_error));
    }
    return child->pid != 0;
}

bool yk_supervisor_reap_counted(yk_child *child, int *status, yk_cpu_time *used)
{
    if (child->pid == 0 || !yk_process_reap_counted(child->pid, status, used)) {
        return false;
    }
    yk_fd_close(&child->pidfd);
    child->pid = 0;
    return true;
}

bool yk_supervisor_reap(yk_child *child, int *status)
{
    yk_cpu_time used;

    return yk_supervisor_reap_counted(child, status, &used);
}

static bool supervisor_is_among(const yk_child *children, uint32_t count, pid_t pid)
{
    for (uint32_t i = 0; i < count; i++) {
        if (children[i].pid == pid) {
            return true;
        }
    }
    return false;
}

/* Orphans that the program's processes leave become children of this process, to be reaped. If
 * the first ended child is one of its own, whose descriptor reports its end, the others wait
 * for their turn. */
static void reap_orphans(const yk_supervisor *supervisor)
{
    pid_t pid;
    int status;

    while ((pid = yk_process_ended_child()) > 0 &&
           !supervisor_is_among(supervisor->probes, YK_MAX_DRIVERS, pid) &&
           !supervisor_is_among(supervisor->workers, YK_MAX_WORKERS, pid) &&
           !supervisor_is_among(supervisor->processes, YK_MAX_PROCESSES, pid)) {
        (void)yk_process_reap(pid, false, &status);
    }
}

/* ---- the loop ---- */

/* Collects the pidfds of the children that exist. Returns how many. */
static size_t collect_children(const yk_child *children, uint32_t max_count, int *fds)
{
    size_t count = 0;

    for (uint32_t i = 0; i < max_count; i++) {
        if (children[i].pid != 0) {
            fds[count++] = children[i].pidfd;
        }
    }
    return count;
}

/* The bell, the application twice, the ends of children, then all known children. Returns how
 * many. */
static size_t collect_fds(const yk_supervisor *supervisor, int *fds)
{
    const yk_control *control = supervisor->control;
    size_t count = 0;

    fds[count++] = supervisor->control->supervisor_bell;
    fds[count++] = supervisor->start.life;
    fds[count++] = supervisor->application;
    fds[count++] = supervisor->child_bell;
    count += collect_children(supervisor->probes, YK_MAX_DRIVERS, fds + count);
    count +=
        collect_children(supervisor->workers, yk_worker_count(control), fds + count);
    count += collect_children(supervisor->processes,
                              atomic_load(&control->process_slots), fds + count);
    return count;
}

enum { MAX_FDS = 4 + YK_MAX_DRIVERS + YK_MAX_WORKERS + YK_MAX_PROCESSES };

static_assert((int)MAX_FDS <= (int)YK_MAX_WAIT_FDS, "all can be waited for");

/* If a process has no descriptor (none was free, or the system has none for processes), its
 * death is noticed only by polling. */
static bool has_unwatched(const int *fds, size_t count)
{
    for (size_t i = 2; i < count; i++) {
        if (fds[i] < 0) {
            return true;
        }
    }
    return false;
}

/* Waits for an event. False if the application has ended. */
static bool wait_for_events(const yk_supervisor *supervisor, uint64_t until_ns)
{
    int fds[MAX_FDS];
    bool ready[MAX_FDS];
    const size_t count = collect_fds(supervisor, fds);
    const uint64_t now = yk_clock_ns();

    if (has_unwatched(fds, count)) {
        until_ns = yk_min(until_ns, now + poll_ns);
    }
    yk_fd_wait(fds, ready, count,
               until_ns == UINT64_MAX ? UINT64_MAX
               : until_ns > now       ? until_ns - now
                                      : 0);
    yk_bell_clear(supervisor->control->supervisor_bell);
    yk_process_clear_child_bell(supervisor->child_bell);
    return !ready[1] && !ready[2];
}

static bool is_quitting(const yk_supervisor *supervisor)
{
    return atomic_load(&supervisor->control->quit) != YK_QUIT_NO;
}

static void supervisor_run(yk_supervisor *supervisor)
{
    uint64_t until = 0;

    while (wait_for_events(supervisor, until) && !is_quitting(supervisor)) {
        yk_supervisor_tend_processes(supervisor);
        (void)yk_segment_view_detach_closed(&supervisor->attachments, NULL);
        yk_supervisor_reap_workers(supervisor);
        reap_orphans(supervisor);
        until = yk_supervisor_check_probes(supervisor);
        until = yk_min(until, yk_supervisor_check_starts(supervisor));
        until = yk_min(until, yk_supervisor_check_builds(supervisor));
        until = yk_min(until, yk_supervisor_check_compiling(supervisor));
        yk_supervisor_share_cores(supervisor);
        until = yk_min(until, yk_repair_jobs(supervisor->control,
                                             yk_supervisor_kill_late, supervisor));
        until = yk_min(until, yk_watch_jobs(&supervisor->watch, supervisor->control));
    }
}

/* ---- the end ---- */

static uint32_t reap_any(yk_supervisor *supervisor)
{
    const uint32_t count = yk_worker_count(supervisor->control);
    uint32_t left = 0;
    int status;

    yk_supervisor_reap_processes(supervisor);
    for (uint32_t i = 0; i < count; i++) {
        (void)yk_supervisor_reap(&supervisor->workers[i], &status);
        left += supervisor->workers[i].pid != 0;
    }
    return left;
}

/* Waits for workers, which end by themselves when they see that the pool closes. */
static void wait_for_workers(yk_supervisor *supervisor)
{
    const yk_control *control = supervisor->control;
    const uint64_t now = yk_clock_ns();
    const uint64_t limit = control->initializer.finalizer.place.offset != 0
                               ? yk_max(close_ns, control->start_timeout_ns)
                               : close_ns;
    const uint64_t deadline = limit < UINT64_MAX - now ? now + limit : UINT64_MAX;

    yk_control_wake_workers(supervisor->control);
    while (reap_any(supervisor) > 0 && yk_clock_ns() < deadline) {
        if (!wait_for_events(supervisor, deadline) ||
            atomic_load(&supervisor->control->quit) == YK_QUIT_KILL) {
            return;
        }
    }
}

static bool let_go_of_files(yk_supervisor *supervisor)
{
    const yk_supervisor_start *start = &supervisor->start;
    const yk_kept_fds *kept = &start->control->kept;
    const int own[] = {start->life,
                       start->alive,
                       start->control->supervisor_bell,
                       start->control->end_bell,
                       start->memory[YK_MEMORY_CONTROL].fd,
                       start->memory[YK_MEMORY_ARENA].fd,
                       start->memory[YK_MEMORY_STORE].fd,
                       start->memory[YK_MEMORY_TABLES].fd};
    const size_t count = sizeof own / sizeof own[0];

    if (!yk_fd_reserve_all(&supervisor->reserve, own, count, kept->fds, kept->count)) {
        return false;
    }
    yk_process_start_supervisor(&supervisor->reserve, own, count);
    return true;
}

/* The supervisor reserves the numbers of the program's descriptors, and keeps those that were
 * requested. The application closes its own copies of two of the library's, and then reuses
 * their numbers. */
static bool supervisor_start_clean(yk_supervisor *supervisor)
{
    yk_supervisor_start *start = &supervisor->start;

    yk_fd_close(&start->others[0]);
    yk_fd_close(&start->others[1]);
    yk_process_raise_fd_limit();
    yk_fd_reserve_next();
    start->life = yk_fd_renumber(start->life);
    start->alive = yk_fd_renumber(start->alive);
    return let_go_of_files(supervisor);
}

static bool start_process(yk_supervisor *supervisor, const yk_supervisor_start *start)
{
    supervisor->start = *start;
    supervisor->control = start->control;
    supervisor->self = yk_process_self();
    atomic_store(&start->control->identity, yk_identity_process());
    if (!yk_segment_view_init(&supervisor->attachments, start->control,
                              start->memory[YK_MEMORY_ARENA], start->application)) {
        return false;
    }
    yk_cxx_discard_streams();
    yk_process_note_signals();
    if (!supervisor_start_clean(supervisor)) {
        return false;
    }
    if (start->threads > 1) {
        yk_openmp_run_alone();
    }
    yk_cpus_forget(yk_cpus_widen()); /* an executed program's OpenMP has bound it again */
    yk_process_set_name("yoke:supervisor");
    yk_process_prefer_for_oom();
    yk_process_adopt_orphans();
    supervisor->child_bell = yk_process_child_bell();
    supervisor->application = yk_process_open(start->application);
    for (uint32_t i = 0; i < YK_MAX_WORKERS; i++) {
        for (unsigned lane = 0; lane < YK_MAX_LANES; lane++) {
            supervisor->undo_files[i][lane] = -1;
        }
        supervisor->workers[i].pidfd = -1;
    }
    return true;
}

int yk_supervisor_main(void *context)
{
    const yk_supervisor_start *start = context;
    yk_supervisor *supervisor = calloc(1, sizeof *supervisor);

    if (supervisor == NULL || !start_process(supervisor, start)) {
        return 1;
    }
    yk_supervisor_find_drivers(supervisor);
    yk_supervisor_start_local(supervisor);
    YK_FAULT_POINT_WHOEVER(supervisor->control, YK_FAULT_BEFORE_STARTED);
    atomic_store(&supervisor->control->started, 1);
    yk_eventcount_signal(&supervisor->control->changed);
    yk_supervisor_start_probes(supervisor);
    supervisor_run(supervisor);
    supervisor->closing = true;
    yk_supervisor_end_processes(supervisor);
    if (atomic_load(&supervisor->control->quit) == YK_QUIT_CLOSE) {
        wait_for_workers(supervisor);
    }
    yk_process_kill_children();
    return 0;
}
