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

/** What an array's elements are. */
typedef enum yoke_type {
    YOKE_TYPE_FLOAT = 1,  /**< float, cl_float */
    YOKE_TYPE_DOUBLE = 2, /**< double; devices without double precision stand aside */
    YOKE_TYPE_INT32 = 3,
    YOKE_TYPE_INT64 = 4,
    YOKE_TYPE_UINT32 = 5,
    YOKE_TYPE_UINT64 = 6
} yoke_type;

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
    YOKE_REDUCE_DOT = 7, /**< of two arrays, see yoke_dot() */
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

/** Implementation of the calls below; `size` is sizeof *options as compiled. */
YOKE_API yoke_status yoke_reduce_sized(yoke_future **future, yoke_pool *pool,
                                       yoke_reduce_operation operation, yoke_type type,
                                       const void *x, const void *y, size_t n,
                                       yoke_reduced *result,
                                       const yoke_map_options *options, size_t size);

/**
 * Reduces an array, with options, and waits.
 *
 * @param pool       the pool
 * @param operation  what to compute; YOKE_REDUCE_DOT is yoke_dot_with()
 * @param type       what the elements are
 * @param x          the elements, aligned as their type; in memory of the pool, lent or
 *                   not, unless options say `.stage`. Only read
 * @param n          how many. With 0 a sum is 0, x may be NULL, and there is no least or
 *                   greatest element: YOKE_EINVAL
 * @param result     where the result goes; only written on success
 * @param options    as for yoke_map_with(), NULL for all defaults; an item is a block
 * @return how the job ended. YOKE_ENODEVICE if no worker can do it: doubles on devices
 *         that have none
 */
static inline yoke_status yoke_reduce_with(yoke_pool *pool, yoke_reduce_operation operation,
                                           yoke_type type, const void *x, size_t n,
                                           yoke_reduced *result,
                                           const yoke_map_options *options)
{
    return yoke_reduce_sized(NULL, pool, operation, type, x, NULL, n, result, options,
                             sizeof(yoke_map_options));
}

/** Reduces an array on all devices and waits: yoke_reduce_with() without options. */
static inline yoke_status yoke_reduce(yoke_pool *pool, yoke_reduce_operation operation,
                                      yoke_type type, const void *x, size_t n,
                                      yoke_reduced *result)
{
    return yoke_reduce_with(pool, operation, type, x, n, result, NULL);
}

/**
 * As yoke_reduce_with(), without waiting; but when an operation is first used on a type,
 * until a worker has built its kernel, between two chunks of what else it does.
 *
 * @param future  where a future goes that the caller owns; NULL on failure. May itself be
 *                NULL: yoke_pool_wait() reports a failure. *result is there once the job
 *                has ended well (see yoke_pool_wait() where there is no future), and must
 *                stay valid until it has ended, even if the future is destroyed before
 */
static inline yoke_status yoke_reduce_async(yoke_future **future, yoke_pool *pool,
                                            yoke_reduce_operation operation, yoke_type type,
                                            const void *x, size_t n,
                                            yoke_reduced *result,
                                            const yoke_map_options *options)
{
    yoke_future *unwanted = NULL;
    const yoke_status status =
        yoke_reduce_sized(future != NULL ? future : &unwanted, pool, operation, type, x,
                          NULL, n, result, options, sizeof(yoke_map_options));

    yoke_future_destroy(unwanted);
    return status;
}

/** The sum of x[i] * y[i], as yoke_reduce_with(); x and y may overlap or be the same. */
static inline yoke_status yoke_dot_with(yoke_pool *pool, yoke_type type, const void *x,
                                        const void *y, size_t n, yoke_reduced *result,
                                        const yoke_map_options *options)
{
    return yoke_reduce_sized(NULL, pool, YOKE_REDUCE_DOT, type, x, y, n, result, options,
                             sizeof(yoke_map_options));
}

