/* SPDX-License-Identifier: MIT */
/*
 * The thread that called yoke_map() computes too (.caller_helps): it has a slot of its own
 * behind the workers' and does what a worker does, in its own job alone. It has no process
 * that could be lost: if it dies, so does the application, and the pool with it.
 */
#include "pool/caller.h"

#include "pool/pool.h"
#include "sys/call_guard.h"
#include "worker/helper.h"

bool yk_caller_begin(yoke_pool *pool, const yoke_kernel *kernel)
{
    yk_guard_settle(); /* a job that it helped with before may have been left */
    if (pool->control->check != 0 || /* no crash of a checked kernel is the program's */
        !yk_kernel_has_native(&pool->control->kernels[kernel->slot].kernel) ||
        pthread_mutex_trylock(&pool->caller.lock) != 0) {
        return false;
    }
    if (pool->caller.helper == NULL) {
        pool->caller.helper = yk_helper_create(pool->control);
    }
    if (pool->caller.helper == NULL ||
        !yk_helper_begin(pool->caller.helper, kernel->slot)) {
        (void)pthread_mutex_unlock(&pool->caller.lock);
        return false;
    }
    return true;
}

void yk_caller_work(yoke_pool *pool, yk_job_ref ref)
{
    yk_helper_work(pool->caller.helper, ref);
}

void yk_undo_caller(void *pool, uint64_t unused)
{
    (void)unused;
    yk_caller_end(pool);
}

void yk_caller_end(yoke_pool *pool)
{
    yk_helper_end(pool->caller.helper);
    (void)pthread_mutex_unlock(&pool->caller.lock);
}

void yk_caller_destroy(yoke_pool *pool)
{
    yk_helper_destroy(pool->caller.helper);
    pool->caller.helper = NULL;
}
