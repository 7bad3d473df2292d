/* SPDX-License-Identifier: MIT */
#include "pool/user_callback.h"

enum { WITH_CALLBACKS = 1, WITHOUT_CALLBACKS = 2 };

/* The entry in the thread's list is all there is to it. */
static void undo_user_callback(void *pool, uint64_t kind)
{
    (void)pool;
    (void)kind;
}

void yk_user_callback_begin(yoke_pool *pool, bool defers)
{
    yk_hold(undo_user_callback, pool, defers ? WITHOUT_CALLBACKS : WITH_CALLBACKS);
}

void yk_user_callback_end(void)
{
    yk_hold_end();
}

void yk_call_out(yoke_pool *pool, bool defers, yk_guarded *function, void *context)
{
    yk_user_callback_begin(pool, defers);
    yk_guard_pass(function, context);
    yk_user_callback_end();
}

bool yk_is_in_user_callback(const yoke_pool *pool)
{
    return yk_is_held(undo_user_callback, pool, WITH_CALLBACKS);
}

bool yk_callbacks_are_deferred(const yoke_pool *pool)
{
    return yk_is_held(undo_user_callback, pool, WITHOUT_CALLBACKS);
}
