/* SPDX-License-Identifier: MIT */
#include "protocol/member/member_process.h"

#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "base/clock.h"
#include "base/text.h"
#include "protocol/bells.h"
#include "protocol/member/process_claim.h"
#include "shm/window.h"
#include "sys/call_guard.h"
#include "sys/process.h"
#include "sys/wakeup.h"

/* About what waking a sleeping process costs. */
static const uint64_t member_spin_ns = 50000;

/* A member does not outlive the supervisor, so a wait need not check whether it lives. */
static const uint64_t member_poll_ns = 100 * (uint64_t)YK_NS_PER_MS;

static yk_process_slot *member_slot_of(const yk_member_process *process)
{
    return &process->control->processes[process->slot];
}

static uint32_t member_state_of(const yk_member_process *process)
{
    return yk_state_of(atomic_load(&member_slot_of(process)->state));
}

/* ---- waiting ---- */

/* Takes the result out of the slot, if there is one. */
static bool member_collect(yk_member_process *process)
{
    yk_process_slot *slot = member_slot_of(process);

    if (process->ended || member_state_of(process) != YK_PROCESS_ENDED) {
        return process->ended;
    }
    process->pid = slot->pid;
    process->code = yk_process_exit_code(slot->wait_status);
    yk_text_copy(process->end, sizeof process->end, slot->end);
    process->unfound = atomic_load(&slot->unfound) != 0;
    process->left = atomic_load(&slot->left) != 0;
    if (process->unfound || process->left) {
        yk_text_copy(process->failure, sizeof process->failure, slot->failure);
    }
    process->ended = true;
    yk_process_release(process->control, process->slot);
    return true;
}

static bool member_has_started(yk_member_process *process)
{
    return member_state_of(process) != YK_PROCESS_REQUESTED;
}

/* False if the time is over. */
static bool member_wait_until(yk_member_process *process,
                              bool (*condition)(yk_member_process *process),
                              uint64_t deadline_ns)
{
    yk_eventcount *changed = &member_slot_of(process)->changed;

    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(changed);
        uint64_t now;
        uint64_t limit;

        if (condition(process)) {
            return true;
        }
        now = yk_clock_ns();
        if (now >= deadline_ns) {
            return false;
        }
        yk_guard_cancel_point();
        limit = yk_min(member_poll_ns, deadline_ns - now);
        (void)yk_eventcount_wait_spinning(changed, ticket, yk_min(limit, member_spin_ns),
                                          limit);
    }
}

/* ---- starting ---- */

static yoke_status member_check_argument(const void *pool,
                                         const yk_member_request *request,
                                         yk_error *error)
{
    const void *owner = NULL;
    pid_t maker;

    if (request->argument == NULL && request->bytes > 0) {
        return yk_fail(error, YOKE_EINVAL,
                       "the argument of the process is NULL and has %zu bytes",
                       request->bytes);
    }
    if (request->bytes > YK_PROCESS_SMALL_BYTES) {
        return yk_fail(error, YOKE_EINVAL,
                       "the argument of the process has %zu bytes, and may have %d where "
                       "a process of the pool starts another; larger data lies in the "
                       "pool's memory, and the argument has its address",
                       request->bytes, YK_PROCESS_SMALL_BYTES);
    }
    if (request->bytes == 0 && request->argument != NULL &&
        !(yk_window_find(request->argument, 1, &owner, &maker) && owner == pool)) {
        return yk_fail(error, YOKE_EINVAL,
                       "the argument of the process has 0 bytes and is not memory of "
                       "the pool, so that it would mean nothing there");
    }
    return YOKE_OK;
}

static yoke_status member_check(const void *pool, const yk_member_request *request,
                                yk_function *function, yk_error *error)
{
    const char *name = request->options.name;

    if (request->function == NULL) {
        return yk_fail(error, YOKE_EINVAL, "the function of the process is NULL");
    }
    if (name != NULL && strlen(name) >= YK_PROCESS_NAME_BYTES) {
        return yk_fail(error, YOKE_EINVAL, "the process's name is longer than %d bytes",
                       YK_PROCESS_NAME_BYTES - 1);
    }
    if (member_check_argument(pool, request, error) != YOKE_OK) {
        return error->status;
    }
    return yk_function_locate(function, (yk_any_function *)request->function,
                              "the function of the process", error);
}

static void member_fill(yk_member_process *process, const yk_function *function,
                        const yk_member_request *request)
{
    yk_process_slot *slot = member_slot_of(process);

    slot->function = *function;
    slot->daemon = request->options.daemon;
    slot->bytes = request->bytes;
    slot->is_small = request->bytes > 0;
    slot->argument = (uintptr_t)request->argument;
    if (request->bytes > 0) {
        slot->argument = 0;
        memcpy(slot->small, request->argument, request->bytes);
    }
    yk_process_name(process->control, process->name, request->options.name);
    yk_text_copy(slot->name, sizeof slot->name, process->name);
}

