/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Processes: a function that runs beside the application in a process of its own.
 *
 * A process is forked by the pool's supervisor, which has one thread, so it starts however
 * many threads the application has, and the application's own wait() and SIGCHLD do not
 * notice it. It sees the program as it was when the pool was created (if that was
 * spawned: as it is before main()), and the pool's
 * memory, at the same addresses, as it is now. What it writes there all processes see; what it
 * writes elsewhere no other process sees. It never outlives the pool, nor the application.
 *
 * It starts without the application's signal handlers. Signals that the application ignored when
 * it created the pool are ignored, as in a program that it executes, and so are SIGINT, SIGQUIT
 * and SIGHUP, since the terminal is the application's. All others have their default effect.
 * It has /dev/null as standard input, the application's standard output and standard error, and
 * of its other descriptors those that yoke_pool_options.keep_fds names. If memory runs out, the
 * system kills it before the application.
 *
 * In it calls that need the application's private memory (yoke_map(), yoke_alloc(),
 * yoke_free() and so on) end with YOKE_EINVAL. It may start processes and create pools of
 * its own. Handles that the application made after it created the pool mean nothing there.
 *
 * Workers, in tasks and other native functions, and such processes may start processes, too: the
 * calls below work there, on the pool that they belong to. What they start is also forked by the
 * supervisor, and so sees the program as it was when the pool was created, and not what the
 * starter has made of it. The handle is the starter's alone: in other processes, also in the
 * application, it means nothing and must not be used. When the starter ends, however it does, its
 * daemons are killed; its other processes go on as if it had given their handles back.
 */
#ifndef YOKE_PROCESS_H
#define YOKE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A process that was started; the handle belongs to the process that has started it until
 *  yoke_process_destroy() or the end of the pool. One thread at a time may use it. */
typedef struct yoke_process yoke_process;

/**
 * What a process runs. Its result, modulo 256, is the exit code, as that of main() is; it
 * may also call exit() or _exit(), fork processes or execute another program. When it
 * returns, standard output and standard error are written out; files it has opened it
 * closes itself. exit() calls what the program had given to atexit() before it created the
 * pool, as in any forked process; returning does not. A C++ exception ends the
 * process: yoke_process_wait() returns YOKE_EKERNEL, and the error has its what().
 *
 * @param argument  the process's own copy of the bytes given to yoke_process_start(),
 *                  aligned for any type; without bytes, the pointer given there
 * @param bytes     how many there are
 */
typedef int yoke_process_function(void *argument, size_t bytes);

/** How a process is started. Zero in a field means that the library chooses. */
typedef struct yoke_process_options {
    /** What errors call it, and `ps` as far as that fits; copied, at most 63 bytes. NULL:
     *  "process-1" and so on. */
    const char *name;
    /** yoke_pool_close() kills it, and so does the end of the worker or process that has started
     *  it; otherwise that call waits for it. */
    bool daemon;
    unsigned char reserved[7]; /**< 0 */
} yoke_process_options;

/** Implementation of yoke_process_start(); `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_process_start_sized(yoke_process **process, yoke_pool *pool,
                                              yoke_process_function *function,
                                              const void *argument, size_t bytes,
                                              const yoke_process_options *options,
                                              size_t size);

/**
 * Starts a process that runs a function. Returns when the process exists; it may not have
 * reached the function yet, or be through with it.
 *
 * YOKE_EINVAL if the function is in no loaded program or library, or if there are no bytes
 * and the pointer is not memory of the pool, or, in a process of the pool, if there are more than
 * 4096 bytes; YOKE_EBUSY if 256 processes run already;
 * YOKE_ENOMEM if there is no room for the argument; YOKE_ESYSTEM if the system can have no
 * more processes; YOKE_EBROKEN; YOKE_ESTOPPED if the pool's supervisor, which forks it, is stopped:
 * then it does not begin later. It waits for that fork. A library that was loaded after the pool
 * was created is
 * loaded again in the process, from the same path: if that fails, yoke_process_wait() says
 * so.
 *
 * @param process   where the handle goes; the caller owns it; NULL on failure
 * @param pool      the pool that it belongs to. In a process of the pool its address must be
 *                  handed over, such as in the context of a task
 * @param function  what it runs; in the program or a library loaded in it
 * @param argument  bytes to copy, in which pointers into the pool's memory stay good; if
 *                  `bytes` is 0, NULL or a pointer into the pool's memory, handed over as
 *                  it is
 * @param bytes     how many to copy
 * @param options   NULL: all defaults
 */
