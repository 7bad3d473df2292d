/* SPDX-License-Identifier: MIT */
/* Lent allocations, in the application: their block tables come and go here. */
#include "pool/lend.h"

#include <string.h>

#include "base/bits.h"
#include "pool/pool.h"
#include "protocol/writeback.h"
#include "shm/residency.h"
#include "sys/call_guard.h"

static void *address_of(uint64_t table)
{
    return (void *)(uintptr_t)table;
}

static yoke_status lend_locked(yoke_pool *pool, void *pointer, yk_error *error)
{
    yk_residency *table;
    yk_allocation block;
    const yoke_status status = yk_arena_get(&pool->arena, pointer, &block, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (block.table != 0) {
        return yk_fail(error, YOKE_EINVAL, "%p is lent already", pointer);
    }
    table = yk_arena_alloc(&pool->tables, yk_residency_size(block.bytes), error);
    if (table == NULL) {
        yk_error_prefix(error, "lending %p: ", pointer);
        return YOKE_ENOMEM;
    }
    yk_residency_init(table, YK_LENDING | pool->next_id++, (uint64_t)(uintptr_t)pointer,
                      block.bytes);
    yk_arena_set_table(&pool->arena, pointer, (uint64_t)(uintptr_t)table);
    return YOKE_OK;
}

yoke_status yk_lend(yoke_pool *pool, void *pointer, yk_error *error)
{
    yoke_status status;

    yk_pool_lock(pool);
    status = lend_locked(pool, pointer, error);
    yk_pool_unlock(pool);
    return status;
}

/* ---- getting back ---- */

static bool have_all_answered(const yk_control *control, uint64_t flush_request)
{
    const uint32_t count = yk_worker_count(control);

    for (uint32_t i = 0; i < count; i++) {
        const yk_worker *worker = &control->workers[i];

        if (atomic_load(&worker->holds) != 0 &&
            atomic_load(&worker->flush_answered) != flush_request) {
            return false;
        }
    }
    return true;
}

/* Has all devices give back what they hold of an allocation. False if yk_pool_check() fails.
 * Called with recall_lock. */
static bool flush_request(yoke_pool *pool, uint64_t table)
{
    yk_control *control = pool->control;
    bool alive = true;
    uint64_t number;

    control->recall_table = table;
    number = atomic_fetch_add(&control->flush_request, 1) + 1;
    yk_writeback_wake_holders(control);
    while (alive) {
        const uint32_t ticket = yk_eventcount_ticket(&control->changed);

        if (have_all_answered(control, number)) {
            break;
        }
        alive = yk_pool_wait_change(pool, ticket);
    }
    return alive;
}

/* What no device has given back is lost. */
static yoke_status lend_check_blocks(const yoke_pool *pool, const yk_residency *table,
                                     yk_error *error)
{
    const yk_pages all = {0, table->count};
    uint64_t holder = 0;
    uint64_t address;
    uint64_t bytes;
    yk_pages run;

    for (uint64_t b = 0; b < all.end && holder == 0; b++) {
        holder = yk_residency_holder(table, b);
    }
    if (holder == 0 || !yk_residency_next_held(table, all, holder, &run)) {
        return YOKE_OK;
    }
    bytes = yk_residency_bytes(table, run, &address);
    address -= table->address;
    return yk_fail(error, YOKE_ELOST,
                   "bytes [%llu, %llu) of %p were lost with worker %s: only its device "
                   "had them",
                   (unsigned long long)address, (unsigned long long)(address + bytes),
                   address_of(table->address),
                   pool->control->workers[yk_holder_slot(holder)].name);
}

yoke_status yk_check_lost_locked(const yoke_pool *pool, const yk_allocation *block,
                                 yk_error *error)
{
    return block->table != 0 ? lend_check_blocks(pool, address_of(block->table), error)
                             : YOKE_OK;
}

/* What is asked about a block before its lending ends. */
typedef struct ending {
    yk_allocation block;
    bool is_used; /* by a job that is not collected */
    bool is_held; /* some of it may be on devices alone, and was not recalled yet */
} ending;

static yoke_status lend_look_at_locked(yoke_pool *pool, void *pointer, ending *seen,
                                       yk_error *error)
{
    yoke_status status;

    (void)yk_collect_landed_locked(pool);
    (void)yk_collect_all_but_silent_locked(pool);
    status = yk_arena_get(&pool->arena, pointer, &seen->block, error);
    while (status == YOKE_OK && seen->block.users != 0 &&
           (yk_collect_ended_locked(pool) != 0 ||
            yk_collect_wait_landing_locked(pool, seen->block.id))) {
        status = yk_arena_get(&pool->arena, pointer, &seen->block, error);
    }
    seen->is_used = status == YOKE_OK && seen->block.users != 0;
    seen->is_held =
        status == YOKE_OK && seen->block.table != 0 &&
        ((const yk_residency *)address_of(seen->block.table))->keeper != 0;
    return status;
}

/* The job whose results may be on devices, and how many use them, while the allocation is lent as
 * it was; else 0. */
static uint64_t lend_keeper_locked(yoke_pool *pool, void *pointer,
                                   const yk_allocation *block, uint32_t *users)
{
    yk_allocation now;

    if (yk_arena_get(&pool->arena, pointer, &now, NULL) != YOKE_OK ||
        now.id != block->id || now.table != block->table) {
        return 0;
    }
    *users = now.users;
    return ((const yk_residency *)address_of(block->table))->keeper;
}

/* Recalls what no job uses, once. The pool's lock is given up meanwhile, and jobs of other
 * threads may come: they find the keeper that there was until all is back, and leave one of their
 * own if they keep something. A keeper that still runs is not asked for what it has: it goes on. No
 * table is freed while it has a keeper, and none loses it but here, under both locks: so the table
 * that is recalled stays. */
static yoke_status lend_recall_locked(yoke_pool *pool, void *pointer, const ending *seen,
                                      yk_error *error)
{
    uint32_t users = 0;
    uint64_t keeper;
    bool alive = true;

    yk_pool_unlock(pool);
    (void)pthread_mutex_lock(&pool->lending.recall_lock);
    yk_pool_lock(pool);
    keeper = lend_keeper_locked(pool, pointer, &seen->block, &users);
    if (keeper != 0 && users == 0) { /* else another thread was faster */
        yk_pool_unlock(pool);
        alive = flush_request(pool, seen->block.table);
        yk_pool_lock(pool);
        if (alive &&
            lend_keeper_locked(pool, pointer, &seen->block, &users) == keeper) {
            ((yk_residency *)address_of(seen->block.table))->keeper = 0;
        }
    }
    (void)pthread_mutex_unlock(&pool->lending.recall_lock);
    return alive ? YOKE_OK : yk_pool_check_locked(pool, error);
}

/* Checks until nothing of it is on devices alone, or a job uses it. The lock is
 * given up while devices give back: all may be different then. */
static yoke_status lend_get_back_locked(yoke_pool *pool, void *pointer, ending *seen,
                                        yk_error *error)
{
    yoke_status status = lend_look_at_locked(pool, pointer, seen, error);

    while (status == YOKE_OK && seen->is_held && !seen->is_used) {
        status = lend_recall_locked(pool, pointer, seen, error);
        if (status == YOKE_OK) {
            status = lend_look_at_locked(pool, pointer, seen, error);
        }
    }
    return status;
}

yoke_status yk_flush_allocation_locked(yoke_pool *pool, void *pointer,
                                       yk_allocation *block, yk_error *error)
{
    ending seen;
    const yoke_status status = lend_get_back_locked(pool, pointer, &seen, error);

    *block = seen.block;
    return status;
}

/* Ends the lending unless a job still uses the block: *used. */
static yoke_status lend_try_reclaim_locked(yoke_pool *pool, void *pointer, bool *used,
                                           yk_error *error)
{
    ending seen;
    yoke_status status = lend_get_back_locked(pool, pointer, &seen, error);

    *used = status == YOKE_OK && seen.is_used && seen.block.table != 0;
    if (status == YOKE_OK && seen.block.table == 0) {
        status = yk_fail(error, YOKE_EINVAL, "%p is not lent", pointer);
    }
    if (status != YOKE_OK || *used) {
        return status;
    }
    status = yk_check_lost_locked(pool, &seen.block, error);
    yk_arena_set_table(&pool->arena, pointer, 0);
    (void)yk_arena_free(&pool->tables, address_of(seen.block.table), NULL);
    return status;
}

yoke_status yk_reclaim(yoke_pool *pool, void *pointer, yk_error *error)
{
    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(&pool->control->changed);
        bool used;
        yoke_status status;

        yk_pool_lock(pool);
        status = lend_try_reclaim_locked(pool, pointer, &used, error);
        yk_pool_unlock(pool);
        yk_run_callbacks(pool);
        if (status != YOKE_OK || !used) {
            return status;
        }
        yk_guard_cancel_point();
        /* If it broke, the next turn finds its jobs ended. */
        if (!yk_pool_wait_change(pool, ticket) &&
            yk_pool_check(pool, error) == YOKE_ESTOPPED) {
            return YOKE_ESTOPPED;
        }
    }
}

