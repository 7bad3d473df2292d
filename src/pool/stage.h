/* SPDX-License-Identifier: MIT */
/*
 * Copies in the pool's memory of a job's arguments that lie outside of it. They are filled, and
 * results copied back, without the pool's lock: other threads of the program go on meanwhile.
 *
 *     step                                       what other threads do meanwhile
 *     submission, locked: the slot is found,
 *     no job that is not collected conflicts
 *     with the plain memory; memory for copies
 *     taken; the slot, the arrays and the
 *     kernel are in use (`is_reserved`)
 *     FILL, unlocked, by the submitting thread   submissions that conflict with the plain memory
 *                                                wait, and so do those that add into an array that
 *                                                this job uses, or change offsets that it has read;
 *                                                others go on, and come before this job;
 *                                                memory that it uses is not freed; a wait for all
 *                                                jobs, and close, wait for it; after terminate, or
 *                                                if the pool broke, it fails when it is filled
 *     locked: what it waits for is found; open   as for any job; submissions that conflict
 *                                                with the plain memory wait until it is collected
 *     it has ended well, and a copy is written:
 *     a thread that would collect it claims it (`is_landing`)
 *     LAND, unlocked, by that thread             it keeps its slot and is not collected; jobs that
 *                                                wait for it in the pool go on; waits for it, and
 *                                                for the memory that it uses, and the pool's end
 *                                                wait; cancel comes too late; a call that waited
 *                                                for it and is left waits, since the memory may go
 *     locked: collected, copies freed            waiting threads are woken
 *
 * If the job has failed, or the call that waited for it was left, nothing is copied back. A job that
 * goes on past items that fail lands in any case: what its items that are DONE have written. A process
 * that is forked meanwhile cannot use the pool. If the program leaves a copy by longjmp() out of a
 * handler of its own for SIGSEGV, the job is never collected.
 */
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
    bool is_written; /* one of them is */
    size_t count;
    yk_staged copies[];
} yk_staging;

/* By slot; NULL: the job has none. Under the pool's lock. */
typedef struct yk_staging_table {
    yk_staging *by_slot[YK_MAX_JOBS];
    uint32_t count; /* of them */
} yk_staging_table;

/* Gives arguments outside the arena memory for a copy there; NULL: there are no such arguments. */
yoke_status yk_stage_allocate_locked(yoke_pool *pool, yk_staging **staging,
                                     uint32_t slot, yk_launch *launch, yk_error *error);

/* Fills the copies as far as they are read. */
void yk_stage_in(const yk_staging *staging, const yk_launch *launch);

/* An argument of the launch of the job in the slot, as the program passed it: outside the pool's
 * memory, with no allocation, if it was staged. */
yk_arg yk_stage_original_locked(const yoke_pool *pool, uint32_t slot,
                                const yk_launch *launch, uint32_t index);

/* Whether a job that is not collected yet uses the plain memory of this launch's foreign arguments
 * in conflict with them. */
bool yk_stage_has_conflict_locked(const yoke_pool *pool, const yk_launch *launch);

/* Whether one that goes on past items that fail has yet to be copied out by offsets that this launch
 * changes. */
bool yk_stage_lands_by_locked(const yoke_pool *pool, const yk_launch *launch);

#endif
