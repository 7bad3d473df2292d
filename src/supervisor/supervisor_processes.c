/* SPDX-License-Identifier: MIT */
/* The supervisor's part in the program's processes: see process_slot.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/text.h"
#include "ipc/pipe_grants.h"
#include "protocol/bells.h"
#include "protocol/fault_point.h"
#include "protocol/member/membership.h"
#include "protocol/member/process_claim.h"
#include "supervisor/crash_text.h"
#include "supervisor/supervisor.h"
#include "sys/call_guard.h"
#include "sys/elf.h"
#include "sys/identity.h"
#include "sys/process.h"
#include "yoke/process.h"

enum { EXIT_UNFOUND = 127, EXIT_LEFT = 1 };

/* ---- in the process ---- */

typedef struct engagement {
    yk_control *control;
    yk_segment_view *attachments;
    yk_process_slot *slot;
} engagement;

static int report_unfound(yk_process_slot *slot)
{
    const char *object = slot->function.object;

    if (object[0] == '\0') {
        yk_text_copy(slot->failure, sizeof slot->failure,
                     "cannot find its function in the program");
    } else {
        yk_text_format(slot->failure, sizeof slot->failure,
                       "cannot find its function: the process cannot load \"%s\", or "
                       "the file has been replaced",
                       object);
    }
    atomic_store(&slot->unfound, 1);
    return EXIT_UNFOUND;
}

typedef struct process_call {
    void *argument;
    size_t bytes;
    yoke_process_function *function;
    int code;
} process_call;

static void call_process(void *context)
{
    process_call *call = context;
    const pid_t self = yk_process_self();

    call->code = call->function(call->argument, call->bytes);
    if (yk_process_self() != self) { /* what the function has forked: ends as if by main() */
        yk_process_flush_all_output();
        yk_process_exit_now(call->code);
    }
}

/* The process's own copy of what a member has handed over. It keeps a stray write out of the
 * control block. NULL: there is no memory. */
static void *process_argument(const yk_process_slot *slot)
{
    void *copy;

    if (slot->is_small == 0) {
        return (void *)(uintptr_t)slot->argument;
    }
    copy = malloc((size_t)yk_min(slot->bytes, YK_PROCESS_SMALL_BYTES));
    if (copy != NULL) {
        memcpy(copy, slot->small, (size_t)yk_min(slot->bytes, YK_PROCESS_SMALL_BYTES));
    }
    return copy;
}

static void report_left(yk_process_slot *slot, const char *why)
{
    yk_text_copy(slot->failure, sizeof slot->failure, why);
    atomic_store(&slot->left, 1);
}

/* The frames above may be a copy of the program's, which must not run in this process. */
static void undo_process(void *slot, uint64_t unused)
{
    (void)unused;
    report_left(slot, "its function " YK_HAS_NOT_RETURNED);
    yk_process_flush_all_output();
    yk_process_exit_now(EXIT_LEFT);
}

static int process_entry(void *context)
{
    const engagement *self = context;
    yk_process_slot *slot = self->slot;
    process_call call = {.argument = process_argument(slot),
                         .bytes = (size_t)slot->bytes};
    yk_error error;

    if (slot->is_small != 0 && call.argument == NULL) {
        report_left(slot, "there is no memory for its argument");
        return EXIT_LEFT;
    }
    yk_membership_begin(self->control, YK_STARTER_PROCESS +
                                           (uint32_t)(slot - self->control->processes));
    yk_process_set_name(slot->name);
    yk_process_set_own_name(slot->name);
    yk_process_write_lines();
    yk_segment_view_adopt(self->attachments, &slot->detached_seen, &slot->crash);
    YK_FAULT_POINT_WHOEVER(self->control, YK_FAULT_PROCESS_BORN);
    call.function = (yoke_process_function *)yk_elf_find(slot->function.object,
                                                         slot->function.place);
    if (call.function == NULL) {
        return report_unfound(slot);
    }
    YK_FAULT_POINT_WHOEVER(self->control, YK_FAULT_PROCESS_FOUND);
    yk_hold(undo_process, slot, 0);
    if (!yk_user_call(call_process, &call, &error)) {
        report_left(slot, yk_error_text(&error));
        call.code = EXIT_LEFT;
    }
    yk_hold_end();
    YK_FAULT_POINT_WHOEVER(self->control, YK_FAULT_PROCESS_RETURNED);
    yk_process_flush_all_output();
    return call.code;
}

