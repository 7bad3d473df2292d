/* SPDX-License-Identifier: MIT */
/* Built-in reductions as jobs: their kernels, their arguments, their partial results. */
#include <string.h>

#include "base/bits.h"
#include "pool/pool.h"
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
        yk_spare *spare = &pool->spares[i];

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
        if (pool->spares[i].memory == NULL) {
            pool->spares[i] = (yk_spare){memory, bytes};
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

/* ---- kernels ---- */

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
    yoke_kernel **own = &pool->reductions[yk_reduction_index(reduction)];
    yoke_status status = YOKE_OK;

    (void)pthread_mutex_lock(&pool->reduce_lock);
    if (*own == NULL) {
        status =
            yk_kernel_create_own(own, pool, &options, reduction->needs_double, error);
    }
    *kernel = *own;
    (void)pthread_mutex_unlock(&pool->reduce_lock);
    return status;
}

/* ---- the job ---- */

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
                              yk_submission *submission, yoke_arg args[8],
                              yk_error *error)
{
    const yk_reduction *reduction = request->reduction;
    const size_t element = reduction->element_bytes;
    const size_t blocks = request->n / YOKE_REDUCE_BLOCK;
    const size_t items = blocks > 0 ? blocks : 1;
    yk_fold *fold = &submission->fold;

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
    submission->args = args;
    submission->count = reduction->takes_two ? 8 : 6;
    submission->range = yoke_range_2d(YK_REDUCE_LANES, items);
    submission->range.split = YOKE_SPLIT_Y;
    return YOKE_OK;
}
