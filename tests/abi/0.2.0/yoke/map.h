/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Mapping a kernel over a range: every worker takes pieces of it, results are in place.
 *
 * Jobs whose arguments conflict (they overlap and at least one of them writes) run in the
 * order in which they were submitted; all others may overlap.
 */
#ifndef YOKE_MAP_H
#define YOKE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "arg.h"
#include "future.h"
#include "kernel.h"
#include "pool.h"
#include "range.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What to do when a worker dies in the middle of a chunk. */
typedef enum yoke_recovery {
    YOKE_RECOVER_DEFAULT = 0, /**< YOKE_RECOVER_RETRY */
    /** Compute the chunk again; what it changes in place is saved before, and restored. */
    YOKE_RECOVER_RETRY = 1,
    /** Save nothing: if the kernel changes its input, a death fails the job, and the
     *  error names the items whose content is in doubt. What it writes to lent arrays may
     *  stay on a device (see yoke_lend()), and be lost with its worker: jobs and calls
     *  that need it get YOKE_ELOST. */
    YOKE_RECOVER_NONE = 2
} yoke_recovery;

/** Jobs that are recorded once and replayed: see graph.h. */
typedef struct yoke_graph yoke_graph;

/** How to run one job. Zero in a field means that the library chooses. */
typedef struct yoke_map_options {
    const char *devices;    /**< only these workers; as yoke_pool_options.devices */
    /** Seconds until the job is ended with YOKE_EDEADLINE, from the call that submits it on; 0: no
     *  limit */
    double timeout;
    yoke_recovery recovery;
    size_t grain;           /**< minimum number of items to take at once */
    yoke_future *const *after; /**< jobs that must have succeeded before this one starts */
    size_t after_count;
    /** The range need not be a multiple of the work-group size: the launch is padded, and
     *  the kernel tests its ids against the bounds itself. Parts stop at the range. */
    bool round_up;
    /** Arrays may lie outside the pool's memory: they are copied in at submission and
     *  back when the job's end is noticed (in yoke_map(), a wait or a poll). */
    bool stage;
    /** The calling thread computes too while it waits, if the kernel has a native form and
     *  may run on CPUs. A crash of the kernel is then one of the program, and .timeout
     *  does not end what the calling thread runs. Not for a call that returns a future. */
    bool caller_helps;
    /** Maximum number of items to take at once: the results of what was taken count, and what was
     *  cancelled or timed out stops, at these steps. Rounded up to whole groups. */
    size_t chunk;
    /** Submission does not wait: YOKE_EAGAIN if there is no room for one more job, if devices that
     *  .devices may mean are still being found, if a job in flight changes an array outside the
     *  pool's memory that this job uses, or adds into one (yoke_sum_into()), if arrays of another
     *  job are being copied in (.stage) that relies on what this one changes, or if a kernel of the
     *  library's (of a reduction) is not built yet. Otherwise it waits, but never longer than
     *  .timeout: YOKE_EDEADLINE. */
    bool no_wait;
    unsigned char reserved[7]; /**< 0 */
    /** The job is recorded in this graph and not run now: see graph.h. It has no future and no
     *  `.after`; `.no_wait` and `.caller_helps` have no effect. `.timeout` counts from each of its
     *  submissions. Not for yoke_map_reduce(). */
    yoke_graph *graph;
} yoke_map_options;

/** Implementation of yoke_map_with() and yoke_map_async(); `size` is sizeof *options and
 *  `arg_size` sizeof *args as compiled. */
YOKE_API yoke_status yoke_map_with_sized(yoke_pool *pool, yoke_kernel *kernel,
                                         yoke_range range,
                                         const yoke_map_options *options, size_t size,
                                         const yoke_arg *args, size_t count,
                                         size_t arg_size);
YOKE_API yoke_status yoke_map_async_sized(yoke_future **future, yoke_pool *pool,
                                          yoke_kernel *kernel, yoke_range range,
                                          const yoke_map_options *options, size_t size,
                                          const yoke_arg *args, size_t count,
                                          size_t arg_size);

/**
 * Maps a kernel over a range and waits for the end, with options.
 *
 *     yoke_map_with(pool, kernel, yoke_range_1d(n), &(yoke_map_options){.timeout = 5},
 *                   YOKE_ARGS(yoke_in(x, sizeof *x), yoke_out(y, sizeof *y)))
 *
 * @param pool     the pool
 * @param kernel   a kernel of this pool
 * @param range    what to compute; an empty range is done at once, its arguments are not checked
 * @param options  NULL: all defaults
 * @param args     one per kernel parameter, in order: YOKE_ARGS(), or an array that is read
 *                 during the call only; NULL if there are none
 * @param count    number of arguments; YOKE_ARGS() brings it
 * @return how the job ended. What is wrong with kernel, range or arguments is found before
 *         anything runs
 */
static inline yoke_status yoke_map_with(yoke_pool *pool, yoke_kernel *kernel,
                                        yoke_range range,
                                        const yoke_map_options *options,
                                        const yoke_arg *args, size_t count)
{
    return yoke_map_with_sized(pool, kernel, range, options, sizeof(yoke_map_options),
                               args, count, sizeof(yoke_arg));
}

/**
 * As yoke_map_with(), without waiting for the end.
 *
 * @param future  where the future goes; the caller owns it; NULL on failure. NULL: the job has
 *                no future, and yoke_pool_wait() or yoke_pool_close() reports its failure
 * @return whether the job was accepted
 */
static inline yoke_status yoke_map_async(yoke_future **future, yoke_pool *pool,
                                         yoke_kernel *kernel, yoke_range range,
                                         const yoke_map_options *options,
                                         const yoke_arg *args, size_t count)
{
    return yoke_map_async_sized(future, pool, kernel, range, options,
                                sizeof(yoke_map_options), args, count,
                                sizeof(yoke_arg));
}

#ifdef __cplusplus
}

/** Maps a kernel over a range and waits for the end; the arguments follow, one per
 *  parameter. */
template <class... Args>
inline yoke_status yoke_map(yoke_pool *pool, yoke_kernel *kernel, yoke_range range,
                            const Args &...args)
{
    const yoke_arg list[] = {args..., yoke_arg()};
    return yoke_map_with(pool, kernel, range, NULL, list, sizeof...(args));
}
#else

/** Maps a kernel over a range and waits for the end; the arguments follow, one per parameter.
 *  (For a kernel without parameters: yoke_map_with(pool, kernel, range, NULL, NULL, 0).) In C a
 *  range that is written in place as a struct needs parentheses around it, for its commas:
 *  ((yoke_range){...}). The functions of range.h need none. */
#define yoke_map(pool, kernel, range, ...)                                               \
    yoke_map_with(pool, kernel, range, NULL, YOKE_ARGS(__VA_ARGS__))
#endif

#endif
