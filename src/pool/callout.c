/* SPDX-License-Identifier: MIT */
#include "pool/callout.h"

#include <stddef.h>

/* The innermost that the thread is in. */
static _Thread_local yk_callout *innermost;

void yk_callout_enter(yk_callout *callout, const yoke_pool *pool,
                      const yoke_future *future, bool defers)
{
    *callout = (yk_callout){pool, future, defers, innermost};
    innermost = callout;
}

void yk_callout_leave(const yk_callout *callout)
{
    innermost = callout->previous;
}

bool yk_is_in_callout(const yoke_pool *pool)
{
    for (const yk_callout *c = innermost; c != NULL; c = c->previous) {
        if (c->pool == pool) {
            return true;
        }
    }
    return false;
}

bool yk_callbacks_are_deferred(const yoke_pool *pool)
{
    for (const yk_callout *c = innermost; c != NULL; c = c->previous) {
        if (c->pool == pool && c->defers) {
            return true;
        }
    }
    return false;
}

bool yk_is_making(const yoke_future *future)
{
    for (const yk_callout *c = innermost; c != NULL; c = c->previous) {
        if (c->future == future) {
            return true;
        }
    }
    return false;
}