/* ---- in the supervisor ---- */

static void change_state(yk_control *control, yk_process_slot *slot, uint32_t state)
{
    const uint64_t word = atomic_load(&slot->state);

    atomic_store(&slot->state, yk_process_pack(yk_process_starter(word),
                                               yk_state_generation(word), state));
    YK_FAULT_POINT_WHOEVER(control, state == YK_PROCESS_RUNNING
                                        ? YK_FAULT_PROCESS_RUNNING
                                        : YK_FAULT_PROCESS_ENDED);
    yk_process_free_abandoned(slot);
    yk_control_signal(control, &slot->changed);
    yk_eventcount_signal(&control->changed);
}

/* Ends of pipes in the argument are the process's from the start. The application has seen to that
 * if it has started the process; a member holds the ends itself until this is done. */
static void supervisor_grant_pipes(const yk_supervisor *supervisor,
                                   const yk_process_slot *slot)
{
    const yk_mapping *arena = &supervisor->start.memory[YK_MEMORY_ARENA];
    yk_pipe_grants grants;
    yk_error error;

    if (yk_process_starter(atomic_load(&slot->state)) == YK_STARTER_APPLICATION) {
        return;
    }
    yk_error_clear(&error);
    if (yk_pipe_grants_begin_in(&grants, arena->base, &supervisor->control->layout,
                                slot->is_small ? slot->small : (const char *)&slot->argument,
                                slot->is_small ? slot->bytes : sizeof slot->argument,
                                &error) == YOKE_OK) {
        yk_pipe_grants_end(&grants, yk_identity_of_pid(slot->pid), true);
    }
}

static void refuse_process(yk_supervisor *supervisor, yk_process_slot *slot, int problem)
{
    atomic_store(&slot->detached_seen, YK_SEEN_ALL);
    slot->wait_status = problem;
    yk_supervisor_log(supervisor, "%s cannot be forked: %s", slot->name, strerror(problem));
    change_state(supervisor->control, slot, YK_PROCESS_REFUSED);
}

/* The call that was to start it has given up. */
static bool is_unwanted(const yk_process_slot *slot)
{
    return atomic_load(&slot->wanted) == (uint64_t)yk_process_kill_signal();
}

static void supervisor_start_process(yk_supervisor *supervisor, yk_process_slot *slot,
                                     yk_child *child)
{
    engagement self = {supervisor->control, &supervisor->attachments, slot};

    YK_FAULT_POINT_WHOEVER(supervisor->control, YK_FAULT_PROCESS_SEEN);
    if (is_unwanted(slot)) {
        refuse_process(supervisor, slot, ECANCELED);
        return;
    }
    atomic_store(&slot->detached_seen, supervisor->attachments.closed);
    yk_crash_reset(&slot->crash);
    if (!yk_supervisor_fork_program(supervisor, child, process_entry, &self)) {
        refuse_process(supervisor, slot, child->fork_error);
        return;
    }
    YK_FAULT_POINT_WHOEVER(supervisor->control, YK_FAULT_PROCESS_FORKED);
    slot->pid = child->pid;
    supervisor_grant_pipes(supervisor, slot);
    change_state(supervisor->control, slot, YK_PROCESS_RUNNING);
}

/* A slot of a starter that was reaped. */
static void supervisor_settle_slot(yk_supervisor *supervisor, uint32_t index)
{
    yk_control *control = supervisor->control;

    if (yk_state_of(atomic_load(&control->processes[index].state)) !=
        YK_PROCESS_RUNNING) {
        yk_process_release(control, index);
        return;
    }
    yk_process_abandon(control, index);
    if (control->processes[index].daemon != 0) {
        yk_process_kill(supervisor->processes[index].pid);
    }
}

