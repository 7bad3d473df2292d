/* SPDX-License-Identifier: MIT */
#include "pool/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/text.h"
#include "ipc/pipe_grants.h"
#include "pool/pool.h"
#include "protocol/bells.h"
#include "protocol/member/process_claim.h"
#include "sys/call_guard.h"
#include "sys/process.h"
#include "sys/wakeup.h"

/* About what waking a sleeping process costs. */
static const uint64_t spin_ns = 50000;

/* How often a wait checks whether the supervisor still lives. */
static const uint64_t poll_ns = 100 * (uint64_t)YK_NS_PER_MS;

static yk_process_slot *slot_of(const yoke_process *process)
{
    return &process->pool->control->processes[process->slot];
}

/* ---- results ---- */

static void process_take_result_locked(yoke_process *process,
                                       const yk_process_slot *slot)
{
    const bool refused = yk_state_of(atomic_load(&slot->state)) == YK_PROCESS_REFUSED;

    process->pid = slot->pid;
    process->refusal = refused ? slot->wait_status : 0;
    process->code = refused ? 0 : yk_process_exit_code(slot->wait_status);
    process->unfound = atomic_load(&slot->unfound) != 0;
    process->left = atomic_load(&slot->left) != 0;
    if (process->unfound || process->left) {
        yk_text_copy(process->failure, sizeof process->failure, slot->failure);
    }
    yk_text_copy(process->end, sizeof process->end, refused ? "" : slot->end);
    process->ended = true;
}

static void process_free_argument_locked(yoke_pool *pool, yk_process_slot *slot)
{
    if (slot->bytes > 0 && slot->is_small == 0) {
        (void)yk_arena_free(&pool->arena, (const void *)(uintptr_t)slot->argument,
                            NULL);
    }
    slot->argument = slot->bytes = 0;
}

/* A function that was not there, or has not returned, is a failure; exit codes are the
 * program's. */
static void process_note_failure_locked(yoke_pool *pool, bool left, const char *name,
                                        const char *failure)
{
    char text[YK_PROCESS_NAME_BYTES + sizeof((yk_process_slot *)NULL)->failure];

    yk_text_format(text, sizeof text, "%s: %s", name, failure);
    yk_unread_note_text_locked(pool, left ? YOKE_EKERNEL : YOKE_ESYSTEM, text);
}

static void process_note_handle_locked(yoke_pool *pool, yoke_process *process)
{
    if (process->ended && (process->unfound || process->left) && !process->told) {
        process->told = true;
        process_note_failure_locked(pool, process->left, process->name,
                                    process->failure);
    }
}

/* Frees a slot whose process has ended, if it has. */
static void process_collect_locked(yoke_pool *pool, uint32_t index)
{
    yk_process_slot *slot = &pool->control->processes[index];
    const uint64_t state = atomic_load(&slot->state);

    if (yk_process_starter(state) != YK_STARTER_APPLICATION ||
        (yk_state_of(state) != YK_PROCESS_ENDED &&
         yk_state_of(state) != YK_PROCESS_REFUSED)) {
        return;
    }
    if (pool->processes.by_slot[index] != NULL) {
        process_take_result_locked(pool->processes.by_slot[index], slot);
        pool->processes.by_slot[index] = NULL;
    } else if ((atomic_load(&slot->unfound) | atomic_load(&slot->left)) != 0) {
        process_note_failure_locked(pool, atomic_load(&slot->left) != 0, slot->name,
                                    slot->failure);
    }
    process_free_argument_locked(pool, slot);
    yk_process_release(pool->control, index);
}

static void process_collect_all_locked(yoke_pool *pool)
{
    const uint32_t count = yk_process_slot_count(pool->control);

    for (uint32_t i = 0; i < count; i++) {
        process_collect_locked(pool, i);
    }
}

