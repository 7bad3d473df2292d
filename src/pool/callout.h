/* SPDX-License-Identifier: MIT */
/*
 * Functions of the program that the library calls in the program's own threads: callbacks,
 * sources of streams, functions that combine. They may make calls on the pool, which call
 * others in turn; each thread knows which it is inside of.
 */
#ifndef YK_POOL_CALLOUT_H
#define YK_POOL_CALLOUT_H

#include <stdbool.h>

#include "pool/pool.h"

typedef struct yk_callout {
    const yoke_pool *pool;       /* NULL: it is gone */
    const yoke_future *future;   /* whose function it is; NULL: of none */
    bool defers;                 /* callbacks of the pool wait for its end */
    struct yk_callout *previous; /* the one it was called from */
} yk_callout;

/* Before and after such a function is called; what is `defers` for: callbacks that make
 * calls must not pile up on the stack. */
void yk_callout_enter(yk_callout *callout, const yoke_pool *pool,
                      const yoke_future *future, bool defers);
void yk_callout_leave(const yk_callout *callout);

/* Whether the thread is in a function that a call on this pool has called: then the pool
 * cannot be closed. */
bool yk_is_in_callout(const yoke_pool *pool);

/* Whether it is in one that callbacks of this pool wait for. */
bool yk_callbacks_are_deferred(const yoke_pool *pool);

/* Whether it is in the function that makes this future's result. */
bool yk_is_making(const yoke_future *future);

#endif
