/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Tasks: a function of the program that is called once per item, in the pool's processes.
 *
 * A task runs in a worker process. It sees the pool's memory and the program as it was when
 * the pool was created; what it writes elsewhere the application does not see. It makes no
 * calls on the pool, but it may use queues, mutexes and the like. What a worker was computing
 * when it died is computed again from the start, by another worker: a task may run twice.
 */
#ifndef YOKE_TASK_H
#define YOKE_TASK_H

#include <stdbool.h>
#include <stddef.h>

#include "arg.h"
#include "future.h"
#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The device that a task asked for, and that is its own as long as it runs. */
typedef struct yoke_task_device {
    yoke_worker_kind kind; /**< YOKE_WORKER_OPENCL */
    int index;             /**< its number for "opencl:N" */
    const char *name;      /**< the device's own name */
    void *context;         /**< cl_context; with its type in <yoke/opencl.h> */
    void *device;          /**< cl_device_id */
    void *queue;           /**< cl_command_queue, in order */
    size_t reserved[4]; /**< 0 */
} yoke_task_device;

/** What one call of a task function is about. Lives as long as the call. */
typedef struct yoke_task {
    size_t index;        /**< the item's number, from 0 */
    const void *input;   /**< its input: its part of the first yoke_in(), or what
                              yoke_apply() was given; NULL if there is none */
    size_t input_bytes;
    void *output;        /**< where its output goes, zeroed: its part of the first yoke_out();
                              NULL if there is none, or until yoke_task_output() has been
                              called */
    size_t output_bytes; /**< how much that is */
    void *const *args;   /**< yoke_apply_each(): per argument the item's own part, the whole
                              array, the address of a scalar's value, or scratch memory */
    size_t arg_count;
    const void *context; /**< a copy of yoke_task_options.context; NULL if there is none */
    size_t context_bytes;
    const yoke_task_device *device; /**< NULL unless yoke_task_options.on_device is set */
    void *library; /**< the library's */
    size_t worker;  /**< where this runs; these three as in yoke_span */
    size_t workers;
    size_t process;
    size_t reserved[1]; /**< 0 */
} yoke_task;

/**
 * The work on one item: a function of the program, or of a library loaded in it.
 *
 * @param task  which item
 * @return 0, or an error code of its own: the job then ends with YOKE_EKERNEL, and its error
 *         has the item, the code and the text of yoke_task_fail(). A C++ exception is such an
 *         error, too, with its what() as the text. A process that the function has forked, and
 *         that returns from it, ends there with exit code 1
 */
typedef int yoke_task_function(yoke_task *task);

/** What becomes of a job when one of its items fails: its call returns an error, it crashes every
 *  worker that computes it, or it takes longer than `.item_timeout`. */
typedef enum yoke_on_failure {
    YOKE_ON_FAILURE_DEFAULT = 0, /**< YOKE_ON_FAILURE_STOP */
    /** The job ends with the item's failure: no further chunk is started. */
    YOKE_ON_FAILURE_STOP = 1,
    /** Keep going: all other items are computed, and each item has a status of its own. If any has
     *  failed, the job ends with YOKE_EPARTIAL. */
    YOKE_ON_FAILURE_KEEP = 2
} yoke_on_failure;

