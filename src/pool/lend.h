/* SPDX-License-Identifier: MIT */
/* Lent allocations, in the application: their block tables come and go here. */
#ifndef YK_POOL_LEND_H
#define YK_POOL_LEND_H

#include <pthread.h>

#include "base/error.h"
#include "shm/arena.h"
#include "yoke/pool.h"

typedef struct yk_lending {
    pthread_mutex_t recall_lock; /* one allocation is wanted back at a time; taken first */
} yk_lending;

/* Take the lock. */
yoke_status yk_lend(yoke_pool *pool, void *pointer, yk_error *error);

/* Waits for jobs that use the memory, and for devices to give back what they hold of it.
 * Takes the lock. */
yoke_status yk_reclaim(yoke_pool *pool, void *pointer, yk_error *error);

/* Frees an allocation, lent or not. Takes the lock. */
yoke_status yk_free(yoke_pool *pool, void *pointer, yk_error *error);

/* Changes the size of an allocation that is not lent, where it is or elsewhere: *memory, NULL on
 * failure. `bytes` is not 0. Takes the lock, but not while it copies. */
yoke_status yk_realloc(yoke_pool *pool, void *pointer, size_t bytes, void **memory,
                       yk_error *error);

/* Has devices give back what they hold of an allocation that no job uses; what there is
 * of it then, copied to *block. The lock may be given up meanwhile. */
yoke_status yk_flush_allocation_locked(yoke_pool *pool, void *pointer,
                                       yk_allocation *block, yk_error *error);

/* What of a block was lost with a worker and is now as it was before: YOKE_ELOST. */
yoke_status yk_check_lost_locked(const yoke_pool *pool, const yk_allocation *block,
                                 yk_error *error);

#endif
