/* SPDX-License-Identifier: MIT */
/*
 * Reductions of the program's own: what its kernel has written for each item is combined by
 * its function, in a thread of the program and without the lock.
 *
 *     DUE        the job has ended well and is collected
 *     MAKING     by one thread, which has claimed it
 *     nothing    the result is there
 */
#include <string.h>

#include "pool/callout.h"
#include "pool/pool.h"

void yk_combine_run(yoke_pool *pool, const yoke_future *future,
                    const yk_combine *combine)
{
    const yoke_reducer *reducer = &combine->reducer;
    char *partials = (char *)combine->partials + combine->first * reducer->bytes;
    yk_callout callout;

    yk_callout_enter(&callout, pool, future, true);
    yk_reduce_pairs(partials, combine->count, reducer->bytes, reducer->combine,
                    reducer->context);
    yk_callout_leave(&callout);
    memcpy(combine->result, partials, reducer->bytes);
}

void yk_combine_drop(yoke_pool *pool, yk_combine *combine)
{
    if (combine->partials != NULL) {
        (void)yk_arena_free(&pool->arena, combine->partials, NULL);
        combine->partials = NULL;
    }
}

void yk_combine_begin(yoke_future *future, bool well)
{
    if (well && future->combine.partials != NULL) {
        future->result_state = YK_RESULT_DUE;
    } else {
        yk_combine_drop(future->pool, &future->combine);
    }
}

bool yk_combine_claim(yoke_future *future)
{
    const bool is_due = future->result_state == YK_RESULT_DUE;

    if (is_due) {
        future->result_state = YK_RESULT_MAKING;
    }
    return is_due;
}

void yk_combine_make(yoke_future *future)
{
    yoke_pool *pool = future->pool;

    yk_combine_run(pool, future, &future->combine);
    (void)pthread_mutex_lock(&pool->lock);
    yk_combine_drop(pool, &future->combine);
    future->result_state = YK_RESULT_MADE;
    (void)pthread_mutex_unlock(&pool->lock);
    /* Another job's by now, perhaps: who waits for that one looks once more. */
    yk_event_signal(&yk_job_at(pool->control, future->ref)->ended);
}
