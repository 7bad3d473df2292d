/* SPDX-License-Identifier: MIT */
/*
 * Which handles are valid: pools that are not closed, and what belongs to them
 * (kernels, processes, segments) and is not destroyed.
 * Only addresses are compared; the memory of a handle that is not valid is never
 * touched.
 */
#ifndef YK_API_LIVE_H
#define YK_API_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "yoke/kernel.h"
#include "yoke/pool.h"

/* False if there is no memory to remember it. */
bool yk_live_add_pool(const yoke_pool *pool);
bool yk_live_add_kernel(const yoke_pool *pool, const yoke_kernel *kernel);

/* For handles of other kinds. */
bool yk_live_add_handle(const yoke_pool *pool, const void *handle);

/* Whether it was valid; not any more. */
bool yk_live_remove_handle(const void *handle);

/* For those that outlive their pool. */
bool yk_live_add_alone(const void *handle);
bool yk_live_is_alone(const void *handle);

/* The pool of such a handle; NULL if it is not valid. */
const yoke_pool *yk_live_pool_of(const void *handle);

/* While it is being closed, the pool and all that belongs to it are not valid. False if it was so already: another thread
 * closes it, or has. */
bool yk_live_close_pool(const yoke_pool *pool, bool closing);

/* From now on the pool and all that belongs to it are not valid. False if it was not valid:
 * somebody else closed it. */
bool yk_live_remove_pool(const yoke_pool *pool);

/* The same for a kernel; false also in a process that did not create it. */
bool yk_live_remove_kernel(const yoke_kernel *kernel);

/* The process that created the pool; 0 if the pool is not valid. */
pid_t yk_live_owner(const yoke_pool *pool);

/* A number that no other pool has or had; 0 if the pool is not valid. */
uint64_t yk_live_serial(const yoke_pool *pool);

/* Whether this is a valid kernel of this pool. */
bool yk_live_has_kernel(const yoke_pool *pool, const yoke_kernel *kernel);

#endif