void yk_supervisor_settle_starter(yk_supervisor *supervisor, uint32_t starter)
{
    const uint32_t count = yk_process_slot_count(supervisor->control);

    for (uint32_t i = 0; i < count; i++) {
        const uint64_t word = atomic_load(&supervisor->control->processes[i].state);

        if (yk_process_starter(word) == starter && yk_state_of(word) != YK_PROCESS_FREE) {
            supervisor_settle_slot(supervisor, i);
        }
    }
    YK_FAULT_POINT_WHOEVER(supervisor->control, YK_FAULT_PROCESS_SETTLED);
}

static void supervisor_bury_process(yk_supervisor *supervisor, yk_process_slot *slot,
                                    int status)
{
    const yk_crash_case what = {
        .control = supervisor->control,
        .window = supervisor->start.memory[YK_MEMORY_ARENA].base,
        .crash = &slot->crash,
        .status = status};

    yk_process_describe_exit(status, slot->end, sizeof slot->end);
    yk_crash_explain(&what, slot->end, sizeof slot->end);
    yk_supervisor_log(supervisor, "%s (process %d) ended: %s", slot->name, slot->pid,
                      slot->end);
    YK_FAULT_POINT_WHOEVER(supervisor->control, YK_FAULT_PROCESS_REAPED);
    atomic_store(&slot->detached_seen, YK_SEEN_ALL);
    yk_supervisor_settle_starter(
        supervisor, YK_STARTER_PROCESS + (uint32_t)(slot - supervisor->control->processes));
    slot->wait_status = status;
    change_state(supervisor->control, slot, YK_PROCESS_ENDED);
}

static void send_wanted(yk_control *control, yk_process_slot *slot,
                        const yk_child *child)
{
    enum { BITS = 8 };
    uint64_t word;

    while ((word = atomic_load(&slot->wanted)) != 0) {
        slot->signal_refusal = yk_process_signal(child->pid, (int)(word & 0xff));
        YK_FAULT_POINT_WHOEVER(control, YK_FAULT_PROCESS_SIGNAL);
        /* the application may add others meanwhile */
        while (!atomic_compare_exchange_weak(&slot->wanted, &word, word >> BITS)) {
        }
        YK_FAULT_POINT_WHOEVER(control, YK_FAULT_PROCESS_SIGNALLED);
        yk_control_signal(control, &slot->changed);
    }
}

static void supervisor_tend_process(yk_supervisor *supervisor, uint32_t index)
{
    yk_process_slot *slot = &supervisor->control->processes[index];
    yk_child *child = &supervisor->processes[index];
    int status;

    if (child->pid == 0 &&
        yk_state_of(atomic_load(&slot->state)) == YK_PROCESS_REQUESTED) {
        supervisor_start_process(supervisor, slot, child);
    }
    if (child->pid != 0 && yk_process_has_ended(child->pid)) {
        atomic_store(&slot->reaped, 1);
        (void)yk_supervisor_reap(child, &status);
        supervisor_bury_process(supervisor, slot, status);
    }
    if (child->pid != 0) {
        send_wanted(supervisor->control, slot, child);
    }
}

void yk_supervisor_tend_processes(yk_supervisor *supervisor)
{
    const uint32_t count = yk_process_slot_count(supervisor->control);

    for (uint32_t i = 0; i < count; i++) {
        supervisor_tend_process(supervisor, i);
    }
}

void yk_supervisor_end_processes(yk_supervisor *supervisor)
{
    for (uint32_t i = 0; i < YK_MAX_PROCESSES; i++) {
        yk_process_kill(supervisor->processes[i].pid);
    }
}

void yk_supervisor_reap_processes(yk_supervisor *supervisor)
{
    int status;

    for (uint32_t i = 0; i < YK_MAX_PROCESSES; i++) {
        (void)yk_supervisor_reap(&supervisor->processes[i], &status);
    }
}
