/* SPDX-License-Identifier: MIT */
/*
 * Reductions as jobs: built-in ones, and those whose partial results a function of the program
 * combines.
 */
#ifndef YK_POOL_REDUCTIONS_H
#define YK_POOL_REDUCTIONS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "launch/request.h"
#include "reduce/reduction.h"
#include "yoke/future.h"
#include "yoke/kernel.h"
#include "yoke/reduce.h"

enum { YK_MAX_SPARES = 4 };

/* Memory for partial results that no job uses now. */
typedef struct yk_spare {
    void *memory; /* NULL: none */
    size_t bytes;
} yk_spare;

/* What a pool keeps for reductions. */
typedef struct yk_reductions {
    pthread_mutex_t build_lock; /* one reduction is built at a time; taken first */
    yoke_kernel *kernels[YK_REDUCTION_COUNT]; /* NULL: not used yet; under build_lock */
    yk_spare spares[YK_MAX_SPARES];           /* under the pool's lock */
} yk_reductions;

/* ---- built-in ones ---- */

/* What becomes of a reduction's partial results once its job has ended well. */
typedef struct yk_fold {
    yk_reduce_finish *finish; /* NULL: the job is no reduction */
    void *partials;           /* in the arena, or a spare */
    size_t bytes;
    size_t count;
    yoke_reduced *result; /* the program's */
} yk_fold;

/* What is reduced. */
typedef struct yk_reduce_request {
    const yk_reduction *reduction;
    const void *x;
    const void *y; /* of operations on two arrays */
    size_t n;      /* at least 1, and n elements have a size */
    yoke_reduced *result;
} yk_reduce_request;

/* Creates the operation's kernel in this pool if it is not there. Waits for builds. */
yoke_status yk_reduction_prepare(yoke_pool *pool, const yk_reduction *reduction,
                                 yoke_kernel **kernel, yk_error *error);

/* Fills in range, arguments (eight) and memory for partial results of a request. */
yoke_status yk_reduction_fill(yoke_pool *pool, const yk_reduce_request *request,
                              yk_request *submission, yk_fold *fold, yoke_arg args[8],
                              yk_error *error);

/* Makes the result of the partial results, if the job has ended well, and gives their
 * memory back. */
void yk_fold_finish_locked(yoke_pool *pool, yk_fold *fold, bool well);

/* Gives the memory back. */
void yk_fold_drop_locked(yoke_pool *pool, yk_fold *fold);

/* ---- those of the program's own ---- */

/* What becomes of partial results that the program's own function combines. */
typedef struct yk_combine {
    yoke_reducer reducer;
    void *partials; /* memory of the pool; NULL: the job is no such reduction */
    size_t first;   /* of them, the range's */
    size_t count;
    void *result; /* the program's */
    bool by_caller; /* only the thread that waits for the job makes it */
} yk_combine;

/* Gives the memory of partial results back. */
void yk_combine_drop(yoke_pool *pool, yk_combine *combine);

/* The job has been collected: its result is due, or there is none. */
void yk_combine_begin_locked(yoke_future *future, bool well);

/* Whether it is due, and now the calling thread's to make. */
bool yk_combine_claim_locked(yoke_future *future);

/* Whether another thread makes it, or will. */
bool yk_combine_is_anothers_locked(const yoke_future *future);

/* Makes what was claimed: calls the program's function, and writes the result. Without the
 * lock; the future has a reference. */
void yk_combine_make(yoke_future *future);

/* Whether the thread is in the function that makes this future's result. */
bool yk_combine_is_making(const yoke_future *future);

#endif
