/* SPDX-License-Identifier: MIT */
/*
 * The thread that called yoke_map() computes too (.caller_helps): it has a slot of its own
 * behind the workers' and does what a worker does, in its own job alone. It has no process
 * that could be lost: if it dies, so does the application, and the pool with it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pool/pool.h"
#include "pool/worker.h"
#include "sys/fp_environment.h"
#include "sys/call_guard.h"

static yk_worker_self *create(yoke_pool *pool)
{
    yk_worker_self *self = calloc(1, sizeof *self);

    if (self == NULL) {
        return NULL;
    }
    self->control = pool->control;
    self->slot = YK_CALLER;
    self->worker = &pool->control->workers[YK_CALLER];
    for (unsigned lane = 0; lane < YK_MAX_LANES; lane++) {
        self->undo[lane].file = -1;
    }
    if (yk_native_ops.open(&self->device, &self->worker->config, &self->error) !=
        YOKE_OK) {
        free(self);
        return NULL;
    }
    self->worker->kind = YOKE_WORKER_CPU;
    yk_text_copy(self->worker->name, sizeof self->worker->name, "caller");
    yk_native_ops.describe(self->device, &self->worker->info);
    return self;
}

bool yk_caller_begin(yoke_pool *pool, const yoke_kernel *kernel)
{
    yk_guard_settle(); /* a job that it helped with before may have been left */
    if (pool->control->check != 0 || /* no crash of a checked kernel is the program's */
        !yk_kernel_has_native(&pool->control->kernels[kernel->slot].kernel) ||
        pthread_mutex_trylock(&pool->caller_lock) != 0) {
        return false;
    }
    if (pool->caller == NULL) {
        pool->caller = create(pool);
    }
    if (pool->caller == NULL || !yk_worker_can_run(pool->caller, kernel->slot)) {
        (void)pthread_mutex_unlock(&pool->caller_lock);
        return false;
    }
    atomic_store(&pool->caller->worker->state, YK_WORKER_READY);
    return true;
}

void yk_caller_work(yoke_pool *pool, yk_job_ref ref)
{
    const yk_fp_environment before = yk_fp_use_default();

    while (yk_job_is_running(pool->control, ref) &&
           yk_job_is_due(pool->control, yk_job_at(pool->control, ref)) &&
           yk_worker_work_on(pool->caller, ref) == YK_WORK_DONE) {
    }
    yk_fp_restore(before);
}

void yk_undo_caller(void *pool, uint64_t unused)
{
    (void)unused;
    yk_caller_end(pool);
}

void yk_caller_end(yoke_pool *pool)
{
    atomic_store(&pool->caller->worker->state, YK_WORKER_EMPTY);
    (void)pthread_mutex_unlock(&pool->caller_lock);
}

void yk_caller_destroy(yoke_pool *pool)
{
    if (pool->caller != NULL) {
        yk_native_ops.close(pool->caller->device);
        free(pool->caller);
        pool->caller = NULL;
    }
}