/** How to run tasks. Zero in a field means that the library chooses. */
typedef struct yoke_task_options {
    /** Only these workers; as yoke_pool_options.devices. NULL: any CPU worker, or, with
     *  .on_device, any OpenCL device. */
    const char *devices;
    double timeout;            /**< as yoke_map_options.timeout */
    size_t chunk;              /**< most items to take at once; 0: by measured speed */
    yoke_future *const *after; /**< jobs that must have succeeded before this one starts */
    size_t after_count;
    const void *context;       /**< a value that every call gets a copy of */
    size_t context_bytes;      /**< its size, at most 4096 */
    /** yoke_apply(): address space for the result, in bytes; it takes no more memory than
     *  the result. 0: 1 GiB, or a 128th of the pool's memory if that is less; a 1024th
     *  for tasks beyond the 64 that are usually in flight, a 16384th beyond 256. */
    size_t max_result_bytes;
    /** Called when the job has ended well, or not, in a thread of the program that is
     *  inside a wait, yoke_pool_poll() or another call on the pool; as by
     *  yoke_future_on_done(), before the function given there. */
    yoke_on_done *on_success;
    yoke_on_done *on_error;
    void *on_context;          /**< handed to them */
    /** The task wants an OpenCL device, any free one of .devices ("gpu", "opencl:pocl"). It is
     *  called in the process that owns the device, and finds its handles in task->device. What
     *  it leaves in the queue is finished before its result counts. YOKE_ENODEVICE if the pool
     *  has no such device. */
    bool on_device;
    bool no_wait; /**< as yoke_map_options.no_wait */
    unsigned char reserved[2]; /**< 0 */
    yoke_on_failure on_failure; /**< of yoke_apply_each() */
    /** With YOKE_ON_FAILURE_KEEP: seconds that one item may take. After that its worker is killed
     *  and replaced, the item has YOKE_EDEADLINE, and it is not tried again. 0: no limit. */
    double item_timeout;
    /** With YOKE_ON_FAILURE_KEEP: `count` statuses of the program's, one per item, or NULL. They
     *  are written when the job's end is noticed, before callbacks run; not if the call is
     *  refused. YOKE_OK: done, and its outputs are in place; YOKE_EKERNEL, YOKE_ECRASHED,
     *  YOKE_EDEADLINE: it has failed. What has not been computed when the job ends early, by
     *  .timeout or a cancel, has the job's status. */
    yoke_status *item_status;
} yoke_task_options;

/** Implementation of the calls below; `size` is sizeof *options and `arg_size` sizeof *args as
 *  compiled. */
YOKE_API yoke_status yoke_apply_sized(yoke_pool *pool, yoke_task_function *function,
                                      const void *input, size_t input_bytes,
                                      void **result, size_t *result_bytes,
                                      const yoke_task_options *options, size_t size);
YOKE_API yoke_status yoke_apply_async_sized(yoke_future **future, yoke_pool *pool,
                                            yoke_task_function *function,
                                            const void *input, size_t input_bytes,
                                            const yoke_task_options *options,
                                            size_t size);
YOKE_API yoke_status yoke_apply_each_sized(yoke_pool *pool,
                                           yoke_task_function *function, size_t count,
                                           const yoke_task_options *options,
                                           size_t size, const yoke_arg *args,
                                           size_t arg_count, size_t arg_size);
YOKE_API yoke_status yoke_apply_each_async_sized(yoke_future **future, yoke_pool *pool,
                                                 yoke_task_function *function,
                                                 size_t count,
                                                 const yoke_task_options *options,
                                                 size_t size, const yoke_arg *args,
                                                 size_t arg_count, size_t arg_size);

/**
 * Calls a function once, in a worker, and waits for it. Bytes go in, bytes of any length come
 * out.
 *
 * Input in memory of the pool is used where it lies, other input is copied. The result is
 * memory of the pool, however long; it is the caller's, to be given back with yoke_free().
 *
 * @param pool          the pool
 * @param function      the work; it calls yoke_task_output() to get memory for its result
 * @param input         NULL if input_bytes is 0
 * @param input_bytes   size of the input
 * @param result        where the result goes; NULL on failure, and if the task has given
 *                      none. May itself be NULL: the result is freed
 * @param result_bytes  where its size goes; may be NULL
 * @param options       NULL: all defaults
 */
static inline yoke_status yoke_apply(yoke_pool *pool, yoke_task_function *function,
                                     const void *input, size_t input_bytes, void **result,
                                     size_t *result_bytes,
                                     const yoke_task_options *options)
{
    return yoke_apply_sized(pool, function, input, input_bytes, result, result_bytes,
                            options, sizeof(yoke_task_options));
}

/**
 * As yoke_apply(), without waiting. yoke_future_result() gives the result.
 *
 * @param future  where the future goes; the caller owns it; NULL on failure. NULL: the job has
 *                no future, and yoke_pool_wait() reports its failure
 */
