/* SPDX-License-Identifier: MIT */
#include "patterns/reductions.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "pool/pool.h"
#include "base/fp_environment.h"

static_assert(2 * (int)YK_REDUCTION_COUNT <= (int)YK_OWN_KERNELS,
              "each has two places in the pool's table");

/* ---- partial results ---- */

/* Partial results, and what becomes of them once the job has ended well. */
typedef struct fold {
    yk_completion completion;
    yk_reduce_finish *finish;
    void *partials; /* in the arena, or a spare */
    size_t bytes;
    size_t count;
    yoke_reduced *result; /* the program's ... */
    size_t result_bytes;  /* ... which was compiled with so many */
} fold;

/* What this library does not know of the result is zero. */
static void fold_give(const fold *self, const yoke_reduced *made)
{
    const size_t known = sizeof *made;

    memset(self->result, 0, self->result_bytes);
    memcpy(self->result, made, self->result_bytes < known ? self->result_bytes : known);
}

static yoke_status fold_collect(yk_completion *completion, yoke_pool *pool,
                                yoke_future *future, bool well, yk_error *error)
{
    const fold *self = (const fold *)completion;

    (void)pool;
    (void)future;
    (void)error;
    if (well) {
        const yk_fp_environment before = yk_fp_use_default();
        yoke_reduced made = {.index = 0};

        self->finish(self->partials, self->count, &made);
        yk_fp_restore(before);
        fold_give(self, &made);
    }
    return YOKE_OK;
}

static void fold_drop(yk_completion *completion, yoke_pool *pool, yoke_future *future)
{
    fold *self = (fold *)completion;

    (void)future;
    yk_spares_put(&pool->spares, &pool->arena, self->partials, self->bytes);
    free(self);
}

static const yk_completion_ops fold_ops = {.collect = fold_collect, .drop = fold_drop};

/* Memory for partial results. */
static void *fold_take_memory(yoke_pool *pool, size_t *bytes, yk_error *error)
{
    void *memory;

    yk_pool_lock(pool);
    memory = yk_spares_take(&pool->spares, bytes);
    yk_pool_unlock(pool);
    return memory != NULL ? memory : yk_arena_alloc(&pool->arena, *bytes, error);
}

static fold *fold_create(yoke_pool *pool, const yk_reduce_request *reduce, size_t count,
                         yk_error *error)
{
    fold *self = calloc(1, sizeof *self);

    if (self == NULL) {
        yk_fail(error, YOKE_ENOMEM, "out of memory");
        return NULL;
    }
    self->completion.ops = &fold_ops;
    self->finish = reduce->reduction->finish;
    self->result = reduce->result;
    self->result_bytes = reduce->result_bytes;
    self->count = count;
    self->bytes = count * reduce->reduction->partial_bytes;
    self->partials = fold_take_memory(pool, &self->bytes, error);
    if (self->partials == NULL) {
        yk_error_prefix(error, "partial results: ");
        free(self);
        return NULL;
    }
    return self;
}

/* ---- kernels ---- */

yoke_status yk_reduction_prepare(yoke_pool *pool, const yk_reduction *reduction,
                                 const yk_limit *limit, yoke_kernel **kernel,
                                 yk_error *error)
{
    const yoke_kernel_options options = {
        .name = reduction->name,
        .source = yk_reduce_source,
        .native = reduction->native,
        .build_options = reduction->build_options,
        .group = {YK_REDUCE_LANES, 1, 1},
        .cpu_form = YOKE_FORM_NATIVE,
    };

    return yk_kernel_get_own(kernel, pool, yk_reduction_index(reduction), &options,
                             reduction->needs_double, limit, error);
}

yoke_status yk_reduction_prepare_fold(yoke_pool *pool, const yk_reduction *reduction,
                                      const yk_limit *limit, yoke_kernel **kernel,
                                      yk_error *error)
{
    const yoke_kernel_options options = {
        .name = reduction->fold_name,
        .source = yk_reduce_fold_source,
        .native = reduction->fold,
        .build_options = reduction->build_options,
        .group = {YK_REDUCE_LANES, 1, 1},
        .cpu_form = YOKE_FORM_NATIVE,
    };
    const size_t number = YK_REDUCTION_COUNT + yk_reduction_index(reduction);

    return yk_kernel_get_own(kernel, pool, number, &options, reduction->needs_double, limit,
                             error);
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

size_t yk_reduction_items(const yk_reduce_request *reduce)
{
    return reduce->n < YOKE_REDUCE_BLOCK ? 1 : reduce->n / YOKE_REDUCE_BLOCK;
}

void yk_reduction_fill_args(const yk_reduce_request *reduce, void *partials,
                            yk_request *request, yoke_arg args[8])
{
    const yk_reduction *reduction = reduce->reduction;
    const size_t element = reduction->element_bytes;
    const size_t items = yk_reduction_items(reduce);

    args[0] = yoke_out(partials, reduction->partial_bytes);
    fill_array(&args[1], &args[2], reduce->x, reduce->n, element);
    args[3] = yoke_scalar((uint64_t)(items - 1));
    args[4] = yoke_scalar((uint32_t)(reduce->n >= YOKE_REDUCE_BLOCK));
    args[5] = yoke_scalar((uint32_t)(reduce->n % YOKE_REDUCE_BLOCK));
    if (reduction->takes_two) {
        fill_array(&args[6], &args[7], reduce->y, reduce->n, element);
    }
    request->scratch_args |= 1; /* args[0] */
    request->args = args;
    request->arg_count = reduction->takes_two ? 8 : 6;
    request->range = yoke_range_2d(YK_REDUCE_LANES, items);
    request->range.split = YOKE_SPLIT_Y;
}

yoke_status yk_reduction_fill(yoke_pool *pool, const yk_reduce_request *reduce,
                              yk_request *request, yoke_arg args[8], yk_error *error)
{
    fold *partial = fold_create(pool, reduce, yk_reduction_items(reduce), error);

    if (partial == NULL) {
        return YOKE_ENOMEM;
    }
    yk_reduction_fill_args(reduce, partial->partials, request, args);
    yk_completion_attach(&request->completions, &partial->completion);
    return YOKE_OK;
}
