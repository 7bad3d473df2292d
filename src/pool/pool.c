/* SPDX-License-Identifier: MIT */
#include "pool/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/settings.h"
#include "pool/start.h"
#include "pool/trace.h"
#include "protocol/bells.h"
#include "protocol/device_kinds.h"
#include "protocol/fault_point.h"
#include "protocol/member/membership.h"
#include "shm/window.h"
#include "supervisor/supervisor_main.h"
#include "sys/call_guard.h"
#include "sys/elf.h"
#include "sys/futex.h"
#include "sys/process.h"
#include "sys/process/hidden_process.h"
#include "sys/topology.h"
#include "sys/wakeup.h"

static const size_t min_arena = (size_t)64 << 20;
/* Address space that is left for libraries, heaps and stacks, where it is limited. */
static const size_t max_room = (size_t)256 << 20;
static const size_t min_room = (size_t)16 << 20;
static const size_t store_bytes = (size_t)1 << 30;
static const size_t tables_bytes = (size_t)4 << 30; /* for 2 TiB that are lent */
/* The same under valgrind, which keeps books of address space, and at each process's end looks
 * for pointers in all of it. */
static const size_t valgrind_arena = (size_t)256 << 20;
static const size_t valgrind_books = (size_t)64 << 20;
/* With ThreadSanitizer, whose programs have about a TiB of addresses. */
static const size_t ruled_arena = (size_t)32 << 30;

/* How long the pool's processes may take to go, beyond which they are killed. */
static const uint64_t end_ns = 5 * YK_NS_PER_S;

/* ---- options ---- */

static yoke_status read_selection(yk_control *control, const char *devices,
                                  yk_error *error)
{
    const yoke_status status = yk_selection_parse(
        &control->selection,
        devices != NULL ? devices : yk_setting_text(YK_SETTING_DEVICES), error);

    if (status != YOKE_OK && devices != NULL) {
        yk_error_prefix(error, "devices: ");
    } else if (status != YOKE_OK) {
        yk_setting_prefix(YK_SETTING_DEVICES, error);
    }
    return status;
}

static uint64_t start_timeout_ns(double seconds)
{
    const uint64_t a_long_time = UINT64_C(1000000000) * YK_NS_PER_S;

    return seconds == YOKE_FOREVER ? a_long_time
           : seconds > 0           ? (uint64_t)(seconds * 1e9)
                                   : 20 * YK_NS_PER_S;
}

static yoke_status read_options(yk_control *control, const yoke_pool_options *options,
                                yk_error *error)
{
    const double timeout = options->start_timeout;
    bool discrete = false;
    bool check = options->check;
    yoke_status status = read_selection(control, options->devices, error);

    if (status == YOKE_OK) {
        status = yk_membership_note_outer(control, error);
    }
    if (status == YOKE_OK) {
        status = yk_setting_flag(YK_SETTING_FORCE_DISCRETE, &discrete, error);
    }
    if (status == YOKE_OK && !check) {
        status = yk_setting_flag(YK_SETTING_CHECK, &check, error);
    }
    if (status == YOKE_OK) {
        status = yk_fault_configure(control, error);
    }
    if (status == YOKE_OK && !(yk_clock_is_time(timeout) && timeout <= 86400)) {
        status = yk_fail(error, YOKE_EINVAL,
                         "start_timeout is a number of seconds from 0 to 86400, or "
                         "YOKE_FOREVER");
    }
    if (status != YOKE_OK) {
        return status;
    }
    control->items_per_process = options->items_per_process;
    control->memory_per_process = options->memory_per_process;
    control->discrete = discrete;
    control->discover = options->discover;
    control->check = check;
    control->log = yk_setting_is_set(YK_SETTING_LOG);
    control->start_timeout_ns = start_timeout_ns(timeout);
    return YOKE_OK;
}

/* ---- memory ---- */

/* What the pool's memory consists of, before it has books. */
typedef struct mappings {
    yk_layout layout; /* of the arena */
    yk_mapping arena;
    yk_mapping store;
    yk_mapping tables;
    yk_mapping control;
} mappings;

static void pool_unmap_memory(mappings *all)
{
    yk_mapping_destroy(&all->arena);
    yk_mapping_destroy(&all->store);
    yk_mapping_destroy(&all->tables);
    yk_mapping_destroy(&all->control);
}