static inline yoke_status yoke_apply_async(yoke_future **future, yoke_pool *pool,
                                           yoke_task_function *function,
                                           const void *input, size_t input_bytes,
                                           const yoke_task_options *options)
{
    return yoke_apply_async_sized(future, pool, function, input, input_bytes, options,
                                  sizeof(yoke_task_options));
}

/**
 * Calls a function for each of `count` items, in the workers, and waits for all. Each call gets
 * the arguments, built as those of a kernel: yoke_in(array, bytes), yoke_out() and yoke_inout()
 * give item i its part i, yoke_in_whole() an array that all share, yoke_scalar() a value.
 * task->args[k] points to what argument k is for the item; the first yoke_in() and the first
 * yoke_out() are also task->input and task->output.
 *
 *     yoke_apply_each(pool, square, n, NULL,
 *                     YOKE_ARGS(yoke_in(x, sizeof *x), yoke_out(y, sizeof *y)))
 *
 * Arrays in memory of the pool are used in place. Others are copied in, and copied out when the
 * job has succeeded. Arrays may not overlap if one of them is written, except as arg.h says (but
 * the first yoke_out() is cleared before each call: yoke_inout() instead). What is changed in
 * place is saved before, and restored if a worker dies.
 *
 * With .on_failure = YOKE_ON_FAILURE_KEEP a failed item does not end the job. Its outputs in memory
 * of the pool hold what it has left there, its outputs elsewhere are as before the call. Each
 * argument that is written has a part for each item.
 *
 * @param pool       the pool
 * @param function   the work on one item
 * @param count      number of items; 0: nothing is called
 * @param options    NULL: all defaults
 * @param args       YOKE_ARGS(), or an array that is read during the call only; NULL if there
 *                   are none
 * @param arg_count  number of arguments, at most 63; YOKE_ARGS() brings it
 * @return how the job ended: YOKE_EKERNEL if a call returned an error, YOKE_ECRASHED if an
 *         item kills every worker that computes it (all others are done then). With
 *         YOKE_ON_FAILURE_KEEP: YOKE_EPARTIAL if any item has failed
 */
static inline yoke_status yoke_apply_each(yoke_pool *pool, yoke_task_function *function,
                                          size_t count,
                                          const yoke_task_options *options,
                                          const yoke_arg *args, size_t arg_count)
{
    return yoke_apply_each_sized(pool, function, count, options,
                                 sizeof(yoke_task_options), args, arg_count,
                                 sizeof(yoke_arg));
}

/**
 * As yoke_apply_each(), without waiting. Arrays outside the pool's memory must be left alone
 * until a wait or yoke_pool_poll() has noticed the job's end.
 *
 * @param future  where the future goes; the caller owns it; NULL on failure. NULL: the job has
 *                no future, and yoke_pool_wait() reports its failure
 */
static inline yoke_status
yoke_apply_each_async(yoke_future **future, yoke_pool *pool, yoke_task_function *function,
                      size_t count, const yoke_task_options *options,
                      const yoke_arg *args, size_t arg_count)
{
    return yoke_apply_each_async_sized(future, pool, function, count, options,
                                       sizeof(yoke_task_options), args, arg_count,
                                       sizeof(yoke_arg));
}

/**
 * Provides memory for the result. A task of yoke_apply() calls it once it knows how long its
 * result is. Calling it
 * again changes the size, and may move what has been written, as realloc() does. In other
 * tasks it gives task->output, if that is large enough.
 *
 * @param task   the task it was given
 * @param bytes  of the result
 * @return where the result goes, not zeroed; NULL if there is no room (.max_result_bytes), or no
 *         memory: what was there before is still good
 */
YOKE_API void *yoke_task_output(yoke_task *task, size_t bytes);

/**
 * Keeps a text for the job's error and returns `code`. A task that cannot do its work ends with
 * `return yoke_task_fail(task, ...)`.
 *
 * @param task    the task it was given
 * @param code    the function's own error code; 0 counts as 1
 * @param format  as for printf
 */
YOKE_API int yoke_task_fail(yoke_task *task, int code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#ifdef __cplusplus
}
#endif

#endif
