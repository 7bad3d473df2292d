/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Shared memory by name, for programs that are not of the pool: POSIX segments, the same as
 * those of Python's multiprocessing.shared_memory. Jobs use them in place, as they use what
 * yoke_alloc() returns.
 */
#ifndef YOKE_SHM_H
#define YOKE_SHM_H

#include <stddef.h>

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A named segment that is open in a pool. */
typedef struct yoke_shm yoke_shm;

typedef enum yoke_shm_access {
    YOKE_SHM_READ_WRITE = 0,
    YOKE_SHM_READ_ONLY = 1 /**< no process of this pool can write to it */
} yoke_shm_access;

/** How to open a segment. Zero in a field means the default. */
typedef struct yoke_shm_options {
    yoke_shm_access access; /**< for reading and writing, or for reading only */
    unsigned char reserved[4]; /**< 0 */
} yoke_shm_options;

/** Implementation of the calls below; `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_shm_create_sized(yoke_shm **shm, yoke_pool *pool,
                                           const char *name, size_t bytes,
                                           const yoke_shm_options *options,
                                           size_t size);
YOKE_API yoke_status yoke_shm_open_sized(yoke_shm **shm, yoke_pool *pool,
                                         const char *name,
                                         const yoke_shm_options *options, size_t size);
YOKE_API yoke_status yoke_shm_open_file_sized(yoke_shm **shm, yoke_pool *pool,
                                              const char *path,
                                              const yoke_shm_options *options,
                                              size_t size);

/**
 * Creates a segment and opens it: zero, for this user alone (mode 0600). Its memory is taken
 * at once. It keeps its name until yoke_shm_unlink(), whatever process ends or dies, and its
 * memory as long as it has a name or any process has it open.
 *
 * YOKE_EEXIST if there is one of that name; YOKE_ENOMEM if /dev/shm or the machine has not so
 * much left; YOKE_EINVAL for a bad name or 0 bytes. Blocks for as long as it takes to clear
 * the memory. Any thread may call it.
 *
 * @param shm    where the handle goes; the caller closes it, or the end of the pool does; NULL
 *               on failure
 * @param pool   the pool in which it is opened
 * @param name   1 to 250 bytes without a slash, as Python writes it; NULL: the library
 *               invents one, see yoke_shm_name()
 * @param bytes    its size, at least 1
 * @param options  NULL: all defaults. YOKE_EINVAL for YOKE_SHM_READ_ONLY
 */
static inline yoke_status yoke_shm_create(yoke_shm **shm, yoke_pool *pool,
                                          const char *name, size_t bytes,
                                          const yoke_shm_options *options)
{
    return yoke_shm_create_sized(shm, pool, name, bytes, options,
                                 sizeof(yoke_shm_options));
}

/**
 * Opens a segment that this library, Python or shm_open() has created. If the pool
 * has it open already, the handle is one more for the same memory.
 *
 * YOKE_ENOENT if there is none of that name; YOKE_EAGAIN if it has 0 bytes, because it is
 * just being created; YOKE_EBUSY if the pool has it open with the other kind of access;
 * YOKE_ENOMEM if the pool's window for segments (1 TiB, or as much as .arena_bytes) or the table
 * of 1024 open segments is full; processes that still have closed ones count. YOKE_ESYSTEM for
 * any other error of the system, such as that it is another user's. Each open segment takes
 * a descriptor of the process. Any thread may call it.
 *
 * @param shm     where the handle goes; the caller closes it, or the end of the pool does;
 *                NULL on failure
 * @param pool    the pool in which it is opened
 * @param name    its name, without a slash
 * @param options  NULL: all defaults
 */
static inline yoke_status yoke_shm_open(yoke_shm **shm, yoke_pool *pool,
                                        const char *name,
                                        const yoke_shm_options *options)
{
    return yoke_shm_open_sized(shm, pool, name, options, sizeof(yoke_shm_options));
}

/**
 * Opens a file as if it were a segment: jobs read and write what is in it, in place, without
 * having it in memory as a whole. What they write is seen by every process that reads the file; the
 * system, or fsync(), decides when it reaches the disk. The file keeps its length.
 *
 * YOKE_ENOENT if there is none; YOKE_EINVAL if it is empty, no regular file, or its whole
 * path is longer than 250 bytes; else as yoke_shm_open(). A read-only file needs
 * YOKE_SHM_READ_ONLY. If writing fails because the disk is full (a file with holes) or broken,
 * the worker that wrote dies of SIGBUS: YOKE_ECRASHED, or YOKE_ENODEVICE if that happens
 * while what a job changes in place is being saved. The same happens if the file is cut.
 *
 * @param shm     as above; its name is the file's whole path
 * @param pool    the pool in which it is opened
 * @param path    the file
 * @param options  NULL: all defaults
 */
static inline yoke_status yoke_shm_open_file(yoke_shm **shm, yoke_pool *pool,
                                             const char *path,
                                             const yoke_shm_options *options)
{
    return yoke_shm_open_file_sized(shm, pool, path, options, sizeof(yoke_shm_options));
}

/**
 * The memory, page-aligned, at this address in every process of the pool: in workers and in
 * processes of yoke_process_start(), whether they were started before or after it was opened, and
 * however they get the address. They attach it when they start, when they begin a job, and when a
 * call on a queue, a lock or the like ends; otherwise when they first access it, in a handler of
 * SIGSEGV. A system call that accesses it first fails with EFAULT. NULL if the handle is NULL or
 * closed.
 *
 * It is valid until the last handle for it is closed. The address is not used for anything else
 * while a process of the pool may still have the segment there.
 *
 * @param shm  an open segment
 */
YOKE_API void *yoke_shm_pointer(const yoke_shm *shm);

/**
 * Its size in bytes when the pool first opened it: further handles of a file that has grown since
 * show no more; 0 if the handle is NULL or closed. It must not be
 * made shorter: an access behind the end of a file crashes the process.
 *
 * @param shm  an open segment
 */
YOKE_API size_t yoke_shm_bytes(const yoke_shm *shm);

/**
 * The name under which it was created or opened, for others to open; "" if the handle is NULL
 * or closed. Valid until the handle is closed.
 *
 * @param shm  an open segment
 */
YOKE_API const char *yoke_shm_name(const yoke_shm *shm);

/**
 * Closes a handle. With the last one for a segment its memory must not be used any more: an access
 * in this process crashes. The name stays. Workers detach it when they are between two jobs,
 * processes with their next call on a queue, a lock or the like. NULL is allowed.
 *
 * YOKE_EBUSY, and nothing happens, while a submitted job uses it; YOKE_EINVAL if it was
 * closed before. Like yoke_reclaim(), it gets back results that have stayed on devices, and
 * returns YOKE_ELOST if some were lost with a worker; the handle is closed all the same. That takes
 * as long as the chunks that devices with such results are computing.
 *
 * @param shm  an open segment
 */
YOKE_API yoke_status yoke_shm_close(yoke_shm *shm);

/**
 * Removes a segment's name. Processes that have the segment open keep it. Nothing else ever
 * removes the name: no close, no end of a pool or process. YOKE_ENOENT if there is none of that
 * name; the text is that of yoke_pool_error(NULL).
 *
 * @param name  the segment's name, without a slash
 */
YOKE_API yoke_status yoke_shm_unlink(const char *name);

#ifdef __cplusplus
}
#endif

#endif
