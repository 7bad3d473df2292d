/* SPDX-License-Identifier: MIT */
/*
 * What the fault tests share: pools with a fault point armed, kinds of jobs whose
 * results are exact only if every item was computed once, and a look at the workers.
 */
#ifndef FAULT_SETUP_H
#define FAULT_SETUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "support/yoke_test.h"
#include "yoke/yoke.h"

/* How long anything may take that is not allowed to hang. The limits of the library's calls do not
 * follow the load: that of the whole test does, and comes first where nothing else runs. */
#define FT_SECONDS 600.0

enum { FT_MAX_WORKERS = 64 };

typedef struct ft_workers {
    size_t count;
    yoke_worker_info info[FT_MAX_WORKERS];
} ft_workers;

/* A job: an array, the kernel that changes it and what it is to become. */
typedef struct ft_job ft_job;

typedef enum ft_kind {
    FT_OUT = 0,    /* every item is written */
    FT_INOUT = 1,  /* every item is changed from its own content */
    FT_UPDATE = 2, /* ... and from that of others */
    FT_SOME = 3,   /* of every item a part is written, the rest stays */
    FT_TILE = 4,   /* ... of items with gaps, which one argument reads and another writes */
    FT_KINDS = 5
} ft_kind;

extern const char *const ft_kind_names[FT_KINDS];

/* ---- pools ---- */

/* A pool of these devices, with YOKE_FAULT set to `fault` while it is made (NULL:
 * none). Waits until all of them are up. */
yoke_pool *ft_pool(const char *devices, const char *fault);

void ft_look(yoke_pool *pool, ft_workers *workers);

/* The first worker whose name starts with this. */
yoke_worker_info ft_worker(yoke_pool *pool, const char *name);

/* Processes that the workers have lost. */
unsigned ft_restarts(yoke_pool *pool);

/* Waits until that many have been lost, and every worker is ready again. */
bool ft_recovers(yoke_pool *pool, unsigned restarts);

/* Closes the pool; after that nothing of it may be alive. */
void ft_close(yoke_pool *pool);

/* ---- jobs ---- */

/* An array of `items` for a kernel with a native form, a source or both. */
ft_job *ft_job_create(yoke_pool *pool, ft_kind kind, size_t items, bool source,
                      bool native);

/* Submits it; the caller owns the future. */
yoke_status ft_job_submit(ft_job *job, const yoke_map_options *options,
                          yoke_future **future);

/* How often each item must have been changed by now. */
void ft_job_expect(ft_job *job, unsigned times);

/* The first item that is wrong, -1 if none is. */
long ft_job_wrong(const ft_job *job);

/* Submits it, waits (not for ever), and checks every item. */
void ft_job_run(ft_job *job, const yoke_map_options *options);

void ft_job_destroy(ft_job *job);

/* Waits for a future that must not hang, and gives it back. */
yoke_status ft_finish(yoke_future *future);

/* Seconds since some moment. */
double ft_now(void);

/* Something to compute: the longer, the more rounds. */
uint32_t ft_mix(uint32_t value, unsigned rounds);

#endif
