/* SPDX-License-Identifier: MIT */
/*
 * Reductions of the program's own: what its kernel has written for each item is combined by its
 * function, in a thread of the program and without the lock.
 */
#ifndef YK_PATTERNS_COMBINE_H
#define YK_PATTERNS_COMBINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "launch/request.h"
#include "yoke/reduce.h"

typedef struct yk_combine {
    yoke_reducer reducer;
    void *partials; /* memory of the pool */
    size_t first;   /* of them, the range's */
    size_t count;
    void *result;   /* the program's */
    bool by_caller; /* only the thread that waits for the job makes it */
} yk_combine;

/* The job's partial results, which its argument `arg` writes, will be combined. Their memory is
 * taken over, also on failure. */
yoke_status yk_combine_attach(yk_request *request, size_t arg, yoke_pool *pool,
                              const yk_combine *combine, yk_error *error);

#endif