static bool process_has_started_locked(yoke_process *process)
{
    const yk_process_slot *slot = slot_of(process);

    if (!process->ended) {
        process_collect_locked(process->pool, process->slot);
    }
    if (!process->ended &&
        yk_state_of(atomic_load(&slot->state)) == YK_PROCESS_RUNNING) {
        process->pid = slot->pid;
    }
    return process->ended || process->pid != 0;
}

static bool process_collect_ended_locked(yoke_process *process)
{
    if (!process->ended) {
        process_collect_locked(process->pool, process->slot);
    }
    return process->ended;
}

/* ---- waiting; without the lock ---- */

typedef bool process_condition(yoke_process *process);

static bool process_condition_holds(yoke_process *process, process_condition *condition)
{
    bool result;

    yk_pool_lock(process->pool);
    result = condition(process);
    yk_pool_unlock(process->pool);
    return result;
}

/* False if the time is over, the pool is broken, or its supervisor stopped. */
static bool process_wait_until(yoke_process *process, process_condition *condition,
                               uint64_t deadline_ns)
{
    yk_eventcount *changed = &slot_of(process)->changed;

    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(changed);
        uint64_t limit = poll_ns;
        uint64_t now;

        if (process_condition_holds(process, condition)) {
            return true;
        }
        now = yk_clock_ns();
        if (now < deadline_ns) {
            yk_guard_cancel_point();
            limit = yk_min(limit, deadline_ns - now);
            (void)yk_eventcount_wait_spinning(changed, ticket, yk_min(limit, spin_ns),
                                              limit);
        }
        if (now >= deadline_ns || !yk_pool_is_alive(process->pool) ||
            yk_pool_check(process->pool, NULL) != YOKE_OK) {
            return process_condition_holds(process, condition);
        }
    }
}

/* Waits without a limit, as long as there is a supervisor that could make the condition hold. */
static yoke_status process_wait_for(yoke_process *process, process_condition *condition,
                                    yk_error *error)
{
    while (!process_wait_until(process, condition, UINT64_MAX)) {
        const yoke_status status = yk_pool_check(process->pool, error);

        if (status != YOKE_OK) {
            return status;
        }
    }
    return YOKE_OK;
}

/* Adds the signal if there is room. *ended: there is no process to send it to. */
static bool process_try_ask(yoke_process *process, int signal, bool *ended)
{
    bool is_added;

    yk_pool_lock(process->pool);
    *ended = process_collect_ended_locked(process);
    is_added = !*ended && yk_process_add_signal(slot_of(process), signal);
    yk_pool_unlock(process->pool);
    return is_added;
}

/* ---- starting ---- */

static yoke_status process_copy_argument_locked(yoke_pool *pool, yk_process_slot *slot,
                                                const yk_process_request *request,
                                                yk_error *error)
{
    void *copy = NULL;

    slot->bytes = request->bytes;
    slot->argument = (uintptr_t)request->argument;
    if (request->bytes == 0) {
        return YOKE_OK;
    }
    copy = yk_arena_alloc(&pool->arena, request->bytes, error);
    if (copy == NULL) {
        slot->argument = slot->bytes = 0;
        yk_error_prefix(error, "the argument of a process: ");
        return YOKE_ENOMEM;
    }
    memcpy(copy, request->argument, request->bytes);
    slot->argument = (uintptr_t)copy;
    return YOKE_OK;
}

/* Fills a slot in and lets the supervisor have it. */
static yoke_status process_publish_locked(yoke_process *process,
                                          const yk_function *function,
                                          const yk_process_request *request,
                                          yk_error *error)
{
    yoke_pool *pool = process->pool;
    yk_process_slot *slot = slot_of(process);
    const yoke_status status = process_copy_argument_locked(pool, slot, request, error);

    if (status != YOKE_OK) {
        yk_process_release(pool->control, process->slot);
        return status;
    }
    slot->function = *function;
    slot->daemon = request->options.daemon;
    yk_process_name(pool->control, process->name, request->options.name);
    yk_text_copy(slot->name, sizeof slot->name, process->name);
    yk_process_publish(pool->control, process->slot);
    pool->processes.by_slot[process->slot] = process;
    process->next = pool->processes.handles;
    pool->processes.handles = process;
    return YOKE_OK;
}