static yoke_status member_await_start(yk_member_process *process, yk_error *error)
{
    YK_NOT_CANCELLED; /* the program does not have it yet */
    yk_process_slot *slot = member_slot_of(process);

    yk_control_wake_supervisor(process->control);
    (void)member_wait_until(process, member_has_started, UINT64_MAX);
    if (member_state_of(process) == YK_PROCESS_REFUSED) {
        const int refusal = slot->wait_status;

        yk_process_release(process->control, process->slot);
        return yk_fail(error, YOKE_ESYSTEM, "%s cannot be forked: %s", process->name,
                       strerror(refusal));
    }
    process->pid = slot->pid;
    return YOKE_OK;
}

yoke_status yk_member_start(yk_member_process **result, const yk_membership *membership,
                            const void *pool, const yk_member_request *request,
                            yk_error *error)
{
    yk_function function;
    yk_member_process *process;
    yoke_status status = member_check(pool, request, &function, error);

    *result = NULL;
    if (status != YOKE_OK) {
        return status;
    }
    process = yk_handle_alloc(YK_HANDLE_MEMBER_PROCESS, sizeof *process);
    if (process == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    process->control = membership->control;
    process->pool = pool;
    process->fd = -1;
    process->slot = yk_process_claim(membership->control, membership->starter,
                                     &process->generation);
    if (process->slot == YK_MAX_PROCESSES) {
        yk_handle_free(process);
        return yk_fail(error, YOKE_EBUSY, "%d processes of the pool run already",
                       YK_MAX_PROCESSES);
    }
    member_fill(process, &function, request);
    yk_process_publish(process->control, process->slot);
    status = member_await_start(process, error);
    if (status != YOKE_OK) {
        yk_handle_free(process);
        return status;
    }
    *result = process;
    yk_handle_open(process);
    return YOKE_OK;
}

/* ---- afterwards ---- */

yoke_status yk_member_join(yk_member_process *process, double seconds, yk_error *error)
{
    if (!member_wait_until(process, member_collect, yk_clock_deadline(seconds))) {
        return yk_fail(error, YOKE_ETIMEDOUT, "%s (process %d) has not ended",
                       process->name, (int)process->pid);
    }
    if (process->unfound || process->left) {
        return yk_fail(error, process->left ? YOKE_EKERNEL : YOKE_ESYSTEM, "%s: %s",
                       process->name, process->failure);
    }
    return YOKE_OK;
}

yk_eventcount *yk_member_bell(const yk_member_process *process)
{
    return &member_slot_of(process)->changed;
}

bool yk_member_seems_ended(const yk_member_process *process)
{
    return member_state_of(process) == YK_PROCESS_ENDED;
}

static bool member_takes_signal(yk_member_process *process)
{
    return member_collect(process) || yk_process_takes_signal(member_slot_of(process));
}

static bool member_was_sent_all(yk_member_process *process)
{
    return member_collect(process) || atomic_load(&member_slot_of(process)->wanted) == 0;
}

void yk_member_ask(yk_member_process *process, int signal)
{
    while (!member_collect(process) &&
           !yk_process_add_signal(member_slot_of(process), signal)) {
        (void)member_wait_until(process, member_takes_signal, UINT64_MAX);
    }
    yk_control_wake_supervisor(process->control);
}

/* A descriptor of the living process; -1 with errno, ESRCH: it has ended. */
static int member_open(const yk_member_process *process)
{
    int fd = yk_process_open(process->pid);

    /* Afterwards: by then the pid might have been given to another. */
    if (atomic_load(&member_slot_of(process)->reaped) != 0) {
        yk_fd_close(&fd);
        errno = ESRCH;
    }
    return fd;
}

static yoke_status member_fail(const yk_member_process *process, int problem,
                               const char *what, yk_error *error)
{
    return problem == ENOSYS ? yk_fail(error, YOKE_EUNSUPPORTED,
                                       "the system has no descriptors for processes")
                             : yk_fail(error, YOKE_ESYSTEM, "%s %s: %s", what,
                                       process->name, strerror(problem));
}

yoke_status yk_member_send(yk_member_process *process, int signal, yk_error *error)
{
    int refusal;

    if (!yk_process_is_signal(signal)) {
        return yk_fail(error, YOKE_EINVAL, "%d is not the number of a signal", signal);
    }
    yk_member_ask(process, signal);
    (void)member_wait_until(process, member_was_sent_all, UINT64_MAX);
    refusal = process->ended ? 0 : member_slot_of(process)->signal_refusal;
    return refusal == 0 ? YOKE_OK
                        : member_fail(process, refusal, "cannot send a signal to", error);
}

static int member_open_ended(void)
{
    const int fd = yk_bell_create();

    if (fd >= 0) {
        yk_bell_ring(fd);
    }
    return fd;
}

yoke_status yk_member_fd(yk_member_process *process, int *fd, yk_error *error)
{
    if (process->fd < 0) {
        errno = ESRCH;
        if (!member_collect(process)) {
            process->fd = member_open(process);
        }
        if (process->fd < 0 && errno == ESRCH) {
            process->fd = member_open_ended();
        }
    }
    *fd = process->fd;
    return *fd >= 0 ? YOKE_OK : member_fail(process, errno, "no descriptor for", error);
}

void yk_member_forget(yk_member_process *process)
{
    if (!member_collect(process)) {
        yk_process_abandon(process->control, process->slot);
    }
    yk_fd_close(&process->fd);
    yk_handle_free(process);
}
