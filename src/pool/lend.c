/* SPDX-License-Identifier: MIT */
/* Lent allocations, in the application: their block tables come and go here. */
#include "pool/pool.h"
#include "shared/residency.h"

static void *address_of(uint64_t table)
{
    return (void *)(uintptr_t)table;
}

static yoke_status lend_locked(yoke_pool *pool, void *pointer, yk_error *error)
{
    yk_residency *table;
    yk_block block;
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
    yk_residency_init(table, pool->next_id++, (uint64_t)(uintptr_t)pointer,
                      block.bytes);
    yk_arena_set_table(&pool->arena, pointer, (uint64_t)(uintptr_t)table);
    return YOKE_OK;
}

yoke_status yk_lend(yoke_pool *pool, void *pointer, yk_error *error)
{
    yoke_status status;

    (void)pthread_mutex_lock(&pool->lock);
    status = lend_locked(pool, pointer, error);
    (void)pthread_mutex_unlock(&pool->lock);
    return status;
}

/* Ends the lending unless a job still uses the block: *used. */
static yoke_status try_reclaim(yoke_pool *pool, void *pointer, bool *used,
                               yk_error *error)
{
    yk_block block;
    yoke_status status;

    (void)yk_collect_ended(pool);
    status = yk_arena_get(&pool->arena, pointer, &block, error);
    if (status == YOKE_OK && block.table == 0) {
        status = yk_fail(error, YOKE_EINVAL, "%p is not lent", pointer);
    }
    *used = status == YOKE_OK && block.users != 0;
    if (status != YOKE_OK || *used) {
        return status;
    }
    yk_arena_set_table(&pool->arena, pointer, 0);
    return yk_arena_free(&pool->tables, address_of(block.table), error);
}

yoke_status yk_reclaim(yoke_pool *pool, void *pointer, yk_error *error)
{
    for (;;) {
        const uint32_t ticket = yk_event_ticket(&pool->control->changed);
        bool used;
        yoke_status status;

        (void)pthread_mutex_lock(&pool->lock);
        status = try_reclaim(pool, pointer, &used, error);
        (void)pthread_mutex_unlock(&pool->lock);
        yk_run_callbacks(pool);
        if (status != YOKE_OK || !used) {
            return status;
        }
        (void)yk_pool_wait_change(pool, ticket);
    }
}

yoke_status yk_free(yoke_pool *pool, void *pointer, yk_error *error)
{
    yk_block block = {.table = 0};
    yoke_status status;

    (void)pthread_mutex_lock(&pool->lock);
    (void)yk_collect_ended(pool); /* some may be done with it */
    (void)pthread_mutex_unlock(&pool->lock);
    yk_run_callbacks(pool);
    status = yk_arena_get(&pool->arena, pointer, &block, error);
    if (status == YOKE_OK) {
        status = yk_arena_free(&pool->arena, pointer, error);
    }
    if (status == YOKE_OK && block.table != 0) {
        (void)yk_arena_free(&pool->tables, address_of(block.table), NULL);
    }
    return status;
}
