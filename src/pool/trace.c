/* SPDX-License-Identifier: MIT */
#include "pool/trace.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/text.h"

static bool is_on(const yoke_pool *pool)
{
    return yk_control_trace(pool->control) != NULL;
}

/* ---- starting and stopping ---- */

/* With the lock. */
static yoke_status prepare(yoke_pool *pool, yk_error *error)
{
    const size_t bytes = yk_trace_bytes(YK_TRACE_RINGS, YK_TRACE_EVENTS);
    yk_tracer *tracer = pool->tracer;

    if (tracer == NULL) {
        tracer = pool->tracer = calloc(1, sizeof *tracer);
    }
    if (tracer != NULL && tracer->jobs == NULL) {
        tracer->jobs = calloc(YK_TRACE_JOBS, sizeof *tracer->jobs);
    }
    if (tracer == NULL || tracer->jobs == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    if (tracer->trace == NULL) {
        tracer->trace = yk_arena_alloc(&pool->tables, bytes, error);
        if (tracer->trace == NULL) {
            yk_error_prefix(error, "the trace: ");
            return YOKE_ENOMEM;
        }
        yk_trace_init(tracer->trace, YK_TRACE_RINGS, YK_TRACE_EVENTS);
    }
    return YOKE_OK;
}

/* With the lock. */
static yoke_status start(yoke_pool *pool, yk_error *error)
{
    const yoke_status status = prepare(pool, error);
    yk_tracer *tracer = pool->tracer;

    if (status != YOKE_OK) {
        return status;
    }
    memset(tracer->jobs, 0, YK_TRACE_JOBS * sizeof *tracer->jobs);
    tracer->began_ns = yk_clock_ns();
    yk_trace_clear(tracer->trace, tracer->began_ns);
    atomic_store(&pool->control->trace, (uintptr_t)tracer->trace);
    return YOKE_OK;
}

yoke_status yk_trace_start(yoke_pool *pool, yk_error *error)
{
    yoke_status status;

    (void)pthread_mutex_lock(&pool->lock);
    status = start(pool, error);
    (void)pthread_mutex_unlock(&pool->lock);
    return status;
}

void yk_trace_stop(yoke_pool *pool)
{
    atomic_store(&pool->control->trace, 0);
}

/* ---- jobs ---- */

void yk_trace_submitted(yoke_pool *pool, const yk_job *job)
{
    yk_traced_job *traced;

    if (!is_on(pool)) {
        return;
    }
    traced = &pool->tracer->jobs[job->sequence % YK_TRACE_JOBS];
    *traced = (yk_traced_job){.sequence = job->sequence,
                              .submitted_ns = yk_clock_ns(),
                              .items = job->launch.size[job->launch.split]};
    yk_text_copy(traced->name, sizeof traced->name,
                 pool->control->kernels[job->kernel_slot].kernel.name);
}

void yk_trace_collected(yoke_pool *pool, const yk_job *job, yoke_status status)
{
    yk_traced_job *traced;

    if (!is_on(pool)) {
        return;
    }
    traced = &pool->tracer->jobs[job->sequence % YK_TRACE_JOBS];
    if (traced->submitted_ns != 0 && traced->sequence == job->sequence) {
        traced->collected_ns = yk_clock_ns();
        traced->status = status;
    }
}

/* ---- for a pool's whole life ---- */

/* A process's first pool gets the path as it is, those after it a number at its end. */
static char *path_of_next(const char *path)
{
    static atomic_uint pools;
    const unsigned number = atomic_fetch_add(&pools, 1) + 1;
    const size_t bytes = strlen(path) + 16;
    char *result = malloc(bytes);

    if (result != NULL && number == 1) {
        (void)snprintf(result, bytes, "%s", path);
    } else if (result != NULL) {
        (void)snprintf(result, bytes, "%s.%u", path, number);
    }
    return result;
}

yoke_status yk_trace_configure(yoke_pool *pool, yk_error *error)
{
    const char *wanted = yk_env_text("YOKE_TRACE");
    char *path;
    FILE *file;
    yoke_status status;

    if (wanted == NULL) {
        return YOKE_OK;
    }
    path = path_of_next(wanted);
    if (path == NULL) {
        return yk_fail(error, YOKE_ENOMEM, "out of memory");
    }
    file = fopen(path, "we");
    if (file == NULL) {
        yk_fail(error, YOKE_ESYSTEM, "YOKE_TRACE: %s cannot be written: %s", path,
                strerror(errno));
        free(path);
        return YOKE_ESYSTEM;
    }
    (void)fclose(file);
    status = yk_trace_start(pool, error);
    if (status == YOKE_OK) {
        pool->tracer->path = path;
    } else {
        free(path);
    }
    return status;
}

void yk_trace_end(yoke_pool *pool)
{
    yk_error unused;

    if (pool->tracer != NULL && pool->tracer->path != NULL) {
        (void)yk_trace_write(pool, pool->tracer->path, &unused);
    }
}

void yk_trace_free(yoke_pool *pool)
{
    if (pool->tracer != NULL) {
        free(pool->tracer->path);
        free(pool->tracer->jobs);
        free(pool->tracer);
        pool->tracer = NULL;
    }
}
