/* SPDX-License-Identifier: MIT */
/* Reductions as jobs: their kernels, their arguments, their partial results. */
#include "pool/reductions.h"

#include <string.h>

#include "base/bits.h"
#include "pool/pool.h"
#include "pool/submit.h"
#include "sys/call_guard.h"
#include "sys/fp_environment.h"

/* What is kept for the next reduction: a new block costs page faults. */
static const size_t max_spare_bytes = (size_t)1 << 20;
static const size_t min_spare_bytes = (size_t)1 << 16;

/* ---- memory for partial results ---- */

static void *spare_take(yoke_pool *pool, size_t *bytes, yk_error *error)
{
    void *memory = NULL;

    *bytes = *bytes < min_spare_bytes ? min_spare_bytes : *bytes;
    yk_pool_lock(pool);
    for (size_t i = 0; i < YK_MAX_SPARES && memory == NULL; i++) {
        yk_spare *spare = &pool->reductions.spares[i];

        if (spare->memory != NULL && spare->bytes >= *bytes) {
            memory = spare->memory;
            *bytes = spare->bytes;
            spare->memory = NULL;
        }
    }
    yk_pool_unlock(pool);
    return memory != NULL ? memory : yk_arena_alloc(&pool->arena, *bytes, error);
}

static void spare_put_locked(yoke_pool *pool, void *memory, size_t bytes)
{
    for (size_t i = 0; i < YK_MAX_SPARES && bytes <= max_spare_bytes; i++) {
        if (pool->reductions.spares[i].memory == NULL) {
            pool->reductions.spares[i] = (yk_spare){memory, bytes};
            return;
        }
    }
    (void)yk_arena_free(&pool->arena, memory, NULL);
}

void yk_fold_drop_locked(yoke_pool *pool, yk_fold *fold)
{
    if (fold->partials != NULL) {
        spare_put_locked(pool, fold->partials, fold->bytes);
        fold->partials = NULL;
    }
}

void yk_fold_finish_locked(yoke_pool *pool, yk_fold *fold, bool well)
{
    if (fold->finish != NULL && well) {
        const yk_fp_environment before = yk_fp_use_default();

        fold->finish(fold->partials, fold->count, fold->result);
        yk_fp_restore(before);
    }
    yk_fold_drop_locked(pool, fold);
}

/* ---- built-in ones: kernels ---- */

yoke_status yk_reduction_prepare(yoke_pool *pool, const yk_reduction *reduction,
                                 yoke_kernel **kernel, yk_error *error)
{
    const yoke_kernel_options options = {
        .name = reduction->name,
        .source = yk_reduce_source,
        .native = reduction->native,
        .build_options = reduction->build_options,
        .group = {YK_REDUCE_LANES, 1, 1},
        .cpu_form = YOKE_FORM_NATIVE,
    };
    yoke_kernel **own = &pool->reductions.kernels[yk_reduction_index(reduction)];
    yoke_status status = YOKE_OK;

    (void)pthread_mutex_lock(&pool->reductions.build_lock);
    if (*own == NULL) {
        status =
            yk_kernel_create_own(own, pool, &options, reduction->needs_double, error);
    }
    *kernel = *own;
    (void)pthread_mutex_unlock(&pool->reductions.build_lock);
    return status;
}

/* ---- built-in ones: the job ---- */

/* Full blocks go with their items; what is left of x goes to the last one. */
static void fill_array(yoke_arg *whole_blocks, yoke_arg *rest, const void *x, size_t n,
                       size_t element)
{
    const size_t blocks = n / YOKE_REDUCE_BLOCK;
    const size_t left = n % YOKE_REDUCE_BLOCK;
    const char *end = (const char *)x + n * element;

    /* An array has at least a byte; what no item reads is any part of x. */
    *whole_blocks = yoke_in(x, blocks > 0 ? YOKE_REDUCE_BLOCK * element : n * element);
    *rest = left > 0 ? yoke_in_whole(end - left * element, left * element)
                     : yoke_in_whole(x, element);
}

yoke_status yk_reduction_fill(yoke_pool *pool, const yk_reduce_request *request,
                              yk_request *submission, yk_fold *fold, yoke_arg args[8],
                              yk_error *error)
{
    const yk_reduction *reduction = request->reduction;
    const size_t element = reduction->element_bytes;
    const size_t blocks = request->n / YOKE_REDUCE_BLOCK;
    const size_t items = blocks > 0 ? blocks : 1;

    fold->finish = reduction->finish;
    fold->result = request->result;
    fold->count = items;
    fold->bytes = items * reduction->partial_bytes;
    fold->partials = spare_take(pool, &fold->bytes, error);
    if (fold->partials == NULL) {
        yk_error_prefix(error, "partial results: ");
        return YOKE_ENOMEM;
    }
    args[0] = yoke_out(fold->partials, reduction->partial_bytes);
    fill_array(&args[1], &args[2], request->x, request->n, element);
    args[3] = yoke_scalar((uint64_t)(items - 1));
    args[4] = yoke_scalar((uint32_t)(blocks > 0));
    args[5] = yoke_scalar((uint32_t)(request->n % YOKE_REDUCE_BLOCK));
    if (reduction->takes_two) {
        fill_array(&args[6], &args[7], request->y, request->n, element);
    }
    submission->fold = fold;
    submission->args = args;
    submission->arg_count = reduction->takes_two ? 8 : 6;
    submission->range = yoke_range_2d(YK_REDUCE_LANES, items);
    submission->range.split = YOKE_SPLIT_Y;
    return YOKE_OK;
}

/* ---- those of the program's own ---- */

/*
 * Reductions of the program's own: what its kernel has written for each item is combined by
 * its function, in a thread of the program and without the lock.
 *
 *     DUE        the job has ended well and is collected
 *     MAKING     by one thread, which has claimed it
 *     MADE       the result is there; or the function failed, and so has the job
 */

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
        future->error = strdup(yk_error_text(failure));
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
