/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Reductions: one value out of an array, or out of what a kernel writes.
 *
 * The result has the same bits for any number and kind of workers, however the work was
 * split or stolen, and after a crash: an array is cut into blocks of YOKE_REDUCE_BLOCK
 * elements, each block is reduced in a fixed order, and so are the blocks' results.
 * (Devices that flush denormal numbers to zero, which OpenCL permits for float, differ
 * where such numbers occur.)
 */
#ifndef YOKE_REDUCE_H
#define YOKE_REDUCE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "arg.h"
#include "future.h"
#include "kernel.h"
#include "map.h"
#include "pool.h"
#include "range.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Elements of a block: an item of the job, as `.grain` and `.chunk` count them. */
enum { YOKE_REDUCE_BLOCK = 4096 };

/**
 * What is computed of an array.
 *
 * Sums of integers are taken modulo 2^64, whatever the type: a sum of 32-bit elements
 * cannot wrap below 2^32 of them. Sums of floats are floats, of doubles doubles: no
 * wider type is used. With u the unit roundoff (2^-24 or 2^-53), n elements and
 * m = 30 + ceil(log2(ceil(n / YOKE_REDUCE_BLOCK))), a sum differs from the exact one by at
 * most m u / (1 - m u) times the sum of the absolute values (Higham, "The accuracy of
 * floating point summation", SIAM J. Sci. Comput. 14, 1993, for any order of addition
 * of this depth); for squares and products read m + 1. The sum of nothing, and of
 * negative zeros, is +0.
 *
 * Least and greatest: if any element is a NaN, so is the result. A least or greatest
 * value that is zero is +0. Of several equal elements the one with the lowest index
 * counts, where -0 and +0 are equal; a NaN comes before all others.
 */
typedef enum yoke_reduce_operation {
    YOKE_REDUCE_SUM = 1,
    YOKE_REDUCE_SUM_OF_SQUARES = 2,
    YOKE_REDUCE_MIN = 3,
    YOKE_REDUCE_MAX = 4,
    YOKE_REDUCE_ARGMIN = 5, /**< where the least element is, and what it is */
    YOKE_REDUCE_ARGMAX = 6,
    YOKE_REDUCE_DOT = 7, /**< the sum of x[i] * y[i] */
    /** Float and double only: the rounding error of each addition is computed and added up,
     *  too. The result is off by at most u times its own size and 3 (m u)^2 times the sum of
     *  the absolute values: nearly as if computed with twice the digits and then rounded
     *  (Ogita, Rump, Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26, 2005,
     *  algorithm Sum2, here along a tree). */
    YOKE_REDUCE_SUM_COMPENSATED = 8
} yoke_reduce_operation;

/** A result. Which member of value counts depends on the type of the elements. */
typedef struct yoke_reduced {
    union {
        double f;   /**< YOKE_TYPE_FLOAT (a float's value, exactly) and YOKE_TYPE_DOUBLE; a NaN is
                     *   always the same NaN */
        int64_t i;  /**< YOKE_TYPE_INT32, YOKE_TYPE_INT64 */
        uint64_t u; /**< YOKE_TYPE_UINT32, YOKE_TYPE_UINT64 */
    } value;
    uint64_t index; /**< YOKE_REDUCE_ARGMIN, YOKE_REDUCE_ARGMAX: of the element; otherwise 0 */
} yoke_reduced;

/** What is reduced, and how: yoke_reduction_of() and yoke_reduction_of_two() make it. */
typedef struct yoke_reduction {
    yoke_reduce_operation operation;
    yoke_type type; /**< what the elements are */
    /** The elements, aligned as their type; in memory of the pool, lent or not, unless the
     *  options say `.stage`. Only read. */
    const void *x;
    /** How many. With 0 a sum is 0, x may be NULL, and there is no minimum or maximum:
     *  YOKE_EINVAL. */
    size_t count;
    /** YOKE_REDUCE_DOT: as many elements again, which may be or overlap x. */
    const void *y;
} yoke_reduction;

