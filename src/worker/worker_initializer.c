/* SPDX-License-Identifier: MIT */
/*
 * The program's initializer and finalizer: the functions that each process that calls native
 * functions calls first, and before it ends. The application names it in the control block before any process exists, with a copy
 * of its argument in the store. Workers only read both.
 */
#include "base/clock.h"
#include "base/text.h"
#include "protocol/bells.h"
#include "sys/call_guard.h"
#include "sys/elf.h"
#include "sys/process.h"
#include "worker/worker.h"

typedef struct initializer_call {
    const yk_initializer *self;
    yoke_initializer *function;
    int code;
    bool failed;
} initializer_call;

static void call_initializer(void *context)
{
    initializer_call *call = context;

    call->code = call->function(call->self->argument, (size_t)call->self->bytes);
}

/* longjmp() left it, or it has ended the thread: this process cannot go on. */
static void undo_initializer(void *of_worker, uint64_t unused)
{
    yk_worker *worker = of_worker;

    (void)unused;
    yk_text_copy(worker->log, sizeof worker->log,
                 "the initializer " YK_HAS_NOT_RETURNED);
    atomic_store(&worker->open_status, (uint32_t)-YOKE_EKERNEL);
    atomic_store(&worker->initializing, 0);
    yk_process_exit_now(YK_WORKER_EXIT_START);
}

yoke_status yk_worker_initialize(yk_worker_self *worker_self)
{
    const yk_initializer *self = &worker_self->control->initializer;
    yk_worker *worker = worker_self->worker;
    yk_error *error = &worker_self->error;
    initializer_call call = {.self = self};

    if (self->function.place.offset == 0) {
        return YOKE_OK;
    }
    call.function =
        (yoke_initializer *)yk_elf_find(self->function.object, self->function.place);
    if (call.function == NULL) {
        return yk_fail(error, YOKE_EKERNEL,
                       "cannot find the initializer: cannot load \"%s\"",
                       self->function.object);
    }
    atomic_store(&worker->initializing, 1);
    yk_hold(undo_initializer, worker, 0);
    if (!yk_user_call(call_initializer, &call, error)) {
        yk_error_prefix(error, "the initializer: ");
        call.failed = true;
    }
    yk_hold_end();
    atomic_store(&worker->initializing, 0);
    return call.failed ? YOKE_EKERNEL
           : call.code == 0
               ? YOKE_OK
               : yk_fail(error, YOKE_EKERNEL, "the initializer returned %d", call.code);
}

/* ---- the finalizer ---- */

typedef struct finalizer_call {
    yoke_finalizer *function;
    const yk_initializer *self;
} finalizer_call;

static void call_finalizer(void *context)
{
    const finalizer_call *call = context;

    call->function(call->self->argument, (size_t)call->self->bytes);
}

void yk_worker_finalize(yk_worker_self *worker_self)
{
    const yk_initializer *self = &worker_self->control->initializer;
    finalizer_call call = {.self = self};

    if (self->finalizer.place.offset == 0 ||
        !yk_worker_has(worker_self->worker, YK_TRAIT_RUNS_FUNCTIONS) ||
        atomic_load(&worker_self->control->quit) == YK_QUIT_KILL) {
        return;
    }
    call.function =
        (yoke_finalizer *)yk_elf_find(self->finalizer.object, self->finalizer.place);
    if (call.function != NULL) {
        atomic_store(&worker_self->worker->finalizing_since, yk_clock_ns());
        yk_control_wake_supervisor(worker_self->control); /* it watches the clock */
        /* The process ends in any case, and no call waits for what it does. */
        (void)yk_user_call(call_finalizer, &call, &worker_self->error);
    }
}
