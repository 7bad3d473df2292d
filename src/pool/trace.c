/* SPDX-License-Identifier: MIT */
#include "pool/trace.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/settings.h"
#include "base/text.h"
#include "sys/call_guard.h"
#include "sys/process.h"

enum { LEAST_EVENTS = 256 };

static bool is_on(const yoke_pool *pool)
{
    return yk_control_trace(pool->control) != NULL;
}

/* ---- starting and stopping ---- */

/* Smaller ones where address space is limited. */
static yoke_status make_rings_locked(yoke_pool *pool, yk_error *error)
{
    yk_trace *trace = NULL;
    uint32_t events = 2 * YK_TRACE_EVENTS;

    while (trace == NULL && events > LEAST_EVENTS) {
        events /= 2;
        yk_error_clear(error);
        trace = yk_arena_alloc(&pool->tables, yk_trace_bytes(YK_TRACE_RINGS, events),
                               error);
    }
    if (trace == NULL) {
        yk_error_prefix(error, "the trace: ");
        return YOKE_ENOMEM;
    }
    yk_trace_init(trace, YK_TRACE_RINGS, events);
    pool->tracer->trace = trace;
    return YOKE_OK;
}

static yoke_status trace_prepare_locked(yoke_pool *pool, yk_error *error)
{
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
    return tracer->trace != NULL ? YOKE_OK : make_rings_locked(pool, error);
}

static void note_kernel_locked(yk_tracer *tracer, const yk_kernel *kernel)
{
    yk_traced_kernel *traced = &tracer->kernels[kernel->id % YK_TRACE_KERNELS];

    traced->id = kernel->id;
    yk_text_copy(traced->name, sizeof traced->name, kernel->name);
}

/* Those that there are. */
static void note_kernels_locked(yoke_pool *pool)
{
    for (uint32_t slot = 0; slot < YK_MAX_KERNELS; slot++) {
        if (pool->kernels.by_slot[slot] != NULL) {
            note_kernel_locked(pool->tracer, &pool->control->kernels[slot].kernel);
        }
    }
}

void yk_trace_announced_locked(yoke_pool *pool, const yk_kernel *kernel)
{
    if (is_on(pool)) {
        note_kernel_locked(pool->tracer, kernel);
    }
}

static yoke_status trace_start_locked(yoke_pool *pool, yk_error *error)
{
    const yoke_status status = trace_prepare_locked(pool, error);
    yk_tracer *tracer = pool->tracer;

    if (status != YOKE_OK) {
        return status;
    }
    memset(tracer->jobs, 0, YK_TRACE_JOBS * sizeof *tracer->jobs);
    note_kernels_locked(pool);
    tracer->began_ns = yk_clock_ns();
    yk_trace_clear(tracer->trace, tracer->began_ns);
    atomic_store(&pool->control->trace, (uintptr_t)tracer->trace);
    return YOKE_OK;
}

yoke_status yk_trace_start(yoke_pool *pool, yk_error *error)
{
    yoke_status status;

    yk_pool_lock(pool);
    status = trace_start_locked(pool, error);
    yk_pool_unlock(pool);
    return status;
}

void yk_trace_stop(yoke_pool *pool)
{
    atomic_store(&pool->control->trace, 0);
}

/* ---- jobs ---- */

void yk_trace_submitted_locked(yoke_pool *pool, const yk_job *job)
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

void yk_trace_collected_locked(yoke_pool *pool, const yk_job *job, yoke_status status)
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

/* Those that are written when their pools end, or the program. */
static pthread_mutex_t tracers_lock = PTHREAD_MUTEX_INITIALIZER;
static yk_tracer *tracers;

static void take_tracers(void)
{
    (void)pthread_mutex_lock(&tracers_lock);
}

static void give_tracers(void)
{
    (void)pthread_mutex_unlock(&tracers_lock);
}

/* A forked process finds the lock free: it is taken at every exit. */
static void trace_hold_during_forks(void)
{
    (void)pthread_atfork(take_tracers, give_tracers, give_tracers);
}

static void trace_enlist(yk_tracer *tracer)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, trace_hold_during_forks);
    (void)pthread_mutex_lock(&tracers_lock);
    tracer->next = tracers;
    tracers = tracer;
    (void)pthread_mutex_unlock(&tracers_lock);
}

static void trace_delist(const yk_tracer *tracer)
{
    yk_tracer **link = &tracers;

    (void)pthread_mutex_lock(&tracers_lock);
    while (*link != NULL && *link != tracer) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = tracer->next;
    }
    (void)pthread_mutex_unlock(&tracers_lock);
}

/* Programs may end without closing their pools. */
__attribute__((destructor)) static void write_rest(void)
{
    (void)pthread_mutex_lock(&tracers_lock);
    for (const yk_tracer *tracer = tracers; tracer != NULL; tracer = tracer->next) {
        yk_error unused;

        if (tracer->pool->owner == yk_process_self()) {
            (void)yk_trace_write(tracer->pool, tracer->path, &unused);
        }
    }
    (void)pthread_mutex_unlock(&tracers_lock);
}

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

/* The file is there from now on, under a path that holds wherever the program goes; NULL:
 * error. */
static char *trace_create_file(const char *wanted, yk_error *error)
{
    char *path = path_of_next(wanted);
    char *whole = NULL;
    FILE *file;

    if (path == NULL) {
        yk_fail(error, YOKE_ENOMEM, "out of memory");
        return NULL;
    }
    file = fopen(path, "we");
    if (file != NULL) {
        (void)fclose(file);
        whole = realpath(path, NULL);
    }
    if (whole == NULL) {
        yk_fail(error, YOKE_ESYSTEM, "the file %s cannot be written: %s", path,
                strerror(errno));
        yk_setting_prefix(YK_SETTING_TRACE, error);
    }
    free(path);
    return whole;
}

yoke_status yk_trace_configure(yoke_pool *pool, yk_error *error)
{
    YK_NOT_CANCELLED;
    const char *wanted = yk_setting_text(YK_SETTING_TRACE);
    char *path;
    yoke_status status;

    if (wanted == NULL) {
        return YOKE_OK;
    }
    path = trace_create_file(wanted, error);
    if (path == NULL) {
        return error->status;
    }
    status = yk_trace_start(pool, error);
    if (status != YOKE_OK) {
        free(path);
        return status;
    }
    pool->tracer->path = path;
    pool->tracer->pool = pool;
    trace_enlist(pool->tracer);
    return YOKE_OK;
}

yoke_status yk_trace_end(yoke_pool *pool, yk_error *error)
{
    if (pool->tracer == NULL || pool->tracer->path == NULL) {
        return YOKE_OK;
    }
    trace_delist(pool->tracer);
    return yk_trace_write(pool, pool->tracer->path, error);
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