/* With all the jobs that there can be, or as many as leave `room` bytes of address space. */
static yoke_status pool_map_control(yk_mapping *control, size_t room, yk_error *error)
{
    yk_mapping rest;
    const bool has_room = yk_mapping_reserve(&rest, room);
    const uint32_t most = yk_elf_has_valgrind() ? YK_LEAST_JOBS : YK_MAX_JOBS;
    yoke_status status = YOKE_ENOMEM;

    for (uint32_t jobs = most; has_room && status == YOKE_ENOMEM && jobs > YK_LEAST_JOBS;
         jobs /= 2) {
        status = yk_mapping_create(control, "yoke control", yk_control_bytes(jobs),
                                   yk_control_bytes(jobs), error);
    }
    if (has_room) {
        yk_mapping_destroy(&rest);
    }
    return status == YOKE_ENOMEM
               ? yk_mapping_create(control, "yoke control", yk_control_bytes(YK_LEAST_JOBS),
                                   yk_control_bytes(YK_LEAST_JOBS), error)
               : status;
}

/* The first three take what they can get, up to their sizes, but leave `room` bytes of address
 * space for whatever else happens in the processes. */
static yoke_status pool_map_memory(mappings *all, size_t bytes, bool guarded,
                                   size_t room, yk_error *error)
{
    const size_t least = bytes < min_arena ? bytes / 2 : min_arena;
    const bool small = yk_elf_has_valgrind();
    yk_mapping rest;
    yoke_status status;

    *all = (mappings){.arena = YK_MAPPING_NONE,
                      .store = YK_MAPPING_NONE,
                      .tables = YK_MAPPING_NONE,
                      .control = YK_MAPPING_NONE};
    if (!yk_mapping_reserve(&rest, room + yk_control_bytes(YK_LEAST_JOBS))) {
        return yk_mapping_fail(error, room + yk_control_bytes(YK_LEAST_JOBS));
    }
    status = yk_layout_map(&all->arena, &all->layout, bytes, least, guarded, error);
    if (status == YOKE_OK) {
        status = yk_mapping_create(&all->store, "yoke store",
                                   small ? valgrind_books : store_bytes, 1 << 20, error);
    }
    if (status == YOKE_OK) {
        status = yk_mapping_create(&all->tables, "yoke tables",
                                   small ? valgrind_books : tables_bytes, 1 << 20,
                                   error);
    }
    yk_mapping_destroy(&rest);
    if (status == YOKE_OK) {
        status = pool_map_control(&all->control, room, error);
    }
    if (status != YOKE_OK) {
        pool_unmap_memory(all);
    }
    return status;
}

/* With as much room as there can be. */
static yoke_status map_with_room(mappings *all, size_t bytes, bool guarded,
                                 yk_error *error)
{
    size_t room = max_room;
    yoke_status status = pool_map_memory(all, bytes, guarded, room, error);

    while (status == YOKE_ENOMEM && room > min_room) {
        room /= 2;
        yk_error_clear(error);
        status = pool_map_memory(all, bytes, guarded, room, error);
    }
    return status;
}

/* Takes the mapping over, or destroys it. */
static yoke_status keep_books(yk_arena *arena, yk_mapping mapping, bool limited,
                              yoke_status before, yk_error *error)
{
    const yoke_status status =
        before == YOKE_OK ? yk_arena_init(arena, mapping, limited, error) : before;

    if (status != YOKE_OK) {
        yk_mapping_destroy(&mapping);
    }
    return status;
}

static yoke_status read_arena_bytes(const yoke_pool_options *options, uint64_t *bytes,
                                    yk_error *error)
{
    const bool is_given = options->arena_bytes != 0;
    yoke_status status = yk_setting_bytes(YK_SETTING_ARENA, bytes, error);

    if (is_given) {
        *bytes = options->arena_bytes;
    } else if (!yk_setting_is_set(YK_SETTING_ARENA)) {
        *bytes = yk_elf_has_valgrind()         ? valgrind_arena
                 : yk_elf_has_address_rules() ? ruled_arena
                                              : *bytes;
    }
    if (status == YOKE_OK && (*bytes < yk_page_size() || *bytes > (uint64_t)1 << 46)) {
        status = yk_fail(error, YOKE_EINVAL,
                         "%sthe pool's memory must be from one page to 64 TiB, not "
                         "%llu bytes",
                         is_given ? "arena_bytes: " : "", (unsigned long long)*bytes);
        if (!is_given) {
            yk_setting_prefix(YK_SETTING_ARENA, error);
        }
    }
    return status;
}