/* Devices short of memory give back what they drop: not into freed memory. */
static yoke_status lend_free_locked(yoke_pool *pool, void *pointer, yk_error *error)
{
    ending seen;
    yoke_status status = lend_get_back_locked(pool, pointer, &seen, error);

    if (status == YOKE_OK) {
        status = yk_arena_free(&pool->arena, pointer, error);
    }
    if (status == YOKE_OK && seen.block.table != 0) {
        (void)yk_arena_free(&pool->tables, address_of(seen.block.table), NULL);
    }
    return status;
}

yoke_status yk_free(yoke_pool *pool, void *pointer, yk_error *error)
{
    yoke_status status;

    yk_pool_lock(pool);
    status = lend_free_locked(pool, pointer, error);
    yk_pool_unlock(pool);
    yk_run_callbacks(pool);
    return status;
}

/* ---- another size ---- */

static yoke_status realloc_check_locked(yoke_pool *pool, void *pointer, ending *seen,
                                        yk_error *error)
{
    yoke_status status = lend_look_at_locked(pool, pointer, seen, error);

    if (status == YOKE_OK) {
        status = yk_arena_check_free(&pool->arena, pointer, error);
    }
    if (status == YOKE_OK && seen->block.table != 0) {
        status = yk_fail(error, YOKE_EINVAL, "%p is lent: reclaim it first", pointer);
    }
    return status;
}

