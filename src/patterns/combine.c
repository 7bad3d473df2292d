/* SPDX-License-Identifier: MIT */
#include "patterns/combine.h"

#include <stdlib.h>
#include <string.h>

#include "pool/pool.h"
#include "reduce/reduction.h"
#include "sys/call_guard.h"
#include "sys/process.h"

typedef struct combining {
    yk_completion completion;
    yk_combine what;
} combining;

static void combine_two(void *into, const void *from, void *reducer)
{
    const yoke_reducer *self = reducer;
    const pid_t caller = yk_process_self();

    (void)yk_fp_use_default(); /* whatever the last call has left */
    self->combine(into, from, self->context);
    yk_user_call_returned(caller);
}

static char *combine_first(const yk_combine *combine)
{
    return (char *)combine->partials + combine->first * combine->reducer.bytes;
}

static void combine_all(void *context)
{
    yk_combine *self = context;

    yk_reduce_pairs(combine_first(self), self->count, self->reducer.bytes, combine_two,
                    &self->reducer);
}

static bool combine_make(yk_completion *completion, yk_error *error)
{
    combining *self = (combining *)completion;

    return yk_user_call(combine_all, &self->what, error);
}

static void combine_made(yk_completion *completion)
{
    const yk_combine *combine = &((combining *)completion)->what;

    memcpy(combine->result, combine_first(combine), combine->reducer.bytes);
}

static void combine_drop(yk_completion *completion, yoke_pool *pool,
                         yoke_future *future)
{
    combining *self = (combining *)completion;

    (void)future;
    (void)yk_arena_free(&pool->arena, self->what.partials, NULL);
    free(self);
}

static const yk_completion_ops combine_ops = {
    .make = combine_make,
    .maker = "the function that combines",
    .made = combine_made,
    .drop = combine_drop,
};

yoke_status yk_combine_attach(yk_request *request, size_t arg, yoke_pool *pool,
                              const yk_combine *combine, yk_error *error)
{
    combining *self = calloc(1, sizeof *self);

    if (self == NULL) {
        (void)yk_arena_free(&pool->arena, combine->partials, NULL);
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    self->completion.ops = &combine_ops;
    self->completion.by_caller = combine->by_caller;
    self->what = *combine;
    yk_completion_attach(&request->completions, &self->completion);
    if (arg < 64) {
        request->scratch_args |= UINT64_C(1) << arg;
    }
    return YOKE_OK;
}
