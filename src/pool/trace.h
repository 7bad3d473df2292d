/* SPDX-License-Identifier: MIT */
/*
 * Tracing: what happened when, and in which process. Workers and supervisor record in rings in
 * the tables' memory (shm/trace_ring.h), the application what it submits in its own. Nothing is put
 * together before it is to be written.
 */
#ifndef YK_POOL_TRACE_H
#define YK_POOL_TRACE_H

#include <stdbool.h>

#include "pool/pool.h"

enum {
    YK_TRACE_EVENTS = 32768, /* that a ring keeps */
    YK_TRACE_JOBS = 65536,   /* that the application keeps */
    YK_TRACE_KERNELS = 1024, /* likewise */
};

/* A job as the application sees it. */
typedef struct yk_traced_job {
    uint64_t sequence;
    uint64_t submitted_ns; /* clock; 0: there is none here */
    uint64_t collected_ns; /* 0: not yet */
    uint64_t items;
    yoke_status status;
    char name[YK_KERNEL_NAME_BYTES]; /* of its kernel */
} yk_traced_job;

/* What a kernel was called; it may be gone by the time that is asked. */
typedef struct yk_traced_kernel {
    uint64_t id; /* 0: there is none here */
    char name[YK_KERNEL_NAME_BYTES];
} yk_traced_kernel;

typedef struct yk_tracer {
    yk_trace *trace;     /* in the tables' memory, until the pool ends */
    yk_traced_job *jobs; /* YK_TRACE_JOBS, a job in the place of its sequence number */
    uint64_t began_ns;
    /* A kernel in the place of its id. */
    yk_traced_kernel kernels[YK_TRACE_KERNELS];
    char *path; /* where to write when the pool ends; NULL: nowhere */
    yoke_pool *pool; /* whose; and the next one that has a path */
    struct yk_tracer *next;
} yk_tracer;

/* Records from now on; what was recorded before is dropped. YOKE_ENOMEM. Takes the lock. */
yoke_status yk_trace_start(yoke_pool *pool, yk_error *error);

/* Records no more. */
void yk_trace_stop(yoke_pool *pool);

/* Writes what was recorded (trace_write.c). YOKE_EINVAL if nothing ever was, YOKE_ENOMEM,
 * YOKE_ESYSTEM. Takes the lock. */
yoke_status yk_trace_write(yoke_pool *pool, const char *path, yk_error *error);

/* A kernel is about to be announced. */
void yk_trace_announced_locked(yoke_pool *pool, const yk_kernel *kernel);

/* A job is about to be published, was collected. */
void yk_trace_submitted_locked(yoke_pool *pool, const yk_job *job);
void yk_trace_collected_locked(yoke_pool *pool, const yk_job *job, yoke_status status);

/* YOKE_TRACE: a file to write when the pool ends. Before there is a process. YOKE_ESYSTEM if
 * it cannot be written. */
yoke_status yk_trace_configure(yoke_pool *pool, yk_error *error);

/* The pool ends: writes the file, if there is to be one. The pool's memory is still there.
 * (Where the program ends without that, it is written then.) As yk_trace_write(). */
yoke_status yk_trace_end(yoke_pool *pool, yk_error *error);
void yk_trace_free(yoke_pool *pool);

#endif