/* Each kind of memory gets its zone, and blocks their guards. */
static yoke_status pool_divide_memory(yoke_pool *pool, const yk_layout *layout,
                                      bool guarded, yk_error *error)
{
    pool->control->layout = *layout;
    pool->control->hub = (uint64_t)(uintptr_t)pool->arena.mapping.base + layout->hub;
    yk_arena_divide(&pool->arena, layout);
    if (guarded) {
        pool->arena.guards =
            yk_arena_alloc(&pool->tables, sizeof(yk_guard_table), error);
        pool->control->guards = (uint64_t)(uintptr_t)pool->arena.guards;
    }
    return guarded && pool->arena.guards == NULL ? YOKE_ENOMEM : YOKE_OK;
}

static yoke_status create_memory(yoke_pool *pool, const yoke_pool_options *options,
                                 yk_error *error)
{
    uint64_t bytes = 0;
    bool guarded = false;
    mappings all;
    yoke_status status = read_arena_bytes(options, &bytes, error);

    if (status == YOKE_OK) {
        status = yk_setting_flag(YK_SETTING_GUARD, &guarded, error);
    }
    if (status == YOKE_OK) {
        status = map_with_room(&all, (size_t)bytes, guarded, error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    pool->control_mapping = all.control;
    pool->control = all.control.base;
    pool->control->pool = (uint64_t)(uintptr_t)pool;
    pool->control->max_jobs =
        (uint32_t)((all.control.size - offsetof(yk_control, jobs)) / sizeof(yk_job));
    pool->control->supervisor_bell = pool->control->end_bell = -1;
    status = keep_books(&pool->arena, all.arena, true, status, error);
    status = keep_books(&pool->store, all.store, false, status, error);
    status = keep_books(&pool->tables, all.tables, false, status, error);
    if (status == YOKE_OK) {
        status = pool_divide_memory(pool, &all.layout, guarded, error);
    }
    if (status == YOKE_OK && !yk_window_add(pool->arena.mapping.base, &all.layout, pool,
                                            yk_process_self())) {
        status = yk_fail(error, YOKE_ENOMEM, "a process has at most %d pools at a time",
                         YK_MAX_WINDOWS);
    }
    return status;
}

/* ---- processes ---- */

static const char *hint_for_fork(int problem)
{
    return problem == ENOMEM ? " (a fork needs memory for a copy of the program; "
                               ".start = YOKE_START_SPAWN does not)"
           : problem == EAGAIN
               ? " (too many processes: ulimit -u, or pids.max of the cgroup)"
               : "";
}

static yoke_status fork_supervisor(yoke_pool *pool, yk_supervisor_start *start,
                                   yk_error *error)
{
    start->threads = yk_process_thread_count();
    pool->liveness.supervisor = yk_process_clone_hidden(yk_supervisor_main, start,
                                                        &pool->liveness.supervisor_fd);
    if (pool->liveness.supervisor < 0) {
        const int problem = errno;

        pool->liveness.supervisor = 0;
        pool->is_locked_up = problem == YK_PROCESS_LOCKED;
        return yk_fail(error, YOKE_ESYSTEM,
                       "the supervisor process cannot be forked: %s%s",
                       problem == YK_PROCESS_KILLED
                           ? "the process that was to create it was killed"
                       : problem == YK_PROCESS_LOCKED
                           ? "the process that was to create it was killed while it held "
                             "locks of this program's libraries, such as that of malloc(): "
                             "they stay held, so end the program. Without threads, or if "
                             "SIGCHLD is neither handled nor blocked, it holds none"
                           : strerror(problem),
                       hint_for_fork(problem));
    }
    return YOKE_OK;
}

static void log_start(const yoke_pool *pool, const char *asked_by)
{
    const bool forks = pool->method == YOKE_START_FORK;

    if (pool->control->log != 0) {
        (void)fprintf(stderr,
                      "yoke: pool of process %d: %s (%s); native functions see the "
                      "program's variables as %s\n",
                      (int)pool->owner, forks ? "forked" : "spawned", asked_by,
                      forks ? "they are now" : "its constructors leave them");
    }
}

/* The bell, and the ends of the pipes. */
static yoke_status start_with(yoke_pool *pool, yk_supervisor_start *start,
                              yk_error *error)
{
    int alive[2] = {-1, -1};
    int life[2] = {-1, -1};
    yk_cpus_before *mask; /* of this thread; the pool's processes get the whole process's */
    yoke_status status;

    pool->control->supervisor_bell = yk_bell_create();
    pool->control->end_bell = yk_bell_create();
    if (pool->control->supervisor_bell < 0 || pool->control->end_bell < 0 ||
        !yk_pipe_create(alive) || !yk_pipe_create(life)) {
        const int code = errno;

        yk_fd_close(&alive[0]);
        yk_fd_close(&alive[1]);
        return yk_fail(error, YOKE_ESYSTEM, "cannot create the pool's pipes: %s",
                       strerror(code));
    }
    start->alive = alive[1];
    start->life = life[0];
    pool->liveness.all_gone_fd = start->others[0] = alive[0];
    pool->liveness.liveness_fd = start->others[1] = life[1];
    mask = yk_cpus_widen();
    status = pool->method == YOKE_START_FORK ? fork_supervisor(pool, start, error)
                                             : yk_spawn_supervisor(pool, start, error);
    yk_cpus_restore(mask);
    yk_fd_close(&alive[1]);
    yk_fd_close(&life[0]);
    return status;
}

static yoke_status start_supervisor(yoke_pool *pool, yoke_start option, yk_error *error)
{
    yk_supervisor_start start = {
        .control = pool->control,
        .memory = {[YK_MEMORY_CONTROL] = pool->control_mapping,
                   [YK_MEMORY_ARENA] = pool->arena.mapping,
                   [YK_MEMORY_STORE] = pool->store.mapping,
                   [YK_MEMORY_TABLES] = pool->tables.mapping},
        .pool = pool,
        .application = yk_process_self(),
        .threads = 1,
    };
    const char *asked_by;
    yoke_status status = yk_start_read(&pool->method, &asked_by, option, error);

    if (status == YOKE_OK) {
        log_start(pool, asked_by);
        status = start_with(pool, &start, error);
    }
    return status;
}

/* ---- waiting for all ---- */

/* Whether no job is left, nor a process that is no daemon. */
static bool is_idle(yoke_pool *pool)
{
    bool idle;

    yk_pool_lock(pool);
    (void)yk_collect_landed_locked(pool);
    (void)yk_collect_ended_locked(pool);
    idle = yk_job_set_is_empty(&pool->control->live) && pool->jobs.filling == 0 &&
           !yk_processes_are_running_locked(pool);
    yk_pool_unlock(pool);
    return idle;
}

static bool is_ending(yoke_pool *pool)
{
    bool ending;

    yk_pool_lock(pool);
    ending = pool->liveness.ending;
    yk_pool_unlock(pool);
    return ending;
}

static yoke_status end_of_wait(yoke_pool *pool, yk_error *error)
{
    return is_ending(pool) ? yk_fail(error, YOKE_ECLOSED, "the pool was closed")
           : yk_pool_is_alive(pool) ? YOKE_OK
                                    : yk_pool_fail_broken(error);
}

static yoke_status wait_idle(yoke_pool *pool, uint64_t deadline, yk_error *error)
{
    yk_guard_cancel_point(); /* also if it need not sleep */
    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(&pool->control->changed);
        const bool idle = is_idle(pool);
        uint64_t now;

        yk_run_callbacks(pool);
        if (idle && is_idle(pool)) { /* callbacks may have submitted more */
            return end_of_wait(pool, error);
        }
        now = yk_clock_ns();
        if (now >= deadline) {
            return yk_fail(error, YOKE_ETIMEDOUT, "jobs or processes have not ended");
        }
        yk_guard_cancel_point();
        if (!idle && !yk_pool_wait_change_until(pool, ticket, deadline - now) &&
            !is_ending(pool)) {
            const yoke_status status = yk_pool_check(pool, error);

            if (status != YOKE_OK) {
                return status;
            }
        }
    }
}

/* What is to be said of failures that no call has reported, beside what is to be said anyway. */
static yoke_status add_unread(yoke_pool *pool, yoke_status status, yk_error *error)
{
    yk_error unread;

    yk_error_clear(&unread);
    if (yk_unread_take(pool, &unread) == YOKE_OK) {
        return status;
    }
    if (status == YOKE_OK) {
        return yk_fail(error, unread.status, "%s", yk_error_text(&unread));
    }
    yk_error_append(error, "; before that: %s", yk_error_text(&unread));
    return status;
}

yoke_status yk_pool_wait(yoke_pool *pool, double seconds, yk_error *error)
{
    yoke_status status;

    yk_pool_enter(pool);
    yk_hold(yk_undo_pool_enter, pool, 0);
    status = wait_idle(pool, yk_clock_deadline(seconds), error);
    if (status == YOKE_OK || status == YOKE_EBROKEN) {
        status = add_unread(pool, status, error);
    }
    yk_hold_end();
    yk_pool_leave(pool);
    return status;
}

/* ---- for event loops ---- */

yoke_status yk_pool_fd(yoke_pool *pool, int *fd, yk_error *error)
{
    const int fds[] = {pool->control->end_bell, pool->liveness.all_gone_fd};
    int code = 0;

    yk_pool_lock(pool);
    if (pool->liveness.poll_fd < 0) {
        pool->liveness.poll_fd = yk_fd_set_create(fds, sizeof fds / sizeof fds[0]);
        code = errno;
        if (pool->liveness.poll_fd >= 0) {
            /* In this order: a job that ends now either rings, or has ended before. */
            atomic_store(&pool->control->notifies_ends, 1);
            yk_bell_ring(pool->control->end_bell);
        }
    }
    *fd = pool->liveness.poll_fd;
    yk_pool_unlock(pool);
    return *fd >= 0 ? YOKE_OK
                    : yk_fail(error, YOKE_ESYSTEM, "cannot create a descriptor: %s",
                              strerror(code));
}

size_t yk_pool_poll(yoke_pool *pool)
{
    const bool alive = yk_pool_is_alive(pool);
    size_t count;

    yk_pool_lock(pool);
    if (pool->liveness.poll_fd >= 0) {
        /* First: what ends from here on rings again, or is collected now. */
        yk_bell_clear(pool->control->end_bell);
        if (!alive) {
            yk_fd_set_remove(pool->liveness.poll_fd,
                             pool->liveness.all_gone_fd); /* the end was reported */
        }
    }
    count = yk_collect_landed_locked(pool);
    count += yk_collect_all_but_silent_locked(pool);
    yk_pool_unlock(pool);
    yk_run_callbacks(pool);
    return count;
}

/* ---- starting ---- */

static bool is_starting(const yk_control *control, bool local_only)
{
    const uint32_t count = yk_worker_count(control);

    for (uint32_t i = 0; i < count; i++) {
        const yk_worker *worker = &control->workers[i];

        if (atomic_load(&worker->state) == YK_WORKER_STARTING &&
            (!local_only || !yk_device_kind_has_drivers(worker->kind))) {
            return true;
        }
    }
    return false;
}

static bool is_up(const yk_control *control, bool wait_discovery, bool wait_all)
{
    if (atomic_load(&control->started) == 0 || is_starting(control, true)) {
        return false;
    }
    if (wait_discovery && atomic_load(&control->discovery) == YK_DISCOVERY_RUNNING) {
        return false;
    }
    return !wait_all || !is_starting(control, false);
}

/* Whether a selector has got a worker, if it must. */
static bool is_satisfied(const yk_control *control, const yk_selector *selector)
{
    const uint32_t count = yk_worker_count(control);

    for (uint32_t i = 0; i < count; i++) {
        const yk_worker *worker = &control->workers[i];

        if (worker->found >= 0) {
            const yk_candidate candidate =
                yk_found_candidate(&control->found[worker->found]);

            if (yk_selector_matches(selector, &candidate)) {
                return true;
            }
        }
    }
    return selector->required == 0;
}

static bool has_workers(const yk_control *control)
{
    const uint32_t count = yk_worker_count(control);

    for (uint32_t i = 0; i < count; i++) {
        if (atomic_load(&control->workers[i].state) != YK_WORKER_GIVEN_UP) {
            return true;
        }
    }
    return false;
}

static yoke_status check_selected(yoke_pool *pool, yk_error *error)
{
    const yk_selection *selection = &pool->control->selection;
    bool satisfied = has_workers(pool->control);

    for (uint32_t i = 0; i < selection->count; i++) {
        satisfied = satisfied && is_satisfied(pool->control, &selection->selectors[i]);
    }
    if (!satisfied) {
        yk_fail(error, YOKE_ENODEVICE, "no device for \"%s\"", selection->text);
        yk_pool_append_found(pool, error);
        return YOKE_ENODEVICE;
    }
    return YOKE_OK;
}

static yoke_status wait_until_up(yoke_pool *pool, const yoke_pool_options *options,
                                 yk_error *error)
{
    const yk_selection *selection = &pool->control->selection;
    const bool discovered = yk_selection_is_discovered(selection);
    const bool wait_discovery =
        options->wait_ready || discovered || yk_selection_requires(selection);

    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(&pool->control->changed);

        if (is_up(pool->control, wait_discovery, options->wait_ready || discovered)) {
            return check_selected(pool, error);
        }
        if (!yk_pool_wait_change(pool, ticket)) {
            const yoke_status status = yk_pool_check(pool, error);

            if (status != YOKE_OK) {
                return status;
            }
        }
    }
}