/** A reduction of `count` elements at x. */
static inline yoke_reduction yoke_reduction_of(yoke_reduce_operation operation,
                                               yoke_type type, const void *x,
                                               size_t count)
{
    const yoke_reduction reduction = {operation, type, x, count, NULL};
    return reduction;
}

/** A reduction of two arrays of `count` elements each: YOKE_REDUCE_DOT. */
static inline yoke_reduction yoke_reduction_of_two(yoke_reduce_operation operation,
                                                   yoke_type type, const void *x,
                                                   const void *y, size_t count)
{
    const yoke_reduction reduction = {operation, type, x, count, y};
    return reduction;
}

/** Implementation of yoke_reduce() and yoke_reduce_async(); `reduction_size` is sizeof
 *  *reduction, `result_size` sizeof *result and `size` sizeof *options as compiled. */
YOKE_API yoke_status yoke_reduce_sized(yoke_pool *pool, const yoke_reduction *reduction,
                                       size_t reduction_size, yoke_reduced *result,
                                       size_t result_size,
                                       const yoke_map_options *options, size_t size);
YOKE_API yoke_status yoke_reduce_async_sized(yoke_future **future, yoke_pool *pool,
                                             const yoke_reduction *reduction,
                                             size_t reduction_size,
                                             yoke_reduced *result, size_t result_size,
                                             const yoke_map_options *options,
                                             size_t size);

/**
 * Reduces an array, or two of equal length, to one value and waits for it.
 *
 *     yoke_reduce(pool, yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, n), &sum,
 *                 NULL)
 *
 * @param pool       the pool
 * @param reduction  what is reduced, and how
 * @param result     where the result goes; only written on success
 * @param options    NULL: all defaults; an item is a block of YOKE_REDUCE_BLOCK elements
 * @return how the job ended. YOKE_ENODEVICE if no worker can do it: doubles on devices
 *         that have none
 */
static inline yoke_status yoke_reduce(yoke_pool *pool, yoke_reduction reduction,
                                      yoke_reduced *result,
                                      const yoke_map_options *options)
{
    return yoke_reduce_sized(pool, &reduction, sizeof(yoke_reduction), result,
                             sizeof(yoke_reduced), options, sizeof(yoke_map_options));
}

/**
 * As yoke_reduce(), without waiting for the result. When an operation is first used on a type,
 * the call waits until a worker has built its kernel, between two chunks of its other work.
 *
 * @param future  where the future goes; the caller owns it; NULL on failure. NULL: the job has
 *                no future, and yoke_pool_wait() reports its failure
 * @param result  written when the job has ended well, by the wait for the future or by
 *                yoke_pool_wait(). Must stay valid until the job has ended, even if the future
 *                is destroyed before
 */
static inline yoke_status yoke_reduce_async(yoke_future **future, yoke_pool *pool,
                                            yoke_reduction reduction,
                                            yoke_reduced *result,
                                            const yoke_map_options *options)
{
    return yoke_reduce_async_sized(future, pool, &reduction, sizeof(yoke_reduction),
                                   result, sizeof(yoke_reduced), options,
                                   sizeof(yoke_map_options));
}

/** How partial results become one. */
typedef struct yoke_reducer {
    size_t bytes; /**< of a partial result, and of the result */
    /** Makes of *into and *from, whose items come after those of *into, one partial result in
     *  *into. Called for neighbours, in an order that depends on their number alone; it need
     *  not commute. In the thread that called yoke_map_reduce(), or as a callback is, see
     *  yoke_map_reduce_async(), each call in the default floating-point environment. It may
     *  make calls on the pool, but not close it. It cannot return an error: it can note one in
     *  the result or in *context, or throw a C++ exception, which ends the reduction with
     *  YOKE_EKERNEL. */
    void (*combine)(void *into, const void *from, void *context);
    void *context; /**< handed to combine */
    const void
        *identity; /**< the result of an empty range; NULL: that is YOKE_EINVAL */
} yoke_reducer;

