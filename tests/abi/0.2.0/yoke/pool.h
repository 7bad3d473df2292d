/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The pool: one process per device, all over one shared memory.
 *
 * Calls on a pool may be made from any thread of the process that created it, unless a
 * comment says otherwise.
 *
 * Workers have none of the program's signal handlers. Signals that the program ignored when it
 * created the pool stay ignored in workers, as in a program that it executes; SIGCHLD does not.
 * So the workers of a program that ignores SIGPIPE ignore it, too. SIGINT, SIGQUIT, SIGHUP and
 * SIGTERM are always ignored. Workers share the program's standard output and standard error.
 */
#ifndef YOKE_POOL_H
#define YOKE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct yoke_pool yoke_pool;

/** How the pool's processes come from the program. */
typedef enum yoke_start {
    /** The environment variable YOKE_START ("auto", "fork" or "spawn"), else fork. What a
     *  native function finds in the program's variables never depends on the program's size or
     *  threads. */
    YOKE_START_AUTO = 0,
    /**
     * They are forked: a native function finds the program's variables as they were when the
     * pool was created, including the thread_local variables of the thread that created it.
     *
     * An OpenCL driver does not survive a fork. If the program has loaded one by then, the
     * processes of OpenCL devices execute the program's file instead, without its
     * constructors. They run source as otherwise, and refuse tasks that ask for a device. CPU
     * workers then run no source. If the program has other threads, parallel regions of GNU's
     * OpenMP run on one thread in native functions.
     */
    YOKE_START_FORK = 1,
    /**
     * The program's file is executed again, its constructors (C++: its static objects) run,
     * and then, instead of main(), the library. Independent of what the program's threads and
     * drivers are doing and of how much memory it uses. A native function finds the
     * program's variables as their initializers and constructors leave them: whatever it
     * needs must come in its arguments. Libraries that the program has loaded by dlopen()
     * are loaded when a native function of theirs is first needed.
     *
     * YOKE_EUNSUPPORTED if the program runs with more rights than its user, has changed its
     * effective user or is linked statically, or if the library's file is gone; YOKE_ESYSTEM if
     * the new process does not get ready.
     */
    YOKE_START_SPAWN = 2
} yoke_start;

/**
 * What each process that calls native functions calls first: see yoke_pool_options.
 *
 * @param argument  a copy of the bytes given there, the same for all processes: not to be
 *                  written to, aligned for any type; NULL if there are none
 * @param bytes     how many there are
 * @return 0, or a number that says why the process cannot work. A C++ exception has the effect
 *         of such a number
 */
typedef int yoke_initializer(const void *argument, size_t bytes);

/** The last function that a process calls: see yoke_pool_options.finalizer. The arguments are those
 *  of the initializer. */
typedef void yoke_finalizer(const void *argument, size_t bytes);

