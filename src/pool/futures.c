/* SPDX-License-Identifier: MIT */
#include "pool/futures.h"

#include <stdlib.h>

#include "base/clock.h"
#include "pool/pool.h"
#include "sys/call_guard.h"

/* How long to sleep at most while another thread copies. */
static const uint64_t landing_poll_ns = 100 * (uint64_t)YK_NS_PER_MS;

yoke_future *yk_future_create_locked(yoke_pool *pool, const yk_request *request)
{
    yoke_future *future = yk_handle_alloc(YK_HANDLE_FUTURE, sizeof *future);

    if (future != NULL) {
        future->pool = pool;
        future->owner = pool->owner;
        future->kernel = request->kernel;
        future->references = 1;
        future->family = pool->spoiled.families++;
        future->is_users = request->is_users;
        if (request->replay != NULL) {
            future->place = request->replay->place;
        }
        future->scratch_args = request->scratch_args;
        future->lands = future->lands_failed =
            request->on_failure == YOKE_ON_FAILURE_KEEP;
        future->adds = request->blocks != NULL;
        future->lands |= future->adds;
        future->on_success = request->on_success;
        future->on_error = request->on_error;
        future->on_context = request->on_context;
        future->next = pool->jobs.futures;
        future->link = &pool->jobs.futures;
        if (future->next != NULL) {
            future->next->link = &future->next;
        }
        pool->jobs.futures = future;
        yk_handle_open(future);
    }
    return future;
}

void yk_jobs_wait_change_locked(yoke_pool *pool)
{
    yk_eventcount *changed = &pool->control->changed;
    const uint32_t ticket = yk_eventcount_ticket(changed);

    yk_pool_unlock(pool);
    yk_eventcount_wait(changed, ticket, landing_poll_ns);
    yk_pool_lock(pool);
}

static void futures_unlink_locked(yoke_future *future)
{
    *future->link = future->next;
    if (future->next != NULL) {
        future->next->link = future->link;
    }
}

static void futures_drop_callbacks_locked(yoke_future *future)
{
    future->on_success = future->on_error = NULL;
    while (future->later != NULL) {
        yk_later_callback *later = future->later;

        future->later = later->next;
        free(later);
    }
}

void yk_future_release_locked(yoke_future *future)
{
    if (--future->references == 0) {
        if (future->pool != NULL) {
            yk_unread_note_locked(future->pool, future);
            yk_spoiled_leave_locked(future->pool, future);
            if (future->result != NULL) {
                (void)yk_arena_free(&future->pool->arena, future->result, NULL);
            }
            futures_unlink_locked(future);
        }
        futures_drop_callbacks_locked(future);
        free(future->error);
        yk_handle_free(future);
    }
}

bool yk_future_is_over_locked(const yoke_future *future)
{
    return future->collected && future->result_state == YK_RESULT_MADE;
}

/* Between looking at a future's pool and being inside of it, the pool must not go. */
static pthread_mutex_t detaching = PTHREAD_MUTEX_INITIALIZER;

yoke_pool *yk_future_enter(yoke_future *future)
{
    yoke_pool *pool;

    (void)pthread_mutex_lock(&detaching);
    pool = future->pool;
    if (pool != NULL) {
        yk_pool_enter(pool);
    }
    (void)pthread_mutex_unlock(&detaching);
    return pool;
}

bool yk_futures_detach(yoke_pool *pool)
{
    bool alone;

    (void)pthread_mutex_lock(&detaching);
    alone = yk_pool_is_left(pool);
    for (yoke_future *f = pool->jobs.futures; alone && f != NULL; f = f->next) {
        if (!f->is_users) {
            /* a stream's, which cannot report it any more; no other thread is inside */
            yk_unread_note_locked(pool, f);
        }
        f->pool = NULL;
        f->is_lost = f->result != NULL; /* it goes with the memory */
        f->result = NULL;
        f->result_bytes = 0;
    }
    (void)pthread_mutex_unlock(&detaching);
    return alone;
}

static void undo_hold(void *held, uint64_t unused)
{
    yoke_future *future = held;
    yoke_pool *pool = future->pool;

    (void)unused;
    yk_future_let_go(future);
    yk_pool_leave(pool);
}

void yk_future_forsake(yoke_future *future)
{
    yoke_pool *pool = future->pool;

    yk_pool_lock(pool);
    while (future->is_landing) { /* the place of its results may go when this returns */
        yk_jobs_wait_change_locked(pool);
    }
    future->is_left = true;
    future->told = true;
    yk_pool_unlock(pool);
    yk_future_cancel(future);
}

static void undo_hold_own(void *held, uint64_t unused)
{
    yk_future_forsake(held);
    undo_hold(held, unused);
}

yoke_pool *yk_future_hold(yoke_future *future)
{
    yoke_pool *pool = yk_future_enter(future);

    if (pool != NULL) {
        yk_pool_lock(pool);
        future->references++;
        yk_pool_unlock(pool);
        yk_hold(undo_hold, future, 0);
    }
    return pool;
}

