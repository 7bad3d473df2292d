/* SPDX-License-Identifier: MIT */
/* Built-in reductions as jobs: their kernels, their arguments, their partial results. */
#ifndef YK_PATTERNS_REDUCTIONS_H
#define YK_PATTERNS_REDUCTIONS_H

#include <stddef.h>

#include "base/error.h"
#include "base/limit.h"
#include "launch/request.h"
#include "reduce/reduction.h"
#include "yoke/reduce.h"

/* What is reduced. */
typedef struct yk_reduce_request {
    const yk_reduction *reduction;
    const void *x;
    const void *y; /* of operations on two arrays */
    size_t n;      /* at least 1, and n elements have a size */
    yoke_reduced *result;
    size_t result_bytes; /* of *result in the program */
} yk_reduce_request;

/* Creates the operation's kernel in this pool if it is not there. Waits for builds, no longer than
 * the limit. */
yoke_status yk_reduction_prepare(yoke_pool *pool, const yk_reduction *reduction,
                                 const yk_limit *limit, yoke_kernel **kernel,
                                 yk_error *error);

/* The same for the kernel that makes the result of partial results in a worker. */
yoke_status yk_reduction_prepare_fold(yoke_pool *pool, const yk_reduction *reduction,
                                      const yk_limit *limit, yoke_kernel **kernel,
                                      yk_error *error);

/* The number of items of the job, and so of partial results. */
size_t yk_reduction_items(const yk_reduce_request *reduce);

/* Fills in range and arguments (eight). */
void yk_reduction_fill_args(const yk_reduce_request *reduce, void *partials,
                            yk_request *request, yoke_arg args[8]);

/* The same, and attaches what makes the result of partial results.
 * Takes the lock. */
yoke_status yk_reduction_fill(yoke_pool *pool, const yk_reduce_request *reduce,
                              yk_request *request, yoke_arg args[8], yk_error *error);

#endif
