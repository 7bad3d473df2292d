/* SPDX-License-Identifier: MIT */
/*
 * Reductions of the program's own: what its kernel has written for each item is combined by
 * its function, in a thread of the program and without the lock.
 *
 *     DUE        the job has ended well and is collected
 *     MAKING     by one thread, which has claimed it
 *     MADE       the result is there; or the function failed, and so has the job
 */
#include <string.h>

#include "pool/user_callback.h"
#include "pool/pool.h"
#include "sys/call_guard.h"

static void combine_two(void *into, const void *from, void *reducer)
{
    const yoke_reducer *self = reducer;

    (void)yk_fp_use_default(); /* whatever the last call has left */
    self->combine(into, from, self->context);
}

static char *first_of(const yk_combine *combine)
{
    return (char *)combine->partials + combine->first * combine->reducer.bytes;
}

static void combine_all(void *context)
{
    yk_combine *self = context;

    yk_reduce_pairs(first_of(self), self->count, self->reducer.bytes, combine_two,
                    &self->reducer);
}

void yk_combine_drop(yoke_pool *pool, yk_combine *combine)
{
    if (combine->partials != NULL) {
        (void)yk_arena_free(&pool->arena, combine->partials, NULL);
        combine->partials = NULL;
    }
}

void yk_combine_begin_locked(yoke_future *future, bool well)
{
    if (well && future->combine.partials != NULL) {
        future->result_state = YK_RESULT_DUE;
    } else {
        yk_combine_drop(future->pool, &future->combine);
    }
}

bool yk_combine_is_anothers_locked(const yoke_future *future)
{
    return future->result_state == YK_RESULT_MAKING ||
           (future->result_state == YK_RESULT_DUE && future->combine.by_caller);
}

bool yk_combine_claim_locked(yoke_future *future)
{
    const bool is_due = future->result_state == YK_RESULT_DUE;

    if (is_due) {
        future->result_state = YK_RESULT_MAKING;
    }
    return is_due;
}

/* The function has returned, or failed. */
static void combine_finish(yoke_future *future, const yk_error *failure)
{
    yoke_pool *pool = future->pool;
    yk_combine *combine = &future->combine;

    yk_pool_lock(pool);
    if (failure != NULL) {
        future->status = failure->status;
        future->error = strdup(failure->text);
    } else if (!future->is_left) {
        memcpy(combine->result, first_of(combine), combine->reducer.bytes);
    }
    yk_combine_drop(pool, combine);
    future->result_state = YK_RESULT_MADE;
    yk_pool_unlock(pool);
    /* Another job's by now, perhaps: who waits for that one looks once more. */
    yk_eventcount_signal(&yk_job_at(pool->control, future->ref)->ended);
}

static void undo_make(void *future, uint64_t unused)
{
    yk_error error;

    (void)unused;
    (void)yk_fail(&error, YOKE_EKERNEL,
                  "the function that combines " YK_HAS_NOT_RETURNED);
    combine_finish(future, &error);
}

void yk_combine_make(yoke_future *future)
{
    yk_error error;
    bool returned;

    yk_hold(undo_make, future, 0);
    yk_user_callback_begin(future->pool, true);
    returned = yk_user_call(combine_all, &future->combine, &error);
    yk_user_callback_end();
    yk_hold_end();
    if (!returned) {
        yk_error_prefix(&error, "the function that combines: ");
    }
    combine_finish(future, returned ? NULL : &error);
}

bool yk_combine_is_making(const yoke_future *future)
{
    return yk_is_held(undo_make, future, 0);
}
