/* SPDX-License-Identifier: MIT */
#include "pool/initializer.h"

#include <string.h>

#include "base/text.h"
#include "pool/worker.h"
#include "sys/object.h"
#include "sys/process.h"
#include "sys/user_call.h"

static yoke_status copy_argument(yoke_pool *pool, const yoke_pool_options *options,
                                 yk_error *error)
{
    yk_initializer *self = &pool->control->initializer;
    void *copy;

    if (options->initializer_bytes == 0) {
        return YOKE_OK;
    }
    copy = yk_arena_alloc(&pool->store, options->initializer_bytes, error);
    if (copy == NULL) {
        yk_error_prefix(error, "the initializer's argument: ");
        return YOKE_ENOMEM;
    }
    memcpy(copy, options->initializer_argument, options->initializer_bytes);
    self->argument = copy;
    self->bytes = options->initializer_bytes;
    return YOKE_OK;
}

yoke_status yk_initializer_set(yoke_pool *pool, const yoke_pool_options *options,
                               yk_error *error)
{
    yoke_status status;

    if ((options->initializer_argument == NULL) != (options->initializer_bytes == 0)) {
        return yk_fail(error, YOKE_EINVAL,
                       "initializer_argument and initializer_bytes go together");
    }
    if (options->initializer == NULL) {
        return options->initializer_bytes == 0
                   ? YOKE_OK
                   : yk_fail(error, YOKE_EINVAL,
                             "initializer_argument is given, but no initializer");
    }
    status = yk_function_locate(&pool->control->initializer.function,
                                (yk_any_function *)options->initializer,
                                "the initializer", error);
    return status == YOKE_OK ? copy_argument(pool, options, error) : status;
}

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

/* It was left by longjmp(), or has ended the thread: there is nothing to go on with. */
static void undo_initializer(void *of_worker, uint64_t unused)
{
    yk_worker *worker = of_worker;

    (void)unused;
    yk_text_copy(worker->log, sizeof worker->log,
                 "the initializer " YK_HAS_NOT_RETURNED);
    atomic_store(&worker->open_status, (uint32_t)-YOKE_EKERNEL);
    atomic_store(&worker->initializing, 0);
    yk_process_exit_now(YK_EXIT_START);
}

yoke_status yk_initializer_call(const yk_control *control, yk_worker *worker,
                                yk_error *error)
{
    const yk_initializer *self = &control->initializer;
    initializer_call call = {.self = self};

    if (self->function.place.offset == 0) {
        return YOKE_OK;
    }
    call.function =
        (yoke_initializer *)yk_object_find(self->function.object, self->function.place);
    if (call.function == NULL) {
        return yk_fail(error, YOKE_EKERNEL,
                       "the initializer is not there: \"%s\" cannot be loaded",
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