/** The sum of x[i] * y[i], on all devices. */
static inline yoke_status yoke_dot(yoke_pool *pool, yoke_type type, const void *x,
                                   const void *y, size_t n, yoke_reduced *result)
{
    return yoke_dot_with(pool, type, x, y, n, result, NULL);
}

/** As yoke_dot_with(), without waiting; see yoke_reduce_async(). */
static inline yoke_status yoke_dot_async(yoke_future **future, yoke_pool *pool,
                                         yoke_type type, const void *x, const void *y,
                                         size_t n, yoke_reduced *result,
                                         const yoke_map_options *options)
{
    yoke_future *unwanted = NULL;
    const yoke_status status =
        yoke_reduce_sized(future != NULL ? future : &unwanted, pool, YOKE_REDUCE_DOT, type, x, y,
                          n, result, options, sizeof(yoke_map_options));

    yoke_future_destroy(unwanted);
    return status;
}

/** How partial results become one. */
typedef struct yoke_reducer {
    size_t bytes; /**< of a partial result, and of the result */
    /** Makes of *into and *from, whose items come after those of *into, one partial result in
     *  *into. Called for neighbours, in an order that depends on their number alone; it need
     *  not commute. In the thread that called yoke_reduce_map(), or as a callback is, see
     *  yoke_reduce_map_async(), each call in the default floating-point environment. It may
     *  make calls on the pool, but not close it. It cannot return an error: it can note one in
     *  the result or in *context, or throw a C++ exception, which ends the reduction with
     *  YOKE_EKERNEL. */
    void (*combine)(void *into, const void *from, void *context);
    void *context; /**< handed to combine */
    const void
        *identity; /**< the result of an empty range; NULL: that is YOKE_EINVAL */
} yoke_reducer;

/** The argument, exactly one, that a kernel for yoke_reduce_map() writes its partial
 *  results to: item i all of its `bytes` bytes at `pointer + i * bytes`, or, as
 *  yoke_per_group(yoke_partial(bytes)), work-group g. The memory is the library's. */
static inline yoke_arg yoke_partial(size_t bytes)
{
    return yoke_array(NULL, bytes, YOKE_ACCESS_WRITE, YOKE_PARTS_ITEM);
}

/** Implementation of the calls below; `size` is sizeof *options, `reducer_size` sizeof
 *  *reducer as compiled. A NULL `future` means to wait. */
YOKE_API yoke_status yoke_reduce_map_sized(yoke_future **future, yoke_pool *pool,
                                           yoke_kernel *kernel, yoke_range range,
                                           const yoke_reducer *reducer,
                                           size_t reducer_size, void *result,
                                           const yoke_map_options *options, size_t size,
                                           const yoke_arg *args, size_t count);

/**
 * Maps a kernel that writes partial results over a range, waits, and combines them: of m
 * of them first the 1st and 2nd, 3rd and 4th and so on, then again, until one is left.
 * Given a kernel whose partial results do not depend on the device, neither do the
 * result's bits.
 *
 * @param pool     the pool
 * @param kernel   a kernel of this pool
 * @param range    what to compute
 * @param reducer  how to combine; only read during the call
 * @param result   where reducer->bytes bytes go; only written on success
 * @param options  as for yoke_map_with(), NULL for all defaults
 * @param args     one per kernel parameter; exactly one of them is a yoke_partial()
 * @param count    how many
 */
static inline yoke_status yoke_reduce_map_args(
    yoke_pool *pool, yoke_kernel *kernel, yoke_range range, const yoke_reducer *reducer,
    void *result, const yoke_map_options *options, const yoke_arg *args, size_t count)
{
    return yoke_reduce_map_sized(NULL, pool, kernel, range, reducer,
                                 sizeof(yoke_reducer), result, options,
                                 sizeof(yoke_map_options), args, count);
}