static void end_broken_jobs_locked(yoke_pool *pool)
{
    (void)yk_collect_ended_locked(pool); /* these ended before the supervisor did */
    yk_abandon_jobs_locked(pool, YOKE_EBROKEN,
                           "the pool's supervisor process has died");
}

yoke_status yk_pool_create(yoke_pool **result, const yoke_pool_options *options,
                           yk_error *error)
{
    YK_NOT_CANCELLED;
    yoke_pool *pool = yk_handle_alloc(YK_HANDLE_POOL, sizeof *pool);
    yoke_status status;

    yk_start_check();
    *result = NULL;
    if (pool == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    *result = pool;
    yk_handle_open(pool);
    pool->control_mapping = YK_MAPPING_NONE;
    pool->arena.mapping = YK_MAPPING_NONE;
    pool->store.mapping = YK_MAPPING_NONE;
    pool->tables.mapping = YK_MAPPING_NONE;
    yk_liveness_init(&pool->liveness, end_broken_jobs_locked);
    pool->next_id = 1;
    pool->owner = yk_process_self();
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_mutex_init(&pool->caller.lock, NULL);
    (void)pthread_mutex_init(&pool->lending.recall_lock, NULL);
    yk_ipc_registry_init(&pool->objects);
    status = create_memory(pool, options, error);
    if (status == YOKE_OK && !yk_order_init(&pool->order, pool->control->max_jobs)) {
        status = yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    if (status == YOKE_OK) {
        status = read_options(pool->control, options, error);
    }
    if (status == YOKE_OK) {
        status = yk_initializer_set(pool, options, error);
    }
    if (status == YOKE_OK) {
        status = yk_kept_fds_set(pool, options, error);
    }
    if (status == YOKE_OK) {
        status = yk_trace_configure(pool, error);
    }
    if (status == YOKE_OK) {
        status = start_supervisor(pool, options->start, error);
    }
    if (status == YOKE_OK) {
        status = wait_until_up(pool, options, error);
    }
    if (status == YOKE_OK) {
        pool->objects.keeper = atomic_load(&pool->control->identity);
    }
    return status;
}

/* ---- the end ---- */

static void stop_processes(yoke_pool *pool, bool kill)
{
    int status;

    if (pool->liveness.supervisor == 0) {
        return;
    }
    yk_pool_lock(pool);
    pool->liveness.was_broken = pool->liveness.broken;
    pool->liveness.ending = true;
    yk_pool_unlock(pool);
    atomic_store(&pool->control->quit, kill ? YK_QUIT_KILL : YK_QUIT_CLOSE);
    yk_bell_ring(pool->control->supervisor_bell);
    yk_control_wake_workers(pool->control);
    if (!yk_fd_wait_one(pool->liveness.all_gone_fd,
                        kill && yk_pool_look(pool) ? 0 : end_ns)) {
        pool->liveness.was_stopped = yk_pool_look(pool);
        yk_pool_kill_supervisor(pool);
        (void)yk_fd_wait_one(pool->liveness.all_gone_fd, end_ns);
    }
    /* By the descriptor: the application may have reaped it, and its pid be a child's. The end
     * of the pipe is not the last that a process closes, and it may be no child of ours. A
     * process that hangs inside the system cannot be killed, and is not reaped. */
    if (pool->liveness.supervisor_fd < 0) {
        (void)yk_process_reap(pool->liveness.supervisor, true, &status);
    } else if (yk_fd_wait_one(pool->liveness.supervisor_fd, end_ns)) {
        yk_process_reap_open(pool->liveness.supervisor_fd);
    }
    yk_pool_lock(pool);
    pool->liveness.supervisor = 0;
    pool->liveness.broken = true; /* no process is waited for from here on */
    yk_pool_unlock(pool);
}

static void end_jobs(yoke_pool *pool)
{
    yk_pool_lock(pool);
    yk_collect_all_landed_locked(pool);
    (void)yk_collect_ended_locked(pool);
    yk_abandon_jobs_locked(pool, YOKE_ECANCELED, "the pool was terminated");
    yk_pool_unlock(pool);
    yk_run_callbacks(pool);
}

static void free_memory(yoke_pool *pool)
{
    yk_caller_destroy(pool);
    yk_processes_free(pool);
    yk_trace_free(pool);
    yk_spoiled_free(pool);
    yk_order_fini(&pool->order);
    yk_shm_free_all(pool);
    yk_kernel_table_fini(&pool->kernels);
    if (pool->control != NULL) {
        yk_fd_close(&pool->control->supervisor_bell);
        yk_fd_close(&pool->control->end_bell);
    }
    yk_liveness_fini(&pool->liveness);
    yk_ipc_registry_fini(&pool->objects);
    if (pool->arena.mapping.base != NULL) {
        yk_window_remove(pool->arena.mapping.base);
        yk_arena_fini(&pool->arena);
    }
    if (pool->store.mapping.base != NULL) {
        yk_arena_fini(&pool->store);
    }
    if (pool->tables.mapping.base != NULL) {
        yk_arena_fini(&pool->tables);
    }
    yk_mapping_destroy(&pool->control_mapping);
    free(pool->unread.text);
    (void)pthread_mutex_destroy(&pool->lock);
    (void)pthread_mutex_destroy(&pool->caller.lock);
    (void)pthread_mutex_destroy(&pool->lending.recall_lock);
    yk_handle_free(pool);
}

void yk_pool_end(yoke_pool *pool, bool kill)
{
    if (pool->control == NULL) {
        return;
    }
    if (!kill) {
        yk_pool_enter(pool);
        yk_hold(yk_undo_pool_enter, pool, 0);
        if (wait_idle(pool, UINT64_MAX, NULL) == YOKE_OK) {
            yk_shm_flush_all(pool);
        }
        yk_hold_end();
        yk_pool_leave(pool);
    }
    stop_processes(pool, kill);
    end_jobs(pool);
}

/* Threads that are inside of waits leave it, and futures stand for themselves. */
static void part_from_all(yoke_pool *pool)
{
    do {
        yk_pool_let_all_out(pool);
    } while (!yk_futures_detach(pool));
    yk_processes_note_unfound(pool);
}

yoke_status yk_pool_destroy(yoke_pool *pool, bool kill, yk_error *error)
{
    YK_NOT_CANCELLED;
    yk_error trace;
    yoke_status status = YOKE_OK;

    if (pool->control == NULL) {
        free_memory(pool);
        return YOKE_OK;
    }
    part_from_all(pool);
    if (pool->liveness.was_broken && !kill) {
        status = yk_pool_fail_broken(error);
    } else if (pool->liveness.was_stopped && !kill) {
        status = yk_fail(error, YOKE_ESTOPPED,
                         "the pool's supervisor was stopped: its processes were killed "
                         "without their finalizers");
    }
    status = add_unread(pool, status, error);
    yk_error_clear(&trace);
    if (yk_trace_end(pool, &trace) != YOKE_OK && status == YOKE_OK) {
        status = yk_fail(error, trace.status, "%s", yk_error_text(&trace));
    }
    free_memory(pool);
    return status;
}
