/* SPDX-License-Identifier: MIT */
#include "pool/callout.h"

enum { WITH_CALLBACKS = 1, WITHOUT_CALLBACKS = 2 };

/* The entry in the thread's list is all there is to it. */
static void undo_callout(void *pool, uint64_t kind)
{
    (void)pool;
    (void)kind;
}

void yk_callout_begin(yoke_pool *pool, bool defers)
{
    yk_hold(undo_callout, pool, defers ? WITHOUT_CALLBACKS : WITH_CALLBACKS);
}

void yk_callout_end(void)
{
    yk_hold_end();
}

void yk_call_out(yoke_pool *pool, bool defers, yk_guarded *function, void *context)
{
    yk_callout_begin(pool, defers);
    yk_guard_pass(function, context);
    yk_callout_end();
}

bool yk_is_in_callout(const yoke_pool *pool)
{
    return yk_is_held(undo_callout, pool, WITH_CALLBACKS);
}

bool yk_callbacks_are_deferred(const yoke_pool *pool)
{
    return yk_is_held(undo_callout, pool, WITHOUT_CALLBACKS);
}
