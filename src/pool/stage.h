/* SPDX-License-Identifier: MIT */
/* Copies in the pool's memory of a job's arguments that lie outside of it. */
#ifndef YK_POOL_STAGE_H
#define YK_POOL_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "launch/launch.h"
#include "yoke/future.h"
#include "yoke/pool.h"

/* A copy of an array outside the pool's memory. */
typedef struct yk_staged {
    uint32_t arg;
    uint64_t original; /* address of its first byte in the application */
    uint64_t bytes;
    uint64_t copy;  /* address of the same byte in the arena */
    uint64_t block; /* of the allocation there */
} yk_staged;

/* Gives arguments outside the arena a copy there, filled as far as it is read. */
yoke_status yk_stage_in_locked(yoke_pool *pool, yoke_future *future, yk_launch *launch,
                               yk_error *error);

/* Copies results back and frees the copies. */
void yk_stage_out_locked(yoke_pool *pool, yoke_future *future, const yk_launch *launch,
                         bool results);

/* A job not collected yet that uses the plain memory of this launch's foreign arguments
 * in conflict with them, or NULL. */
yoke_future *yk_stage_conflict_locked(yoke_pool *pool, const yk_launch *launch);

#endif
