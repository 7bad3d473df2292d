/* SPDX-License-Identifier: MIT */
/* Callbacks of futures that have ended: in the order in which the jobs were collected, each
 * future's by one thread, without the lock. */
#include "pool/user_callback.h"
#include "pool/pool.h"

typedef struct condition {
    bool makes_result;
    yoke_on_done *callback; /* NULL: none */
    void *context;
} condition;

/* What is to be called next for a future whose job was collected: what makes its result, the
 * callback of its submission, then the one it was given later. */
static condition callbacks_next_locked(yoke_future *future)
{
    yoke_on_done *first =
        future->status == YOKE_OK ? future->on_success : future->on_error;
    condition next = {false, first, future->on_context};

    if (yk_combine_claim_locked(future)) {
        return (condition){.makes_result = true};
    }
    if (first == NULL) {
        next = (condition){false, future->callback, future->callback_context};
        future->callback = NULL;
    }
    future->on_success = future->on_error = NULL;
    return next;
}

/* Takes the first off the list whose result no other thread makes, with the pool's reference;
 * NULL: there is none. */
static yoke_future *callbacks_take_first_locked(yoke_pool *pool)
{
    yoke_future *before = NULL;
    yoke_future *future = pool->finished;

    while (future != NULL && yk_combine_is_anothers_locked(future)) {
        before = future;
        future = future->next_finished;
    }
    if (future != NULL) {
        *(before != NULL ? &before->next_finished : &pool->finished) =
            future->next_finished;
        pool->last_finished =
            pool->last_finished == future ? before : pool->last_finished;
    }
    return future;
}

/* What is to be called next: of the future that was taken last, or of those after it, whose
 * reference takes the place of its own. NULL: all have been called. */
static yoke_future *find_next(yoke_pool *pool, yoke_future *last, condition *next)
{
    yoke_future *future;

    yk_pool_lock(pool);
    future = last != NULL ? last : callbacks_take_first_locked(pool);
    while (future != NULL) {
        *next = callbacks_next_locked(future);
        if (next->makes_result || next->callback != NULL) {
            break;
        }
        yk_future_release_locked(future);
        future = callbacks_take_first_locked(pool);
    }
    yk_pool_unlock(pool);
    return future;
}

/* One callback of a future. */
typedef struct callback_call {
    yoke_on_done *function;
    yoke_future *future;
    void *context;
} callback_call;

static void call_back(void *context)
{
    const callback_call *self = context;

    self->function(self->future, self->future->status, self->context);
}

static void callbacks_call(yoke_pool *pool, yoke_future *future, condition what)
{
    callback_call self = {what.callback, future, what.context};

    if (what.makes_result) {
        yk_combine_make(future);
    } else {
        future->told = true;
        yk_call_out(pool, true, call_back, &self);
    }
}

/* A callback was left: it has been called, those after it come first at the next occasion. */
static void undo_take(void *taken, uint64_t unused)
{
    yoke_future *future = taken;
    yoke_pool *pool = future->pool;

    (void)unused;
    yk_pool_lock(pool);
    if (pool->finished == NULL) {
        pool->last_finished = future;
    }
    future->next_finished = pool->finished;
    pool->finished = future;
    yk_pool_unlock(pool);
}

void yk_run_callbacks(yoke_pool *pool)
{
    yoke_future *future;
    condition next;

    if (yk_callbacks_are_deferred(pool)) {
        return;
    }
    future = find_next(pool, NULL, &next);
    if (future == NULL) {
        return;
    }
    yk_pool_enter(pool);
    yk_hold(yk_undo_pool_enter, pool, 0);
    do {
        yk_hold(undo_take, future, 0);
        callbacks_call(pool, future, next);
        yk_hold_end();
    } while ((future = find_next(pool, future, &next)) != NULL);
    yk_hold_end();
    yk_pool_leave(pool);
}

void yk_run_callback(yoke_pool *pool, yoke_future *future, yoke_on_done *callback,
                     void *context)
{
    callbacks_call(pool, future, (condition){false, callback, context});
    if (pool != NULL) {
        yk_run_callbacks(pool);
    }
}