static yoke_status process_request_locked(yoke_process *process,
                                          const yk_function *function,
                                          const yk_process_request *request,
                                          yk_error *error)
{
    process_collect_all_locked(process->pool);
    if (process->pool->liveness.broken) {
        return yk_pool_fail_broken(error);
    }
    process->slot = yk_process_claim(process->pool->control, YK_STARTER_APPLICATION,
                                     &process->generation);
    if (process->slot == YK_MAX_PROCESSES) {
        return yk_fail(error, YOKE_EBUSY, "%d processes of the pool run already",
                       YK_MAX_PROCESSES);
    }
    return process_publish_locked(process, function, request, error);
}

static yoke_status check_request(const yoke_pool *pool,
                                 const yk_process_request *request, yk_error *error)
{
    const char *name = request->options.name;

    if (request->function == NULL) {
        return yk_fail(error, YOKE_EINVAL, "the function of the process is NULL");
    }
    if (request->argument == NULL && request->bytes > 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "the argument of the process is NULL and has %zu bytes",
                       request->bytes);
    }
    if (request->bytes == 0 && request->argument != NULL &&
        !yk_arena_contains(&pool->arena, request->argument)) {
        return yk_fail(error, YOKE_EINVAL,
                       "the argument of the process has 0 bytes and is not memory of "
                       "the pool, so that it would mean nothing there");
    }
    if (name != NULL && strlen(name) >= YK_PROCESS_NAME_BYTES) {
        return yk_fail(error, YOKE_EINVAL, "the process's name is longer than %d bytes",
                       YK_PROCESS_NAME_BYTES - 1);
    }
    return YOKE_OK;
}

/* Waits until the process exists. */
static yoke_status await_start(yoke_process *process, yk_error *error)
{
    YK_NOT_CANCELLED; /* the program does not have it yet */
    yoke_status status;
    bool ended;

    yk_control_wake_supervisor(process->pool->control);
    status = process_wait_for(process, process_has_started_locked, error);
    if (status != YOKE_OK) {
        /* If it starts later, it does not begin. */
        (void)process_try_ask(process, yk_process_kill_signal(), &ended);
        yk_control_wake_supervisor(process->pool->control);
        return status;
    }
    if (process->refusal != 0) {
        return yk_fail(error, YOKE_ESYSTEM, "%s cannot be forked: %s", process->name,
                       strerror(process->refusal));
    }
    return YOKE_OK;
}

/* The process holds the ends of pipes that it was started with. */
static void process_settle_grants(yoke_process *process, yk_pipe_grants *grants,
                                  bool started)
{
    yk_identity identity = 0;
    bool ended = false;

    if (started && grants->count > 0) {
        yk_pool_lock(process->pool);
        identity = yk_identity_of_pid(process->pid);
        /* Afterwards: by then the pid might have been given to another. */
        ended = process->ended || atomic_load(&slot_of(process)->reaped) != 0;
        yk_pool_unlock(process->pool);
    }
    yk_pipe_grants_end(grants, ended ? 0 : identity, ended);
}