void yk_future_hold_own(yoke_future *future)
{
    yk_pool_enter(future->pool);
    yk_hold(undo_hold_own, future, 0);
}

void yk_future_abandon(yoke_future *future)
{
    yk_hold_end();
    undo_hold_own(future, 0);
}

void yk_future_unhold(yoke_future *future, yoke_pool *pool)
{
    if (pool != NULL) {
        yk_hold_end();
        yk_future_let_go(future);
        yk_pool_leave(pool);
    }
}

void yk_future_let_go(yoke_future *future)
{
    yoke_pool *pool = future->pool;

    if (pool != NULL) {
        yk_pool_lock(pool);
    }
    yk_future_release_locked(future);
    if (pool != NULL) {
        yk_pool_unlock(pool);
    }
}

void yk_future_disown(yoke_future *future)
{
    yoke_pool *pool = yk_future_enter(future);

    yk_future_let_go(future);
    if (pool != NULL) {
        yk_pool_leave(pool);
    }
}

/* ---- what the program asks ---- */

double yk_future_get_progress(yoke_future *future)
{
    yoke_pool *pool = yk_future_enter(future);
    double progress;

    if (pool == NULL) {
        return future->progress;
    }
    yk_pool_lock(pool);
    progress = future->collected
                   ? future->progress
                   : yk_job_progress(pool->control,
                                     yk_job_at(pool->control, future->ref));
    yk_pool_unlock(pool);
    yk_pool_leave(pool);
    return progress;
}

bool yk_future_get_running(yoke_future *future)
{
    yoke_pool *pool = yk_future_enter(future);
    bool running;

    if (pool == NULL) {
        return false;
    }
    yk_pool_lock(pool);
    running = !future->collected && yk_job_has_begun(pool->control, future->ref);
    yk_pool_unlock(pool);
    yk_pool_leave(pool);
    return running;
}

const char *yk_future_get_error(yoke_future *future)
{
    yoke_pool *pool = yk_future_enter(future);
    const char *text;

    if (pool != NULL) {
        yk_pool_lock(pool);
    }
    text = future->collected && future->error != NULL ? future->error : "";
    future->told |= text[0] != '\0';
    if (pool != NULL) {
        yk_pool_unlock(pool);
        yk_pool_leave(pool);
    }
    return text;
}

static bool futures_append_callback_locked(yoke_future *future, yoke_on_done *callback,
                                           void *context)
{
    yk_later_callback *later = malloc(sizeof *later);
    yk_later_callback **end = &future->later;

    if (later == NULL) {
        return false;
    }
    *later = (yk_later_callback){.function = callback, .context = context};
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = later;
    return true;
}

yoke_status yk_future_add_callback(yoke_future *future, yoke_on_done *callback,
                                   void *context)
{
    yoke_pool *pool = yk_future_enter(future);
    bool added = true;
    bool now;

    if (pool != NULL) {
        yk_hold(yk_undo_pool_enter, pool, 0);
        yk_pool_lock(pool);
    }
    /* Not before those that are due. */
    now = yk_future_is_over_locked(future) && (future->later == NULL || pool == NULL);
    if (!now) {
        added = futures_append_callback_locked(future, callback, context);
    }
    if (pool != NULL) {
        yk_pool_unlock(pool);
    }
    if (now) {
        yk_run_callback(pool, future, callback, context);
    }
    if (pool != NULL) {
        yk_hold_end();
        yk_pool_leave(pool);
    }
    return added ? YOKE_OK : YOKE_ENOMEM;
}

void yk_future_take_result(yoke_pool *pool, yoke_future *future, void **result,
                           size_t *bytes)
{
    yk_pool_lock(pool);
    *result = future->result;
    if (bytes != NULL) {
        *bytes = future->result_bytes;
    }
    future->result = NULL;
    future->result_bytes = 0;
    yk_pool_unlock(pool);
}

void yk_future_give_up(yoke_future *future)
{
    yoke_pool *pool = yk_future_enter(future);

    if (pool == NULL) {
        if (yk_handle_shut(future)) {
            yk_future_release_locked(future);
        }
        return;
    }
    yk_pool_lock(pool);
    /* A callback of a call that waits, or from which no future was wanted, sees one that is not
     * the user's. */
    if (future->is_users && yk_handle_shut(future)) {
        future->is_users = false;
        futures_drop_callbacks_locked(future);
        yk_future_release_locked(future);
    }
    yk_pool_unlock(pool);
    yk_pool_leave(pool);
}

void yk_future_cancel(yoke_future *future)
{
    yoke_pool *pool = future->pool;

    yk_pool_lock(pool);
    if (!future->collected && !future->is_landing) {
        yk_job_explain(yk_job_at(pool->control, future->ref), future->ref.generation,
                       "cancelled");
        yk_job_stop(pool->control, future->ref, YOKE_ECANCELED);
        (void)yk_job_try_end(pool->control, future->ref);
    }
    yk_pool_unlock(pool);
}
