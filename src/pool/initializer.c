/* SPDX-License-Identifier: MIT */
#include "pool/initializer.h"

#include <string.h>

#include "sys/object.h"

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

yoke_status yk_initializer_call(const yk_control *control, yk_worker *worker,
                                yk_error *error)
{
    const yk_initializer *self = &control->initializer;
    yoke_initializer *function;
    int code;

    if (self->function.place.offset == 0) {
        return YOKE_OK;
    }
    function =
        (yoke_initializer *)yk_object_find(self->function.object, self->function.place);
    if (function == NULL) {
        return yk_fail(error, YOKE_EKERNEL,
                       "the initializer is not there: \"%s\" cannot be loaded",
                       self->function.object);
    }
    atomic_store(&worker->initializing, 1);
    code = function(self->argument, (size_t)self->bytes);
    atomic_store(&worker->initializing, 0);
    return code == 0
               ? YOKE_OK
               : yk_fail(error, YOKE_EKERNEL, "the initializer returned %d", code);
}
