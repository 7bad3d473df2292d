/* SPDX-License-Identifier: MIT */
/* Copies in the pool's memory of a job's arguments that lie outside of it. */
#ifndef YK_POOL_STAGE_H
#define YK_POOL_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "launch/launch.h"
#include "pool/completion.h"
#include "protocol/control.h"
#include "yoke/pool.h"

/* A copy of an array outside the pool's memory. */
typedef struct yk_staged {
    uint32_t arg;
    uint64_t original; /* address of its first byte in the application */
    uint64_t bytes;
    uint64_t copy;  /* address of the same byte in the arena */
    uint64_t block; /* of the allocation there */
} yk_staged;

/* The copies of a job's arguments. */
typedef struct yk_staging {
    yk_completion completion;
    uint32_t slot; /* of the job */
    size_t count;
    yk_staged copies[];
} yk_staging;

/* By slot; NULL: the job has none. Under the pool's lock. */
typedef struct yk_staging_table {
    yk_staging *by_slot[YK_MAX_JOBS];
} yk_staging_table;

/* Gives arguments outside the arena memory for a copy there; NULL: there are no such arguments. */
yoke_status yk_stage_allocate_locked(yoke_pool *pool, yk_staging **staging,
                                     uint32_t slot, yk_launch *launch, yk_error *error);

/* Fills the copies as far as they are read. */
void yk_stage_in(const yk_staging *staging, const yk_launch *launch);

/* Whether a job that is not collected yet uses the plain memory of this launch's foreign arguments
 * in conflict with them. */
bool yk_stage_has_conflict_locked(const yoke_pool *pool, const yk_launch *launch);

#endif
