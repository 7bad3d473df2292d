/* SPDX-License-Identifier: MIT */
/* Callbacks of futures that have ended: in the order in which the jobs were collected, each
 * future's by one thread, without the lock. */
#include "pool/callbacks.h"

#include "pool/pool.h"

/* ---- functions of the program ---- */

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

/* ---- callbacks of futures ---- */

void yk_callbacks_add_locked(yoke_pool *pool, yoke_future *future)
{
    yk_callback_queue *queue = &pool->callbacks;

    future->next_finished = NULL;
    *(queue->first != NULL ? &queue->last->next_finished : &queue->first) = future;
    queue->last = future;
}

/* What is to be called for a future. */
typedef struct callback_due {
    bool makes_result;
    yoke_on_done *callback; /* NULL: none */
    void *context;
} callback_due;

/* What is to be called next for a future whose job was collected: what makes its result, the
 * callback of its submission, then the one it was given later. */
static callback_due callbacks_next_locked(yoke_future *future)
{
    yoke_on_done *first =
        future->status == YOKE_OK ? future->on_success : future->on_error;
    callback_due next = {false, first, future->on_context};

    if (yk_combine_claim_locked(future)) {
        return (callback_due){.makes_result = true};
    }
    if (first == NULL) {
        next = (callback_due){false, future->callback, future->callback_context};
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
    yoke_future *future = pool->callbacks.first;

    while (future != NULL && yk_combine_is_anothers_locked(future)) {
        before = future;
        future = future->next_finished;
    }
    if (future != NULL) {
        *(before != NULL ? &before->next_finished : &pool->callbacks.first) =
            future->next_finished;
        pool->callbacks.last =
            pool->callbacks.last == future ? before : pool->callbacks.last;
    }
    return future;
}

/* What is to be called next: of the future that was taken last, or of those after it, whose
 * reference takes the place of its own. NULL: all have been called. */
static yoke_future *find_next(yoke_pool *pool, yoke_future *last, callback_due *next)
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

static void callbacks_call(yoke_pool *pool, yoke_future *future, callback_due what)
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
    if (pool->callbacks.first == NULL) {
        pool->callbacks.last = future;
    }
    future->next_finished = pool->callbacks.first;
    pool->callbacks.first = future;
    yk_pool_unlock(pool);
}

void yk_run_callbacks(yoke_pool *pool)
{
    yoke_future *future;
    callback_due next;

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
    callbacks_call(pool, future, (callback_due){false, callback, context});
    if (pool != NULL) {
        yk_run_callbacks(pool);
    }
}