/**
 * As yoke_reduce_map_args(), without waiting. Partial results are combined by a thread of the
 * program that is inside a wait for the future, yoke_pool_poll() or another call on the pool,
 * before the callbacks of the future; a job that needs the job's arrays does not wait for it.
 * A wait's time limit does not count what `combine` takes.
 *
 * @param future   where a future goes that the caller owns; NULL on failure. May itself be
 *                 NULL: yoke_pool_wait() reports a failure. *result is there once the job
 *                 has ended well (see yoke_pool_wait() where there is no future). It and
 *                 what reducer->context points to must stay valid until it has ended, even
 *                 if the future is destroyed before.
 *                 `combine` itself cannot wait for it: YOKE_EBUSY
 * @param pool     the pool
 * @param kernel   a kernel of this pool
 * @param range    what to compute
 * @param reducer  how to combine; only read during the call
 * @param result   where reducer->bytes bytes go; only written on success
 * @param options  NULL for all defaults
 * @param args     one per kernel parameter; exactly one of them is a yoke_partial()
 * @param count    how many
 */
static inline yoke_status
yoke_reduce_map_args_async(yoke_future **future, yoke_pool *pool, yoke_kernel *kernel,
                           yoke_range range, const yoke_reducer *reducer, void *result,
                           const yoke_map_options *options, const yoke_arg *args,
                           size_t count)
{
    yoke_future *unwanted = NULL;
    const yoke_status status =
        yoke_reduce_map_sized(future != NULL ? future : &unwanted, pool, kernel, range,
                              reducer, sizeof(yoke_reducer), result, options,
                              sizeof(yoke_map_options), args, count);

    yoke_future_destroy(unwanted);
    return status;
}

#ifdef __cplusplus
}

/** yoke_reduce_map_args() without options; the arguments follow, one per parameter. */
template <class... Args>
inline yoke_status yoke_reduce_map(yoke_pool *pool, yoke_kernel *kernel,
                                   yoke_range range, const yoke_reducer *reducer,
                                   void *result, const Args &...args)
{
    const yoke_arg list[] = {args..., yoke_arg()};
    return yoke_reduce_map_args(pool, kernel, range, reducer, result, NULL, list,
                                sizeof...(args));
}

/** As yoke_reduce_map(), with options. */
template <class... Args>
inline yoke_status yoke_reduce_map_with(yoke_pool *pool, yoke_kernel *kernel,
                                        yoke_range range, const yoke_reducer *reducer,
                                        void *result, const yoke_map_options *options,
                                        const Args &...args)
{
    const yoke_arg list[] = {args..., yoke_arg()};
    return yoke_reduce_map_args(pool, kernel, range, reducer, result, options, list,
                                sizeof...(args));
}

/** As yoke_reduce_map_with(), without waiting: see yoke_reduce_map_args_async(). */
template <class... Args>
inline yoke_status
yoke_reduce_map_async(yoke_future **future, yoke_pool *pool, yoke_kernel *kernel,
                      yoke_range range, const yoke_reducer *reducer, void *result,
                      const yoke_map_options *options, const Args &...args)
{
    const yoke_arg list[] = {args..., yoke_arg()};
    return yoke_reduce_map_args_async(future, pool, kernel, range, reducer, result,
                                      options, list, sizeof...(args));
}
#else

/** yoke_reduce_map_args() without options; the arguments follow, one per parameter. */
#define yoke_reduce_map(pool, kernel, range, reducer, result, ...)                     \
    yoke_reduce_map_args(pool, kernel, range, reducer, result, NULL,                   \
                         YOKE_ARGS(__VA_ARGS__))

/** As yoke_reduce_map(), with options. */
#define yoke_reduce_map_with(pool, kernel, range, reducer, result, options, ...)       \
    yoke_reduce_map_args(pool, kernel, range, reducer, result, options,                \
                         YOKE_ARGS(__VA_ARGS__))

/** As yoke_reduce_map_with(), without waiting: see yoke_reduce_map_args_async(). */
#define yoke_reduce_map_async(future, pool, kernel, range, reducer, result, options,   \
                              ...)                                                     \
    yoke_reduce_map_args_async(future, pool, kernel, range, reducer, result, options,  \
                               YOKE_ARGS(__VA_ARGS__))
#endif

#endif