/** The argument, exactly one, that a kernel for yoke_map_reduce() writes its partial
 *  results to: item i all of its `bytes` bytes at `pointer + i * bytes`, or, as
 *  yoke_arg_per_group(yoke_out_partial(bytes)), work-group g. The memory is the library's. */
static inline yoke_arg yoke_out_partial(size_t item_bytes)
{
    return yoke_arg_array(NULL, item_bytes, YOKE_ACCESS_WRITE, YOKE_PARTS_ITEM);
}

/** Implementation of yoke_map_reduce() and yoke_map_reduce_async(); `reducer_size` is sizeof
 *  *reducer, `size` sizeof *options and `arg_size` sizeof *args as compiled. */
YOKE_API yoke_status yoke_map_reduce_sized(yoke_pool *pool, yoke_kernel *kernel,
                                           yoke_range range,
                                           const yoke_reducer *reducer,
                                           size_t reducer_size, void *result,
                                           const yoke_map_options *options, size_t size,
                                           const yoke_arg *args, size_t count,
                                           size_t arg_size);
YOKE_API yoke_status yoke_map_reduce_async_sized(
    yoke_future **future, yoke_pool *pool, yoke_kernel *kernel, yoke_range range,
    const yoke_reducer *reducer, size_t reducer_size, void *result,
    const yoke_map_options *options, size_t size, const yoke_arg *args, size_t count,
    size_t arg_size);

/**
 * Maps a kernel that writes partial results over a range, waits, and combines them: of m
 * partial results first the 1st and 2nd, 3rd and 4th and so on, then again, until one is left.
 * If the kernel's partial results do not depend on the device, neither do the result's bits.
 *
 * @param pool     the pool
 * @param kernel   a kernel of this pool
 * @param range    what to compute
 * @param reducer  how to combine; only read during the call
 * @param result   where reducer->bytes bytes go; only written on success
 * @param options  NULL: all defaults
 * @param args     one per kernel parameter: YOKE_ARGS(), or an array that is read during the
 *                 call only; exactly one of them is yoke_out_partial()
 * @param count    number of arguments; YOKE_ARGS() brings it
 * @return how the job ended, or YOKE_EKERNEL if `combine` threw an exception
 */
static inline yoke_status yoke_map_reduce(yoke_pool *pool, yoke_kernel *kernel,
                                          yoke_range range, const yoke_reducer *reducer,
                                          void *result, const yoke_map_options *options,
                                          const yoke_arg *args, size_t count)
{
    return yoke_map_reduce_sized(pool, kernel, range, reducer, sizeof(yoke_reducer),
                                 result, options, sizeof(yoke_map_options), args, count,
                                 sizeof(yoke_arg));
}

/**
 * As yoke_map_reduce(), without waiting. Partial results are combined by a thread of the
 * program that is inside a wait for the future, yoke_pool_poll() or another call on the pool,
 * before the callbacks of the future. A job that needs the job's arrays does not wait for it.
 * A wait's time limit does not count what `combine` takes.
 *
 * @param future   where the future goes; the caller owns it; NULL on failure. NULL: the job has
 *                 no future, and yoke_pool_wait() reports its failure
 * @param result   written when the job has ended well, by the wait for the future or by
 *                 yoke_pool_wait(). It, and what reducer->context points to, must stay valid
 *                 until the job has ended, even if the future is destroyed before. `combine`
 *                 itself cannot wait for the future: YOKE_EBUSY
 */
static inline yoke_status
yoke_map_reduce_async(yoke_future **future, yoke_pool *pool, yoke_kernel *kernel,
                      yoke_range range, const yoke_reducer *reducer, void *result,
                      const yoke_map_options *options, const yoke_arg *args,
                      size_t count)
{
    return yoke_map_reduce_async_sized(future, pool, kernel, range, reducer,
                                       sizeof(yoke_reducer), result, options,
                                       sizeof(yoke_map_options), args, count,
                                       sizeof(yoke_arg));
}

#ifdef __cplusplus
}
#endif

#endif
