/* SPDX-License-Identifier: MIT */
/* Results whose size only the task knows. */
#ifndef YK_POOL_RESULT_H
#define YK_POOL_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "launch/request.h"
#include "protocol/control.h"
#include "yoke/future.h"
#include "yoke/pool.h"

/* Room for a job's result, as the application gave it: what the job's slot says of it may have
 * been written over. */
typedef struct yk_room {
    bool has_result;
    void *block; /* NULL: only what the slot holds */
    size_t bytes;
} yk_room;

/* Under the pool's lock. */
typedef struct yk_results {
    yk_room rooms[YK_MAX_JOBS]; /* by slot */
} yk_results;

/* Room for a result, if the submission has one. */
yoke_status yk_result_reserve_locked(yoke_pool *pool, yk_job *job,
                                     const yk_request *request, yk_error *error);

/* The result of a job that has ended becomes the future's; room that is not needed is given
 * back. */
yoke_status yk_result_collect_locked(yoke_pool *pool, yk_job *job, yoke_future *future,
                                     bool succeeded, yk_error *error);

#endif