yoke_status yk_process_start(yoke_process **result, yoke_pool *pool,
                             const yk_process_request *request, yk_error *error)
{
    yk_function function;
    yk_pipe_grants grants;
    yoke_process *process;
    yoke_status status = check_request(pool, request, error);

    *result = NULL;
    if (status == YOKE_OK) {
        status = yk_function_locate(&function, (yk_any_function *)request->function,
                                    "the function of the process", error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    process = yk_handle_alloc(YK_HANDLE_PROCESS, sizeof *process);
    if (process == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    process->pool = pool;
    process->fd = -1;
    status = yk_pipe_grants_begin(&grants, &pool->objects, &pool->arena,
                                  request->argument, request->bytes, error);
    if (status == YOKE_OK) {
        yk_pool_lock(pool);
        status = process_request_locked(process, &function, request, error);
        yk_pool_unlock(pool);
    }
    if (status != YOKE_OK) {
        yk_pipe_grants_end(&grants, 0, false);
        yk_handle_free(process);
        return status;
    }
    status = await_start(process, error);
    process_settle_grants(process, &grants, status == YOKE_OK);
    if (status != YOKE_OK) {
        yk_process_forget(process);
        return status;
    }
    *result = process;
    yk_handle_open(process);
    return YOKE_OK;
}

/* ---- afterwards ---- */

yoke_status yk_process_join(yoke_process *process, double seconds, yk_error *error)
{
    if (!process_wait_until(process, process_collect_ended_locked,
                            yk_clock_deadline(seconds))) {
        const yoke_status status =
            yk_pool_is_alive(process->pool) && seconds >= 0
                ? YOKE_OK
                : yk_pool_check(process->pool, error);

        return status != YOKE_OK
                   ? status
                   : yk_fail(error, YOKE_ETIMEDOUT, "%s (process %d) has not ended",
                             process->name, (int)process->pid);
    }
    if (process->unfound || process->left) {
        process->told |= error != NULL;
        return yk_fail(error, process->left ? YOKE_EKERNEL : YOKE_ESYSTEM, "%s: %s",
                       process->name, process->failure);
    }
    return YOKE_OK;
}

yk_eventcount *yk_process_bell(const yoke_process *process)
{
    return &slot_of(process)->changed;
}

bool yk_process_seems_ended(const yoke_process *process)
{
    return atomic_load(&slot_of(process)->state) !=
           yk_state_pack(process->generation, YK_PROCESS_RUNNING);
}

/* ---- signals ---- */

static bool process_takes_signal_locked(yoke_process *process)
{
    return process_collect_ended_locked(process) ||
           yk_process_takes_signal(slot_of(process));
}

static bool process_was_sent_all_locked(yoke_process *process)
{
    return process_collect_ended_locked(process) ||
           atomic_load(&slot_of(process)->wanted) == 0;
}

yoke_status yk_process_ask(yoke_process *process, int signal, yk_error *error)
{
    bool ended;

    while (!process_try_ask(process, signal, &ended) && !ended) {
        const yoke_status status =
            process_wait_for(process, process_takes_signal_locked, error);

        if (status != YOKE_OK) {
            return status;
        }
    }
    if (ended) {
        return YOKE_OK;
    }
    yk_control_wake_supervisor(process->pool->control);
    return yk_pool_is_alive(process->pool) ? YOKE_OK : yk_pool_fail_broken(error);
}

yoke_status yk_process_send(yoke_process *process, int signal, yk_error *error)
{
    yoke_status status;
    int refusal;

    if (!yk_process_is_signal(signal)) {
        return yk_fail(error, YOKE_EINVAL, "%d is not the number of a signal", signal);
    }
    status = yk_process_ask(process, signal, error);
    if (status == YOKE_OK) {
        status = process_wait_for(process, process_was_sent_all_locked, error);
    }
    if (status != YOKE_OK) {
        return status;
    }
    yk_pool_lock(process->pool);
    refusal = process->ended ? 0 : slot_of(process)->signal_refusal;
    yk_pool_unlock(process->pool);
    return refusal == 0 ? YOKE_OK
                        : yk_fail(error, YOKE_ESYSTEM, "signal %d to %s: %s", signal,
                                  process->name, strerror(refusal));
}

/* ---- descriptors ---- */

/* A descriptor of the living process; -1 with errno, ESRCH: it has ended. */
static int process_open_locked(const yoke_process *process)
{
    const yk_process_slot *slot = slot_of(process);
    int fd = yk_process_open(process->pid);

    /* Afterwards: by then the pid might have been given to another. */
    if (atomic_load(&slot->reaped) != 0 || yk_pool_supervisor_ended(process->pool)) {
        yk_fd_close(&fd);
        errno = ESRCH;
    }
    return fd;
}

static int open_rung_bell(void)
{
    const int fd = yk_bell_create();

    if (fd >= 0) {
        yk_bell_ring(fd);
    }
    return fd;
}

yoke_status yk_process_fd(yoke_process *process, int *fd, yk_error *error)
{
    int problem = 0;

    yk_pool_lock(process->pool);
    if (process->fd < 0) {
        errno = ESRCH;
        if (!process_collect_ended_locked(process)) {
            process->fd = process_open_locked(process);
        }
        if (process->fd < 0 && errno == ESRCH) {
            process->fd = open_rung_bell();
        }
        problem = errno;
    }
    *fd = process->fd;
    yk_pool_unlock(process->pool);
    return *fd >= 0 ? YOKE_OK
           : problem == ENOSYS
               ? yk_fail(error, YOKE_EUNSUPPORTED,
                         "the system has no descriptors for processes")
               : yk_fail(error, YOKE_ESYSTEM, "no descriptor for %s: %s", process->name,
                         strerror(problem));
}

static void process_unlink_handle_locked(const yoke_process *process)
{
    yoke_process **link = &process->pool->processes.handles;

    while (*link != process) {
        link = &(*link)->next;
    }
    *link = process->next;
}

void yk_process_forget(yoke_process *process)
{
    yoke_pool *pool = process->pool;

    yk_pool_lock(pool);
    if (!process->ended) {
        pool->processes.by_slot[process->slot] = NULL;
        process_collect_locked(pool, process->slot);
    }
    process_note_handle_locked(pool, process);
    process_unlink_handle_locked(process);
    yk_pool_unlock(pool);
    yk_fd_close(&process->fd);
    yk_handle_free(process);
}

/* ---- the end of the pool ---- */

static bool process_has_foreground_locked(const yoke_pool *pool)
{
    const uint32_t count = yk_process_slot_count(pool->control);

    for (uint32_t i = 0; i < count; i++) {
        const yk_process_slot *slot = &pool->control->processes[i];
        const uint64_t word = atomic_load(&slot->state);
        const uint32_t state = yk_state_of(word);

        /* What has ended is collected here first, or by the member that has started it. */
        if (slot->daemon == 0 &&
            (yk_process_starter(word) == YK_STARTER_APPLICATION
                 ? state != YK_PROCESS_FREE
                 : state == YK_PROCESS_REQUESTED || state == YK_PROCESS_RUNNING)) {
            return true;
        }
    }
    return false;
}

size_t yk_processes_count(yoke_pool *pool)
{
    const bool alive = yk_pool_is_alive(pool);
    const uint32_t count = yk_process_slot_count(pool->control);
    size_t running = 0;

    for (uint32_t i = 0; i < count && alive; i++) {
        const uint32_t state =
            yk_state_of(atomic_load(&pool->control->processes[i].state));

        running += state == YK_PROCESS_RUNNING || state == YK_PROCESS_REQUESTED;
    }
    return running;
}

bool yk_processes_are_running_locked(yoke_pool *pool)
{
    process_collect_all_locked(pool);
    return process_has_foreground_locked(pool);
}

void yk_processes_note_unfound(yoke_pool *pool)
{
    yk_pool_lock(pool);
    process_collect_all_locked(pool);
    for (yoke_process *process = pool->processes.handles; process != NULL;
         process = process->next) {
        process_note_handle_locked(pool, process);
    }
    yk_pool_unlock(pool);
}

void yk_processes_free(yoke_pool *pool)
{
    while (pool->processes.handles != NULL) {
        yoke_process *process = pool->processes.handles;

        pool->processes.handles = process->next;
        yk_fd_close(&process->fd);
        yk_handle_free(process);
    }
}