/** How to make a pool. Zero in a field means that the library chooses. */
typedef struct yoke_pool_options {
    /**
     * Which devices become workers, a comma-separated list; NULL: the environment
     * variable YOKE_DEVICES, else "cpu,gpu".
     *
     *     cpu            one worker per CPU this process may use (affinity, cgroup quota)
     *     cpu:2          two of them
     *     cpu:2x4        two workers of four CPUs each, for kernels with threads of their own
     *     gpu            every OpenCL GPU and accelerator
     *     opencl         every OpenCL device, CPUs too
     *     opencl:pocl    those with "pocl" in driver, platform or device name
     *     opencl:1       the device numbered 1 by `yoke devices`
     *     fake:4x0.25    four pretended devices at a quarter of a core's speed (tests)
     */
    const char *devices;
    /**
     * Address space reserved for yoke_alloc(), in bytes; 0: the environment variable
     * YOKE_ARENA (with suffix K, M, G or T), else 1 TiB or as much as can be mapped.
     * Only pages that are used take memory.
     */
    size_t arena_bytes;
    /** Return only when every device is up or has failed; otherwise the OpenCL devices
     *  join while the pool is already working. */
    bool wait_ready;
    /** Look for OpenCL devices even if none is asked for, so that yoke_pool_workers()
     *  lists them. */
    bool discover;
    /** Seconds a driver may take to list its devices, or a device to start, before it is
     *  given up; 0: 20; YOKE_FOREVER: no limit. Also for a spawned program's constructors. */
    double start_timeout;
    /** Fork or spawn; 0: the environment variable YOKE_START, else fork. */
    yoke_start start;
    /**
     * Called once in every process that calls native functions, before it takes work: to fill
     * tables, load a library, open a file. Also in the replacements of those that died; not
     * in the application, whose thread may help, nor in OpenCL workers and in processes of
     * yoke_process_start(). It has start_timeout seconds.
     *
     * A worker whose initializer returns anything but 0 is given up, with that number as the
     * reason; YOKE_ENODEVICE if that leaves none. NULL: nothing is called.
     */
    yoke_initializer *initializer;
    const void *initializer_argument; /**< copied */
    size_t initializer_bytes;         /**< how many */
    /** A CPU worker's process ends when it has computed so many items, or some more (a task
     *  is one), and another takes its place: for functions that leak. 0: never. */
    uint64_t items_per_process;
    /**
     * Descriptors that every process of the pool keeps, with the same number, flags and file
     * position: a log, a socket, 0 for standard input. They stay open there until the pool
     * ends, even if the program closes its own. A fork copies stdio's buffers: fflush() such a
     * stream first.
     *
     * The processes have no other descriptors of the program. Numbers that are in use when the
     * pool is created, and up to 128 numbers that the program's next files get, are /dev/null
     * there, so that none of them means another file.
     *
     * YOKE_EINVAL if one is not open. NULL: only standard output and standard error.
     */
    const int *keep_fds; /**< copied */
    size_t keep_fd_count;
    /** Checks whether kernels read and write only what their arguments declare, and write all
     *  that they must. Only CPU workers run them then, at least a hundred times slower. A job that
     *  does not do what it declares ends with YOKE_ECHECK; its text names argument, item and byte.
     *  The environment variable YOKE_CHECK=1 does the same. */
    bool check;
    unsigned char reserved[7]; /**< 0 */
    /**
     * Called once in every process that calls native functions, when it ends by itself: when the
     * pool is closed, and after items_per_process items. Not when it is killed or crashes, and not
     * by yoke_pool_terminate(). For what the initializer has opened, and to write out what has been
     * counted in the process, as __gcov_dump() does. It has start_timeout seconds, for which
     * yoke_pool_close() waits. initializer_argument is its argument, too. NULL: nothing is called.
     */
    yoke_finalizer *finalizer;
    /**
     * A CPU worker's process that has more private memory than this, in bytes, ends after the
     * chunk in which that is noticed, and another takes its place: for functions that leak. 0: no
     * limit.
     *
     * What counts is resident memory of the process's own that has come since it was forked: heaps,
     * stacks and other anonymous memory, what the initializer has allocated included. What it
     * shares does not count: the pool's memory, named segments, files, and what the program had
     * when it was forked. It is measured between two chunks, at most every 2 ms, and before the
     * worker sleeps. So it bounds what a process keeps, not what an item takes at a time: an item
     * is never stopped for it, and its result counts. yoke_pool_stats() has the figures.
     */
    uint64_t memory_per_process;
} yoke_pool_options;

typedef enum yoke_worker_kind {
    YOKE_WORKER_CPU = 1,
    YOKE_WORKER_OPENCL = 2,
    YOKE_WORKER_FAKE = 3
} yoke_worker_kind;

typedef enum yoke_worker_state {
    YOKE_WORKER_STARTING = 1, /**< its process or driver is coming up */
    YOKE_WORKER_READY = 2,    /**< takes work */
    YOKE_WORKER_FAILED = 3,   /**< given up; `reason` says why */
    YOKE_WORKER_UNUSED = 4    /**< found but not a worker; `reason` says why */
} yoke_worker_state;

/** What one worker, or one device that is not a worker, is. */
typedef struct yoke_worker_info {
    yoke_worker_kind kind;
    yoke_worker_state state;
    pid_t pid;             /**< its process now; 0 if there is none */
    unsigned restarts;     /**< processes it had before this one */
    int cpu;               /**< the CPU it is bound to, -1 if none */
    int opencl_index;      /**< its number for "opencl:N", -1 if it has none */
    bool shares_memory;    /**< works in place on the pool's memory, without copies */
    bool has_double;       /**< double precision */
    uint64_t memory_bytes; /**< the device's global memory */
    double speed;          /**< items per second of the kernel it ran last; 0: unknown */
    char name[32];         /**< "cpu0", "opencl1" */
    char device[128];      /**< the device's own name */
    char driver[128];      /**< platform and version, or "native" */
    char reason[256];      /**< why it is, or is not, a worker */
    /** seconds for which it has been compiling, or waiting for another process that compiles the
     *  same program; PoCL compiles in the first launch of a kernel, too, which then counts until
     *  it ends. 0: it is not compiling. */
    double compiling;
} yoke_worker_info;

/** Implementation of yoke_pool_create(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_pool_create_sized(yoke_pool **pool,
                                            const yoke_pool_options *options, size_t size);

/** Implementation of yoke_pool_workers(); `size` is sizeof *workers as compiled. */
YOKE_API yoke_status yoke_pool_workers_sized(yoke_pool *pool, yoke_worker_info *workers,
                                             size_t capacity, size_t *count, size_t size);

/**
 * Creates a pool and starts its processes. The caller owns *pool and gives it back with
 * yoke_pool_close() or yoke_pool_terminate(); on failure *pool is NULL and
 * yoke_pool_error(NULL) says why.
 *
 * @param pool     where the pool goes
 * @param options  NULL: all defaults
 */
static inline yoke_status yoke_pool_create(yoke_pool **pool,
                                           const yoke_pool_options *options)
{
    return yoke_pool_create_sized(pool, options, sizeof(yoke_pool_options));
}

