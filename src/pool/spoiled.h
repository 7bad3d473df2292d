/* SPDX-License-Identifier: MIT */
/* What failed jobs should have written, until their failure is reported. */
#ifndef YK_POOL_SPOILED_H
#define YK_POOL_SPOILED_H

#include <stdbool.h>
#include <stdint.h>

#include "launch/launch.h"
#include "sys/segment.h"
#include "yoke/future.h"
#include "yoke/pool.h"

/* What a failed job was to write. */
typedef struct yk_spoiled yk_spoiled;
typedef struct yk_spoiled_segment yk_spoiled_segment;

/* Under the pool's lock. */
typedef struct yk_spoiled_list {
    yk_spoiled *newest;
    uint32_t count;
    uint64_t families; /* of failures: given out so far */
    bool has_lost;     /* of more failures than these: nothing is known but the family */
    uint64_t lost_family;
    yk_spoiled_segment *segments; /* closed, and something of them is spoiled */
} yk_spoiled_list;

/* A failed job is collected: what it should have written is spoiled. */
void yk_spoiled_note_locked(yoke_pool *pool, yoke_future *future,
                            const yk_launch *launch);

/* Why a job must fail: the text of the failure that spoiled an array it needs; NULL: it need not.
 * The job joins that failure's family. */
const char *yk_spoiled_needed_locked(yoke_pool *pool, yoke_future *future,
                                     const yk_launch *launch);

/* A failure of the family was reported to the program. */
void yk_spoiled_forget_locked(yoke_pool *pool, uint64_t family);

/* The last reference of a future goes. */
void yk_spoiled_leave_locked(yoke_pool *pool, const yoke_future *future);

/* All failures that no future reports were reported to the program. */
void yk_spoiled_forget_orphans_locked(yoke_pool *pool);

/* An allocation has a new id, and lies `shift` bytes further on. */
void yk_spoiled_move_locked(yoke_pool *pool, uint64_t from_id, uint64_t to_id,
                            uint64_t shift);

/* A segment is closed, or open: its memory outlives its allocation. */
void yk_spoiled_close_segment_locked(yoke_pool *pool, const yk_segment *segment,
                                     uint64_t block_id, const void *pointer);
void yk_spoiled_open_segment_locked(yoke_pool *pool, const yk_segment *segment,
                                    uint64_t block_id, const void *pointer);

void yk_spoiled_free(yoke_pool *pool);

#endif
