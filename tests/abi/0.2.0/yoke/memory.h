/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Memory that every process of a pool sees at the same address.
 */
#ifndef YOKE_MEMORY_H
#define YOKE_MEMORY_H

#include <stddef.h>

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Allocates shared memory: zeroed, page-aligned (blocks of 2 MiB and more are aligned to
 * 2 MiB), at the same address in every worker. Blocks of up to 1 KiB share pages and are aligned
 * to 128 bytes, those of up to 64 bytes to 64; no two share a cache line. It belongs to the caller
 * until yoke_free() or the end of the pool. With YOKE_GUARD=1 in the environment of
 * yoke_pool_create() its alignment is only 16 to 128 bytes, and it ends in front of a page that no
 * process can access.
 *
 * @param pool   the pool
 * @param bytes  size, at least 1
 * @return the memory, or NULL: yoke_pool_error() then says how much there was
 */
YOKE_API void *yoke_alloc(yoke_pool *pool, size_t bytes);

/**
 * Changes the size of memory, like realloc(): what fits is kept, what is added is zero, and the
 * memory may move, so that the old pointer is no longer valid. A NULL pointer is allocated. With
 * 0 bytes the memory is freed, and NULL returned. The new memory is like that of yoke_alloc().
 *
 * NULL, and the old memory stays as it was, if there is not enough memory, while a submitted job
 * uses the old memory, and if that is lent, a named segment, not the start of an allocation, or
 * another pool's: yoke_pool_error() says which.
 *
 * @param pool     the pool
 * @param pointer  what yoke_alloc() or yoke_realloc() returned, or the result of a task; NULL: none
 * @param bytes    the new size
 * @return the memory, or NULL
 */
YOKE_API void *yoke_realloc(yoke_pool *pool, void *pointer, size_t bytes);

/**
 * Frees memory, whether it is lent or not. NULL is allowed. YOKE_EBUSY, and nothing happens,
 * while a submitted job uses the allocation. Waits until devices that have results of it are
 * between two chunks, which only memory that was lent has: as long as a chunk takes.
 *
 * YOKE_EINVAL if it is not the start of an allocation; YOKE_ECLOSED if its pool was closed. The
 * text is that of the pool, or of yoke_pool_error(NULL) if it is memory of no pool.
 *
 * @param pointer  what yoke_alloc() returned
 */
YOKE_API yoke_status yoke_free(void *pointer);

/**
 * Lends memory to the pool: until yoke_reclaim() the program neither reads nor writes it,
 * and only jobs do. Devices with memory of their own then keep what they have of it from
 * job to job, and only what they lack is moved: in a time loop the neighbours at the edges
 * of their shares. Results come back with each job, so that nothing is lost when a worker
 * dies; those of jobs with YOKE_RECOVER_NONE stay until others need them. On devices that
 * share the host's memory nothing changes.
 *
 * YOKE_EINVAL if it is lent already.
 *
 * @param pointer  what yoke_alloc() returned
 */
YOKE_API yoke_status yoke_lend(void *pointer);

/**
 * Ends what yoke_lend() began: waits for the jobs that use the memory; then it is the
 * program's again and holds what they have computed. YOKE_EINVAL if it is not lent;
 * YOKE_ELOST if a worker died with results that its device alone had: the text says which
 * bytes, which hold something older, and the memory is the program's all the same. It waits without
 * a limit of its own: those jobs' .timeout bounds it. YOKE_ESTOPPED if the pool's supervisor is
 * stopped: the memory is still lent.
 *
 * @param pointer  what yoke_alloc() returned
 */
YOKE_API yoke_status yoke_reclaim(void *pointer);

#ifdef __cplusplus
}
#endif

#endif
