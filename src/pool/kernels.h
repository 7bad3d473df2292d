/* SPDX-License-Identifier: MIT */
/*
 * The application's kernels: those of the program, those of the library, and the functions that
 * are called as tasks, which the pool keeps as kernels.
 */
#ifndef YK_POOL_KERNELS_H
#define YK_POOL_KERNELS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/limit.h"
#include "protocol/control.h"
#include "sys/handle.h"
#include "yoke/kernel.h"

enum { YK_MAX_VARIANTS = 8 };

/* Under the pool's lock, except for what never changes. The handle is valid while a kernel of
 * the program's is not destroyed; never one of the library's own. */
struct yoke_kernel {
    yk_handle handle;
    yoke_pool *pool;
    uint32_t slot;
    uint64_t id;
    unsigned users; /* jobs, and the user; 0: waits to be freed */
    /* Ranges it has been built for, if its source asks for their sizes. */
    uint64_t variants[YK_MAX_VARIANTS][6];
    size_t variant_count;
    uint64_t build_timeout_ns; /* 0: none */
    bool needs_double;         /* devices without stand aside */
    bool tolerant; /* of drivers that cannot build it, if another worker can run it */
    /* By slot, the caller last: the part of all speed that each had when work ranges were last
     * given by speeds. */
    double parts[YK_MAX_SLOTS];
    uint32_t participant_count;
    uint64_t last_use; /* of a task function: the table's task_uses then */
};

enum { YK_OWN_KERNELS = 96 /* of the library: a number for each */ };

/* Under the pool's lock, except for `own`. */
typedef struct yk_kernel_table {
    yoke_kernel *by_slot[YK_MAX_KERNELS];
    yoke_kernel *task_kernels[YK_MAX_KERNELS]; /* those made of task functions, by slot */
    uint64_t task_uses;
    yoke_kernel *own[YK_OWN_KERNELS]; /* NULL: not used yet */
    /* Turns, which are held without the lock; those above are taken before those below. */
    bool making_own;  /* a thread makes one of `own` */
    bool making_task; /* a thread makes a kernel of a function */
    bool building;    /* a thread waits until a kernel is built */
} yk_kernel_table;

/* Frees all kernels. */
void yk_kernel_table_fini(yk_kernel_table *table);

yoke_status yk_kernel_create(yoke_kernel **kernel, yoke_pool *pool,
                             const yoke_kernel_options *options, yk_error *error);

/* The library's own kernel with this number in the table, which is created at its first use. A
 * driver that cannot build it does not run it, which is no failure as long as any worker can.
 * Waits for builds. */
yoke_status yk_kernel_get_own(yoke_kernel **kernel, yoke_pool *pool, size_t number,
                              const yoke_kernel_options *options, bool needs_double,
                              const yk_limit *limit, yk_error *error);

/* The kernel of a task function, which is made if there is none. With one user more, so that it
 * stays until a job has it. Takes the lock. Waits, no longer than the limit, unless any worker of
 * a CPU can call it. */
yoke_status yk_kernel_of_function(yoke_kernel **kernel, yoke_pool *pool,
                                  const yk_kernel *described, const yk_limit *limit,
                                  yk_error *error);

/* One user fewer; after the last one it is freed, at once or by a later sweep: while a
 * worker is still building it its texts are needed. */
void yk_kernel_release_locked(yoke_kernel *kernel);

/* The same; takes the lock. */
void yk_kernel_release(yoke_kernel *kernel);

/* Frees kernels without users that no worker builds any more. */
void yk_kernels_sweep_locked(yoke_pool *pool);

#endif
