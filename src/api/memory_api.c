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

/* Of a pointer that is not NULL. */
static yoke_status memory_change(yoke_pool *pool, void *pointer, size_t bytes,
                                 void **memory, yk_error *error)
{
    yoke_pool *owner = NULL;
    yoke_status status = yk_call_pool_of(&owner, pointer, error);

    if (status == YOKE_OK && owner != pool) {
        status = yk_fail(error, YOKE_EINVAL, "%p is memory of another pool", pointer);
    }
    if (status != YOKE_OK) {
        return status;
    }
    return bytes == 0 ? yk_free(pool, pointer, error)
                      : yk_realloc(pool, pointer, bytes, memory, error);
}

void *yoke_realloc(yoke_pool *pool, void *pointer, size_t bytes)
{
    void *memory = NULL;
    yk_error error;
    yoke_status status;

    if (pointer == NULL) {
        return yoke_alloc(pool, bytes);
    }
    yk_error_clear(&error);
    status = yk_call_check(pool, &error);
    if (status == YOKE_OK) {
        status = memory_change(pool, pointer, bytes, &memory, &error);
    }
    (void)yk_call_end(pool, status, &error);
    return memory;
}

yoke_status yoke_free(void *pointer)
{
    yoke_pool *pool = NULL;
    yk_error error;
    yoke_status status;

    if (pointer == NULL) {
        return YOKE_OK;
    }
    yk_error_clear(&error);
    status = yk_call_pool_of(&pool, pointer, &error);
    if (status == YOKE_OK) {
        status = yk_free(pool, pointer, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_lend(void *pointer)
{
    yoke_pool *pool = NULL;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_pool_of(&pool, pointer, &error);
    if (status == YOKE_OK) {
        status = yk_lend(pool, pointer, &error);
    }
    return yk_call_end(pool, status, &error);
}

yoke_status yoke_reclaim(void *pointer)
{
    yoke_pool *pool = NULL;
    yk_error error;
    yoke_status status;

    yk_error_clear(&error);
    status = yk_call_pool_of(&pool, pointer, &error);
    if (status == YOKE_OK) {
        status = yk_reclaim(pool, pointer, &error);
    }
    return yk_call_end(pool, status, &error);
}
