/* SPDX-License-Identifier: MIT */
#include "yoke/memory.h"

#include "api/call.h"
#include "pool/pool.h"

void *yoke_alloc(yoke_pool *pool, size_t bytes)
{
    void *memory = NULL;
    yk_error error;

    yk_error_clear(&error);
    if (yk_call_check(pool, &error) == YOKE_OK) {
        memory = yk_arena_alloc(&pool->arena, bytes, &error);
    }
    if (memory == NULL) {
        (void)yk_call_end(pool, error.status, &error);
    }
    return memory;
}

/* Jobs that have ended may be waiting to be collected. */
static void collect(yoke_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    (void)yk_collect_ended(pool);
    (void)pthread_mutex_unlock(&pool->lock);
    yk_run_callbacks(pool);
}

yoke_status yoke_free(yoke_pool *pool, void *pointer)
{
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
    if (status == YOKE_OK && pointer != NULL) {
        collect(pool);
        status = yk_arena_free(&pool->arena, pointer, &error);
    }
    return yk_call_end(pool, status, &error);
}