/**
 * How this pool's processes were started: YOKE_START_FORK or YOKE_START_SPAWN;
 * YOKE_START_AUTO if the pool is NULL.
 */
YOKE_API yoke_start yoke_pool_start_method(const yoke_pool *pool);

/**
 * Waits until no job is left, and no process of yoke_process_start() that is not a daemon,
 * and runs the callbacks of those that have ended. A yoke_pool_close() after this does not wait
 * long.
 *
 * A future reports how its job has ended. This call reports the failures of jobs without a future
 * that no other call and no callback has reported. Of several it returns that of the job that
 * was submitted first, but a cause before a failure that follows from it (YOKE_EDEPENDENCY).
 * yoke_pool_error() has its text and says how many more there were. Each failure is reported
 * once: the next such wait, or yoke_pool_close(), reports those that have happened since. Jobs
 * without a future are those that were submitted with NULL in its place, those whose future was
 * given back before the failure was read from it, and those of a stream that was not read to the
 * end. A job that the program cancelled has not failed.
 *
 * @param pool     the pool
 * @param seconds  the longest time to wait
 * @return YOKE_OK; the failure of a job without a future; YOKE_ETIMEDOUT if a job or process
 *         is left (the next wait then reports failures); YOKE_EBROKEN if the pool's supervisor has
 *         died; YOKE_ESTOPPED if it is stopped; YOKE_ECLOSED if another thread has closed or
 *         terminated the pool meanwhile;
 *         YOKE_ESYSTEM if a process of yoke_process_start() whose handle was given back has not
 *         found its function, or if a worker could not write what it printed to standard output
 */
YOKE_API yoke_status yoke_pool_wait(yoke_pool *pool, double seconds);

/**
 * Waits for all submitted jobs, without a time limit (yoke_pool_wait() has one); stops every
 * process of the pool, which takes 15 s at most, or as long as finalizers take; and frees the pool,
 * its kernels and its memory. Futures stay valid. NULL is allowed. No other thread may use
 * the pool any more; those that wait for its futures, or in yoke_pool_wait(), get out.
 *
 * Reports failures that no call has reported, as yoke_pool_wait() does; also YOKE_ELOST if results
 * that had stayed on a device for a named segment were lost, and YOKE_ESYSTEM if the file of
 * YOKE_TRACE could not be written. With these, and with YOKE_EBROKEN and YOKE_ESTOPPED, the pool is
 * closed all the same, and yoke_pool_error(NULL) has the text. It does not repeat what futures
 * report, and does not look at the exit codes of processes. Results of yoke_apply_async() that were not taken, and
 * exit codes that were not read, are freed with the pool: asking for them later is YOKE_ECLOSED.
 */
YOKE_API yoke_status yoke_pool_close(yoke_pool *pool);

/** As yoke_pool_close(), but kills what is running: unfinished jobs end as cancelled. That is not
 *  a failure. Takes 15 s at most, callbacks aside. */
YOKE_API yoke_status yoke_pool_terminate(yoke_pool *pool);

/**
 * What went wrong in the last call that failed on this pool in this thread: kernel,
 * device, index range, build log. "" if nothing did. YOKE_ETIMEDOUT may leave the text of an
 * earlier failure. The text is borrowed, until the next call on a pool in this thread.
 *
 * @param pool  NULL for the last failure of a call after which there is no pool:
 *              yoke_pool_create(), yoke_pool_close() and yoke_pool_terminate(), and calls on what
 *              belonged to a closed pool
 */
YOKE_API const char *yoke_pool_error(const yoke_pool *pool);

/**
 * Describes every worker, then every device that was found but is not used as a worker.
 *
 * @param pool      the pool
 * @param workers   array to fill; may be NULL if capacity is 0
 * @param capacity  elements in it
 * @param count     how many there are, even if more than capacity; may be NULL
 */
static inline yoke_status yoke_pool_workers(yoke_pool *pool, yoke_worker_info *workers,
                                            size_t capacity, size_t *count)
{
    return yoke_pool_workers_sized(pool, workers, capacity, count,
                                   sizeof(yoke_worker_info));
}

/**
 * Collects finished jobs and runs their callbacks in the calling thread, without
 * waiting.
 *
 * @return how many jobs were collected
 */
YOKE_API size_t yoke_pool_poll(yoke_pool *pool);

/**
 * A descriptor for the program's event loop: poll(2), select(2) and epoll(7) report it as
 * readable when a job has ended, until yoke_pool_poll() has collected it; also when the
 * pool's supervisor has died. It may be reported once too often: after the first call here, and
 * if a wait has collected the job. It is the pool's: never read or close it; it goes with the pool.
 *
 * From the first call on each job's end costs a system call, in the worker.
 *
 * @return the descriptor, the same for every call; -1 if there can be none:
 *         yoke_pool_error() says why
 */
YOKE_API int yoke_pool_fd(yoke_pool *pool);

#ifdef __cplusplus
}
#endif

#endif