/* What failed jobs should have written there is still missing. */
static void realloc_move_spoiled_locked(yoke_pool *pool, const void *pointer,
                                        const ending *seen, const void *memory)
{
    yk_allocation now;

    if (yk_arena_get(&pool->arena, memory, &now, NULL) == YOKE_OK) {
        yk_spoiled_move_locked(pool, seen->block.id, now.id,
                               (uint64_t)((uintptr_t)memory - (uintptr_t)pointer));
    }
}

/* Changes it where it is. Otherwise takes new memory, and the old one has a user, so that it is
 * not freed before it is copied. */
static yoke_status realloc_begin_locked(yoke_pool *pool, void *pointer, size_t bytes,
                                        ending *seen, void **memory, yk_error *error)
{
    const yoke_status status = realloc_check_locked(pool, pointer, seen, error);

    if (status != YOKE_OK) {
        return status;
    }
    if (yk_arena_resize(&pool->arena, pointer, bytes)) {
        *memory = pointer;
        realloc_move_spoiled_locked(pool, pointer, seen, pointer);
        return YOKE_OK;
    }
    *memory = yk_arena_alloc(&pool->arena, bytes, error);
    if (*memory == NULL) {
        return YOKE_ENOMEM;
    }
    yk_arena_use(&pool->arena, (uint64_t)(uintptr_t)pointer, seen->block.id, 1);
    return YOKE_OK;
}

/* Frees the old memory; the new one, if a job has begun to use the old one meanwhile. */
static yoke_status realloc_end_locked(yoke_pool *pool, void *pointer,
                                      const ending *seen, void **memory,
                                      yk_error *error)
{
    yoke_status status;

    yk_arena_use(&pool->arena, (uint64_t)(uintptr_t)pointer, seen->block.id, -1);
    status = lend_free_locked(pool, pointer, error);
    if (status != YOKE_OK) {
        (void)yk_arena_free(&pool->arena, *memory, NULL);
        *memory = NULL;
    } else {
        realloc_move_spoiled_locked(pool, pointer, seen, *memory);
    }
    return status;
}

yoke_status yk_realloc(yoke_pool *pool, void *pointer, size_t bytes, void **memory,
                       yk_error *error)
{
    ending seen;
    yoke_status status;

    *memory = NULL;
    yk_pool_lock(pool);
    status = realloc_begin_locked(pool, pointer, bytes, &seen, memory, error);
    if (status == YOKE_OK && *memory != pointer) {
        yk_pool_unlock(pool); /* other threads need not wait for the copy */
        memcpy(*memory, pointer, (size_t)yk_min(seen.block.bytes, bytes));
        yk_pool_lock(pool);
        status = realloc_end_locked(pool, pointer, &seen, memory, error);
    }
    yk_pool_unlock(pool);
    yk_run_callbacks(pool);
    return status;
}
