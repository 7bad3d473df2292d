/* SPDX-License-Identifier: MIT */
/* Callbacks of futures that have ended: in the order in which the jobs were collected, each
 * future's by one thread, without the lock. */
#include "pool/callbacks.h"

#include <stdlib.h>
#include <string.h>

#include "pool/pool.h"
#include "protocol/bells.h"

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

/* ---- results that functions of the program make ---- */

bool yk_result_is_anothers_locked(const yoke_future *future)
{
    return future->result_state == YK_RESULT_MAKING ||
           (future->result_state == YK_RESULT_DUE && future->completions->by_caller &&
            !future->is_left);
}

bool yk_result_claim_locked(yoke_future *future)
{
    const bool is_due = future->result_state == YK_RESULT_DUE;

    if (is_due) {
        future->result_state = YK_RESULT_MAKING;
    }
    return is_due;
}

/* The functions have returned, or one has failed. */
static void result_finish(yoke_future *future, const yk_error *failure)
{
    yoke_pool *pool = future->pool;

    yk_pool_lock(pool);
    if (failure != NULL) {
        future->status = failure->status;
        future->error = strdup(yk_error_text(failure));
    }
    for (yk_completion *c = future->completions; c != NULL; c = c->next) {
        if (failure == NULL && !future->is_left && c->ops->made != NULL) {
            c->ops->made(c);
        }
    }
    yk_completions_drop(future->completions, pool, future);
    future->completions = NULL;
    future->result_state = YK_RESULT_MADE;
    yk_pool_unlock(pool);
    /* The slot may be another job's by now: a thread that waits for that one checks once more. */
    yk_control_signal(pool->control, &yk_job_at(pool->control, future->ref)->ended);
}

static void undo_make(void *made, uint64_t unused)
{
    yoke_future *future = made;
    yk_error error;

    (void)unused;
    (void)yk_fail(&error, YOKE_EKERNEL, "%s " YK_HAS_NOT_RETURNED,
                  future->completions->ops->maker);
    result_finish(future, &error);
}

void yk_result_make(yoke_future *future)
{
    yoke_pool *pool = future->pool;
    yk_error error;
    bool returned = true;
    bool is_left;

    yk_pool_lock(pool);
    is_left = future->is_left; /* then what the function needs may be gone, too */
    yk_pool_unlock(pool);
    yk_hold(undo_make, future, 0);
    yk_user_callback_begin(pool, true);
    for (yk_completion *c = future->completions; c != NULL && returned; c = c->next) {
        returned = is_left || c->ops->make(c, &error);
        if (!returned) {
            yk_error_prefix(&error, "%s: ", c->ops->maker);
        }
    }
    yk_user_callback_end();
    yk_hold_end();
    result_finish(future, returned ? NULL : &error);
}

bool yk_result_is_making(const yoke_future *future)
{
    return yk_is_held(undo_make, future, 0);
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
 * callback of its submission, then those it was given later. */
static callback_due callbacks_next_locked(yoke_future *future)
{
    yoke_on_done *first =
        future->status == YOKE_OK ? future->on_success : future->on_error;
    callback_due next = {false, first, future->on_context};

    if (yk_result_claim_locked(future)) {
        return (callback_due){.makes_result = true};
    }
    if (first == NULL && future->later != NULL) {
        yk_later_callback *later = future->later;

        next = (callback_due){false, later->function, later->context};
        future->later = later->next;
        free(later);
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

    while (future != NULL && yk_result_is_anothers_locked(future)) {
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
        yk_result_make(future);
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