static inline yoke_status yoke_process_start(yoke_process **process, yoke_pool *pool,
                                             yoke_process_function *function,
                                             const void *argument, size_t bytes,
                                             const yoke_process_options *options)
{
    return yoke_process_start_sized(process, pool, function, argument, bytes, options,
                                    sizeof(yoke_process_options));
}

/**
 * Waits until the process has ended. May be called again.
 *
 * @param process  the process
 * @param code     where the exit code goes: 0 to 255, or minus the number of the signal that
 *                 ended the process; left alone unless the status is YOKE_OK. May be NULL
 * @param seconds  the longest time to wait
 * @return YOKE_OK if it has ended, YOKE_ETIMEDOUT if it has not; YOKE_ESYSTEM if it ended
 *         without having found its function; YOKE_EKERNEL if a C++ exception ended it;
 *         YOKE_EBROKEN if the pool's supervisor has died, and the process with it;
 *         YOKE_ESTOPPED if it is stopped, so that no process can be reaped
 */
YOKE_API yoke_status yoke_process_wait(yoke_process *process, int *code,
                                       double seconds);

/** Its process id; it stays the same when the process has ended, and the system may then
 *  give it to another. 0 if the handle is not valid. Does not wait. */
YOKE_API pid_t yoke_process_pid(yoke_process *process);

/** Its name, "" if the handle is not valid; borrowed from the handle. */
YOKE_API const char *yoke_process_name(const yoke_process *process);

/** Whether it has not ended yet. Does not wait. */
YOKE_API bool yoke_process_is_alive(yoke_process *process);

/**
 * How it ended, in words: "exited with code 3", or "killed by signal 11 (Segmentation fault): it
 * wrote to address 0x8, in count_words, words.c:42". Does not wait.
 *
 * @param process  the process
 * @return a text of the handle's, good as long as that; "" if the process has not ended, or the
 *         handle is not valid
 */
YOKE_API const char *yoke_process_explain(yoke_process *process);

/**
 * A descriptor for poll(2), select(2) and event loops: it can be read, though there is
 * nothing to be had from it, from the process's end on. How it ended may be known a moment
 * later: yoke_process_wait() waits for that. Does not wait.
 *
 * @param process  the process
 * @return the same at each call; it is the handle's, which closes it. -1 on failure:
 *         YOKE_EUNSUPPORTED where the system has no such descriptors (Linux before 5.3),
 *         YOKE_ESYSTEM if there are no more; yoke_pool_error() tells
 */
YOKE_API int yoke_process_fd(yoke_process *process);

/**
 * Sends SIGTERM, which ends the process unless it has a handler for it or ignores it. Does
 * not wait, not even until the signal is sent: for its end see yoke_process_wait(). (Only if eight
 * signals are still to be sent to the process, it waits until one has been.) Signals are sent in
 * the order of the calls. No effect on a process that has ended; never reaches another one.
 */
YOKE_API yoke_status yoke_process_terminate(yoke_process *process);

/** As yoke_process_terminate(), with SIGKILL, which no process can ignore. */
YOKE_API yoke_status yoke_process_kill(yoke_process *process);

/**
 * Sends a signal, such as SIGINT, SIGUSR1 or SIGSTOP, and returns when it was sent. A process begins with the signals blocked
 * until it is ready for them, and ignores SIGINT, SIGQUIT and SIGHUP unless it changes that. No
 * effect on a process that has ended; never reaches another one.
 *
 * @param process  the process
 * @param signal   the number of the signal
 * @return YOKE_EINVAL if there is no such signal; YOKE_ESYSTEM if the system does not allow it,
 *         since the process has become another user's; YOKE_EBROKEN
 */
YOKE_API yoke_status yoke_process_signal(yoke_process *process, int signal);

/**
 * The number of the pool's processes that have not ended, also of those whose handles were
 * destroyed. Workers do not count. Does not wait. 0 if the pool is not valid.
 */
YOKE_API size_t yoke_pool_process_count(yoke_pool *pool);

/**
 * The name of the process in which the call is made: as given to yoke_process_start(), or of the
 * worker, such as "cpu0"; "" in the application. A process that such a process forks has the same
 * name.
 */
YOKE_API const char *yoke_process_own_name(void);

/** Destroys a handle; the process goes on. No call then reports how it ends, with one exception: if
 *  it has not found its function, yoke_pool_wait() or yoke_pool_close() reports that, unless
 *  yoke_process_wait() has. NULL is allowed. YOKE_ECLOSED, and nothing happens, after the end of
 *  the pool. */
YOKE_API yoke_status yoke_process_destroy(yoke_process *process);

#ifdef __cplusplus
}
#endif

#endif
