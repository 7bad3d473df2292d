/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Kernel arguments, one yoke_arg per kernel parameter, in order; yoke_uses() may follow. An array
 * argument declares which bytes an item reads and writes. That is what lets a range be split over
 * devices that do not share memory, moved, and retried after a crash.
 *
 * Arrays must lie in memory of the pool (yoke_alloc) unless the map says `.stage`.
 * An array consists of parts. Item i, counted by its global id in the split dimension, owns
 * part i: the `item_bytes` bytes at `pointer + i * item_bytes`. yoke_arg_at() shifts the numbers,
 * yoke_arg_pitch() puts gaps between parts, and yoke_arg_strided() makes a part of several
 * blocks. yoke_arg_scaled(), yoke_arg_mirrored(), yoke_arg_ragged(), yoke_arg_between() and
 * yoke_arg_by() give item i other parts.
 * The order in which these are applied does not matter.
 *
 * Arguments of one call may overlap only if neither is written, or if they are the same array: the
 * same pointer with the same parts per item, one of them read and one written, without a halo, in a
 * range with one work-item per part. This is then an array that is changed in place.
 */
#ifndef YOKE_ARG_H
#define YOKE_ARG_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
#include <initializer_list>

extern "C" {
#endif

typedef enum yoke_arg_kind {
    YOKE_ARG_NONE = 0,
    YOKE_ARG_ARRAY = 1, /**< `__global` or `__constant` pointer */
    YOKE_ARG_SCALAR = 2, /**< any value or struct passed by value */
    YOKE_ARG_LOCAL = 3, /**< `__local` pointer: scratch memory of a work-group */
    YOKE_ARG_NULL = 4,  /**< an array that is absent: see yoke_null() */
    YOKE_ARG_USES = 5,  /**< no parameter: see yoke_uses() */
    YOKE_ARG_SCALAR_FROM = 6, /**< a value in memory: see yoke_scalar_from() */
    YOKE_ARG_SUM = 7,   /**< an array that items add into: see yoke_sum_into() */
    YOKE_ARG_MIN = 8,   /**< yoke_min_into() */
    YOKE_ARG_MAX = 9,   /**< yoke_max_into() */
    YOKE_ARG_FIRST = 10, /**< what the first item that finds something stores: see
                              yoke_first_into() */
    YOKE_ARG_ANY = 11,   /**< yoke_any_into() */
    YOKE_ARG_SAMPLER = 12 /**< see yoke_sampler() */
} yoke_arg_kind;

/** What an array's elements are, for reductions and sums. */
typedef enum yoke_type {
    YOKE_TYPE_FLOAT = 1,  /**< float, cl_float */
    YOKE_TYPE_DOUBLE = 2, /**< double; devices without double precision stand aside */
    YOKE_TYPE_INT32 = 3,
    YOKE_TYPE_INT64 = 4,
    YOKE_TYPE_UINT32 = 5,
    YOKE_TYPE_UINT64 = 6
} yoke_type;

/** How the kernel uses an array; READ and WRITE may be combined. */
typedef enum yoke_access {
    YOKE_ACCESS_READ = 1,
    YOKE_ACCESS_WRITE = 2,
    YOKE_ACCESS_READ_WRITE = 3
} yoke_access;

/** What the parts of an array belong to. */
typedef enum yoke_parts {
    YOKE_PARTS_ITEM = 0,  /**< part i belongs to item i */
    YOKE_PARTS_GROUP = 1, /**< part g belongs to work-group g of the split dimension */
    YOKE_PARTS_WHOLE = 2  /**< not divided: every item may touch all of it */
} yoke_parts;

/** What a halo consists of beyond the range's first and last item. */
typedef enum yoke_edge {
    YOKE_EDGE_CLIPPED = 0,  /**< nothing: there are no more parts */
    YOKE_EDGE_PERIODIC = 1, /**< the parts at the other end */
    YOKE_EDGE_PRESENT = 2   /**< more parts: the memory holds them */
} yoke_edge;

enum { YOKE_ARG_INLINE_BYTES = 32 };

/**
 * Says which parts an item has: see yoke_arg_by().
 *
 * @param item     the item's number, or that of the work-group with yoke_arg_per_group()
 * @param begin    where the number of its first part goes; 0 before the call
 * @param end      where the number of the part behind its last goes; 0 before the call
 * @param context  the program's
 */
typedef void yoke_parts_function(size_t item, size_t *begin, size_t *end, void *context);

/**
 * One kernel argument. Build it with the functions below rather than by hand: fields may be
 * added.
 */
typedef struct yoke_arg {
    yoke_arg_kind kind;
    yoke_access access;
    yoke_parts parts;
    yoke_edge edge;      /**< of the halo */
    bool reads_all;      /**< reads may touch every part, writes only the item's own */
    bool leaves_some;    /**< an item may leave bytes of its part as they are */
    bool mirrored;       /**< item i owns part n - 1 - i; see yoke_arg_mirrored() */
    bool from_begin;     /**< items are counted from the range's begin */
    unsigned offset_bytes; /**< size of one of the offsets, 4 or 8 */
    const void *pointer; /**< what the kernel gets; for a scalar its value, or NULL if inline */
    size_t bytes;        /**< of one block of a part; of the whole array, value or scratch */
    size_t halo_before;  /**< parts in front of the item's own that may be read too */
    size_t halo_after;   /**< the same, behind it */
    size_t at;           /**< item i owns part i + at; see yoke_arg_at() */
    size_t count;        /**< parts in the array; 0: up to the last item's */
    size_t pitch;        /**< bytes from a part to the next; 0 means `bytes` */
    size_t blocks;       /**< blocks a part consists of; 0 means 1; see yoke_arg_strided(). Of
                              an array that items add into: see yoke_arg_copies() */
    size_t stride;       /**< bytes from one block of a part to its next */
    /** A scalar of at most this size; of an image its sizes and pitches. */
    unsigned char value[YOKE_ARG_INLINE_BYTES];
    size_t scale_up;     /**< see yoke_arg_scaled(); 0: not scaled */
    size_t scale_down;   /**< the same */
    const void *offsets; /**< see yoke_arg_ragged(); NULL: not ragged */
    yoke_type type;      /**< of the elements; see yoke_sum_into() */
    unsigned char image_channels; /**< see yoke_arg_image(); 0: the argument is no image */
    unsigned char image_type;     /**< the same */
    unsigned char reserved[2];    /**< 0 */
    const void *ends;    /**< see yoke_arg_between(); NULL: `offsets` are all */
    yoke_parts_function *parts_function; /**< see yoke_arg_by(); NULL: no function */
    void *parts_context; /**< what the function gets */
} yoke_arg;

/**
 * An array argument in general; the functions below are its usual forms.
 *
 * @param pointer  the array, in memory of the pool unless the options say `.stage`
 * @param bytes    item_bytes of the forms below for YOKE_PARTS_ITEM and YOKE_PARTS_GROUP,
 *                 total_bytes for YOKE_PARTS_WHOLE
 * @param access   what the kernel does with it
 * @param parts    what the parts belong to
 */
static inline yoke_arg yoke_arg_array(const void *pointer, size_t bytes,
                                      yoke_access access, yoke_parts parts)
{
    yoke_arg arg;
    memset(&arg, 0, sizeof arg);
    arg.kind = YOKE_ARG_ARRAY;
    arg.access = access;
    arg.parts = parts;
    arg.pointer = pointer;
    arg.bytes = bytes;
    return arg;
}

/** Item i only reads its own part of `item_bytes` bytes. */
static inline yoke_arg yoke_in(const void *pointer, size_t item_bytes)
{
    return yoke_arg_array(pointer, item_bytes, YOKE_ACCESS_READ, YOKE_PARTS_ITEM);
}

/**
 * Item i reads the parts i - before to i + after, of `item_bytes` bytes each. What is read
 * beyond the range's first and last item depends on the edge:
 *
 * - YOKE_EDGE_CLIPPED: nothing; the kernel does not look there. The range must start at the
 *   array's first part, unless yoke_arg_of() says how many parts there are.
 * - YOKE_EDGE_PERIODIC: the parts at the other end; the range as for YOKE_EDGE_CLIPPED.
 * - YOKE_EDGE_PRESENT: all of them are in memory: the array has a border or ghost planes. Parts
 *   before the first item's may lie in front of `pointer`, in the same allocation.
 *
 * n planes between two ghost planes, range.begin[2] = 1:
 * yoke_in_halo(planes, plane_bytes, 1, 1, YOKE_EDGE_PRESENT). Row y of the result from the rows y
 * to y + 2 * r of a picture with a border:
 * yoke_in_halo(rows, row_bytes, 0, 2 * r, YOKE_EDGE_PRESENT).
 */
static inline yoke_arg yoke_in_halo(const void *pointer, size_t item_bytes, size_t before,
                                    size_t after, yoke_edge edge)
{
    yoke_arg arg = yoke_in(pointer, item_bytes);
    arg.edge = edge;
    arg.halo_before = before;
    arg.halo_after = after;
    return arg;
}

/** Every item may read all `total_bytes` bytes of the array. */
static inline yoke_arg yoke_in_whole(const void *pointer, size_t total_bytes)
{
    return yoke_arg_array(pointer, total_bytes, YOKE_ACCESS_READ, YOKE_PARTS_WHOLE);
}

/** Item i writes its own part of `item_bytes` bytes, every byte of it, and reads none. */
static inline yoke_arg yoke_out(void *pointer, size_t item_bytes)
{
    return yoke_arg_array(pointer, item_bytes, YOKE_ACCESS_WRITE, YOKE_PARTS_ITEM);
}

/**
 * Item i writes some of its own `item_bytes` bytes and reads none. The bytes that it does not
 * write keep their content. For kernels that test their ids or write the interior only.
 */
static inline yoke_arg yoke_out_some(void *pointer, size_t item_bytes)
{
    yoke_arg arg = yoke_out(pointer, item_bytes);
    arg.leaves_some = true;
    return arg;
}

/**
 * Any item may write anywhere in the `total_bytes` bytes of the array, and reads none. A job
 * with such an argument is not split: it runs on one device. Bytes that no item writes keep
 * their content.
 */
static inline yoke_arg yoke_out_whole(void *pointer, size_t total_bytes)
{
    return yoke_arg_array(pointer, total_bytes, YOKE_ACCESS_WRITE, YOKE_PARTS_WHOLE);
}

/** Item i reads and writes its own `item_bytes` bytes, and may leave some as they are. */
static inline yoke_arg yoke_inout(void *pointer, size_t item_bytes)
{
    return yoke_arg_array(pointer, item_bytes, YOKE_ACCESS_READ_WRITE, YOKE_PARTS_ITEM);
}

/**
 * Item i may read the parts of all items, and writes only its own `item_bytes` bytes. What it
 * sees of parts that other items write is either the old or the new content.
 */
static inline yoke_arg yoke_inout_read_all(void *pointer, size_t item_bytes)
{
    yoke_arg arg = yoke_inout(pointer, item_bytes);
    arg.reads_all = true;
    return arg;
}

/** Any item may read and write anywhere in the `total_bytes` bytes of the array. The job runs on
 *  one device. */
static inline yoke_arg yoke_inout_whole(void *pointer, size_t total_bytes)
{
    return yoke_arg_array(pointer, total_bytes, YOKE_ACCESS_READ_WRITE, YOKE_PARTS_WHOLE);
}

/**
 * The same argument with its parts belonging to work-groups: work-group g of the split
 * dimension owns part g (partial results). The kernel must have a work-group size.
 */
static inline yoke_arg yoke_arg_per_group(yoke_arg arg)
{
    arg.parts = YOKE_PARTS_GROUP;
    return arg;
}

/**
 * The same argument with item i owning part i + n, the kernel's pointer unchanged: for
 * kernels that add n to the global id themselves. (For a kernel that does not, pass a
 * pointer to part n.)
 */
static inline yoke_arg yoke_arg_at(yoke_arg arg, size_t n)
{
    arg.at = n;
    return arg;
}

/**
 * The same argument of an array that has n parts, of which the range's items own some. A halo
 * is clipped, or wraps around, at the ends of the array and not at those of the range, and an
 * update reads all n parts. For a band of a picture that is treated as a part of the whole.
 */
static inline yoke_arg yoke_arg_of(yoke_arg arg, size_t n)
{
    arg.count = n;
    return arg;
}

/**
 * The same argument with a gap behind each part: item i owns the `item_bytes` bytes at
 * `pointer + i * pitch`. The memory may end with the bytes of the last part. The gaps are never
 * read or written. For a tile of a picture, or padded rows.
 */
static inline yoke_arg yoke_arg_pitch(yoke_arg arg, size_t pitch)
{
    arg.pitch = pitch;
    return arg;
}

/**
 * The same argument with parts of several blocks: item i owns `item_bytes` bytes at
 * `pointer + i * item_bytes + b * stride` for each b below `blocks`. A column of a matrix of
 * floats, row pitch p, h rows: yoke_arg_strided(yoke_in(m, 4), h, p). With a pitch, a box
 * of a volume: yoke_arg_pitch(yoke_arg_strided(yoke_in(v, row), h, p), plane). Of an array
 * that is not divided: the rows of a tile, yoke_arg_strided(yoke_in_whole(t, row), h, p).
 */
static inline yoke_arg yoke_arg_strided(yoke_arg arg, size_t blocks, size_t stride)
{
    arg.blocks = blocks;
    arg.stride = stride;
    return arg;
}

/**
 * The same argument with item i owning the parts from i * up / down to (i + 1) * up / down - 1,
 * rounded down, and at least the first of these. For kernels that resize: with n rows in and m
 * rows out, item y of m reads from row y * n / m on,
 * yoke_arg_scaled(yoke_in_halo(in, row, k, k, YOKE_EDGE_CLIPPED), n, m), with k rows around. Four
 * rows out per item: yoke_arg_scaled(yoke_out(out, row), 4, 1). An array that is written needs
 * up >= down: no two items own the same part.
 *
 * @param up    from 1 to 2^31
 * @param down  the same
 */
static inline yoke_arg yoke_arg_scaled(yoke_arg arg, size_t up, size_t down)
{
    arg.scale_up = up;
    arg.scale_down = down;
    return arg;
}

/**
 * The same argument with item i owning part n - 1 - i of n: those of yoke_arg_of(), else as many
 * as there are items, in a range that begins at 0. For pictures whose last row comes first. The
 * parts of a halo are before and after in the array's order.
 */
static inline yoke_arg yoke_arg_mirrored(yoke_arg arg)
{
    arg.mirrored = true;
    return arg;
}

/**
 * The same argument with items counted from the range's begin: item range.begin owns part 0. For
 * kernels that subtract get_global_offset() from their ids.
 */
static inline yoke_arg yoke_arg_from_begin(yoke_arg arg)
{
    arg.from_begin = true;
    return arg;
}

/**
 * The same argument with item i owning the parts offsets[i] to offsets[i + 1] - 1, maybe none: the
 * rows of a sparse matrix (CSR), or records of any length. n items have n + 1 offsets, in
 * memory of the pool; they do not descend. They are read when the job is submitted, which waits
 * for jobs that write them, and while it runs. If they are lent, no job with YOKE_RECOVER_NONE
 * may have written them.
 *
 * yoke_arg_ragged(yoke_in(values, sizeof *values), row_begin)
 *
 * @param offsets       unsigned integers, or signed ones that are not negative
 * @param offset_bytes  size of one of them, 4 or 8
 */
static inline yoke_arg yoke_arg_ragged_sized(yoke_arg arg, const void *offsets,
                                             size_t offset_bytes)
{
    arg.offsets = offsets;
    arg.offset_bytes = (unsigned)offset_bytes;
    return arg;
}

/** yoke_arg_ragged_sized() with the size of what `offsets` points to. */
#define yoke_arg_ragged(arg, offsets)                                                    \
    yoke_arg_ragged_sized((arg), (offsets), sizeof *(offsets))

/**
 * The same argument with item i owning the parts begins[i] to ends[i] - 1, maybe none: any run of
 * parts for each item, in any order. For what a bounding box covers that is found through an index
 * structure, sparse matrices with two arrays of pointers, tiles in Morton order.
 *
 * What is read may overlap. A chunk of items reads from the least of its begins to the greatest of
 * its ends, so a device with memory of its own is sent all that lies between; the kernel's pointer
 * is unchanged.
 *
 * No two items may have the same part of an array that is written: YOKE_EINVAL, before anything
 * runs. If the parts lie in the order of the items, chunks have any number of items. Otherwise each
 * item, or work-group with yoke_arg_per_group(), is a chunk of its own, and there may be at most
 * 65,536 of them. Parts that lie between others and that no item owns keep their content, but may be
 * written back as they were: nothing else may change them meanwhile.
 *
 * The memory of both is as that of offsets in yoke_arg_ragged_sized(): n items have n begins and n
 * ends. The submission looks at all of them: about 3 ms for a million items, and up to 10 ms for
 * 65,536 items whose written parts are in another order.
 *
 * yoke_arg_between(yoke_in(nodes, sizeof *nodes), first_node, end_node)
 *
 * @param begins        unsigned integers, or signed ones that are not negative
 * @param ends          the same, of the same size; none is less than its begin
 * @param offset_bytes  size of one of them, 4 or 8
 */
static inline yoke_arg yoke_arg_between_sized(yoke_arg arg, const void *begins, const void *ends,
                                              size_t offset_bytes)
{
    arg.offsets = begins;
    arg.ends = ends;
    arg.offset_bytes = (unsigned)offset_bytes;
    return arg;
}

/** yoke_arg_between_sized() with the size of what `begins` points to; that of `ends` is the same. */
#define yoke_arg_between(arg, begins, ends)                                              \
    yoke_arg_between_sized((arg), (begins), (ends), sizeof *(begins))

/**
 * As yoke_arg_between(), with a function of the program that says which parts an item has. It is
 * called in the calling thread, for each item in order, before the job is submitted; what it says
 * is kept in 16 bytes of pool memory per item until the job has ended. So it costs a call and about
 * 6 ns per item each time: tables that several jobs use are better made once. Arguments of a call
 * with the same function and context share one table.
 *
 * The function may use any memory of the program, and is not called again for the job: jobs in flight
 * that change what it reads have to be waited for. With yoke_arg_from_begin() its items count from 0.
 * It may make calls on the pool. An exception is
 * YOKE_EKERNEL. Not for the items and results of streams.
 *
 * @param function  what is called
 * @param context   what it gets; NULL is possible
 */
static inline yoke_arg yoke_arg_by(yoke_arg arg, yoke_parts_function *function, void *context)
{
    arg.parts_function = function;
    arg.parts_context = context;
    return arg;
}

/**
 * A value of `bytes` bytes passed by value, as laid out for the device. Up to
 * YOKE_ARG_INLINE_BYTES are copied now, more when the job is submitted.
 */
static inline yoke_arg yoke_scalar_bytes(const void *value, size_t bytes)
{
    yoke_arg arg;
    memset(&arg, 0, sizeof arg);
    arg.kind = YOKE_ARG_SCALAR;
    arg.bytes = bytes;
    if (value != NULL && bytes <= YOKE_ARG_INLINE_BYTES) {
        memcpy(arg.value, value, bytes);
    } else {
        arg.pointer = value;
    }
    return arg;
}

/**
 * A value that the kernel gets as with yoke_scalar_bytes(), and that is read when the job starts,
 * not when it is submitted: when all jobs before it that write the value have ended. So an
 * iteration can compute a number, and the next job use it, without a wait in the program:
 *
 *     yoke_map_async(NULL, pool, step, one, NULL, YOKE_ARGS(yoke_out(alpha, sizeof *alpha), ...));
 *     yoke_map_async(NULL, pool, axpy, all, NULL, YOKE_ARGS(yoke_scalar_from(alpha), ...));
 *
 * The memory counts as an array that the job reads: jobs that write it later wait, and no other
 * argument of the job may write it. All workers get the same value. (The result of yoke_reduce()
 * and yoke_map_reduce() is written by the program's thread that learns of their end: wait for
 * it.)
 *
 * @param pointer  memory of the pool, also with `.stage`, of any alignment
 * @param bytes    of the value, at most 16384
 */
static inline yoke_arg yoke_scalar_from_sized(const void *pointer, size_t bytes)
{
    yoke_arg arg;
    memset(&arg, 0, sizeof arg);
    arg.kind = YOKE_ARG_SCALAR_FROM;
    arg.pointer = pointer;
    arg.bytes = bytes;
    return arg;
}

/** yoke_scalar_from_sized() with the size of what `pointer` points to. */
#define yoke_scalar_from(pointer) yoke_scalar_from_sized((pointer), sizeof *(pointer))

/** An array that is absent: the kernel gets a null pointer, and must not access it. For kernels that
 *  can do without an input or a result. */
static inline yoke_arg yoke_null(void)
{
    yoke_arg arg;
    memset(&arg, 0, sizeof arg);
    arg.kind = YOKE_ARG_NULL;
    return arg;
}

/**
 * Memory that the kernel reaches through pointers which it finds in other memory: the rows that a
 * table of row pointers (T **) points to. It is no parameter of the kernel: it follows all
 * arguments that are. Any item may access all of it. Jobs are ordered by it as by an argument;
 * memory that is lent, or that a failed job should have written, is treated as an argument, too.
 *
 * yoke_map(pool, kernel, range, yoke_out(y, sizeof *y), yoke_in_whole(rows, n * sizeof *rows),
 *          yoke_uses(data, n * row_bytes, YOKE_ACCESS_READ))
 *
 * Pool memory has the same addresses in all workers. A device with memory of its own cannot follow
 * pointers: it stands aside from the job. A job that writes such memory is not split, as with
 * yoke_inout_whole(); it may overlap no other argument then. The checking mode cannot see what is
 * done through pointers: a kernel that writes through them is not checked.
 *
 * @param pointer  memory of the pool, also with `.stage`. Pieces that lie apart are declared one by
 *                 one, or with yoke_arg_strided()
 * @param bytes    of all of it
 * @param access   what the kernel does with it
 */
static inline yoke_arg yoke_uses(const void *pointer, size_t bytes, yoke_access access)
{
    yoke_arg arg = yoke_arg_array(pointer, bytes, access, YOKE_PARTS_WHOLE);
    arg.kind = YOKE_ARG_USES;
    return arg;
}

/**
 * Any item may add to any of `count` elements: histograms, scatter-add, forces on both of two
 * particles. What all items have added is added to the array when the job has ended well; until
 * then, and if the job fails, the array is as it was.
 *
 * The range is divided into blocks of items. Each block has a copy of the array that is all zero
 * when it begins, and the kernel's pointer is to the block's copy, of `count` elements. A native
 * function just adds. In OpenCL C work-items of a block run at the same time and use atomics.
 * In the end each element of the array becomes ((a + c[0]) + c[1]) + ..., in the order of the
 * blocks. How many blocks there are depends on the range, the work-group size, the options
 * `.grain` and `.chunk` and the arguments, but not on the devices; see yoke_arg_copies().
 *
 * So integers, which wrap around, always have the same bits. Floats have the same bits for any
 * number and kind of workers and after a crash, if what the kernel adds up within a block has:
 * a native function's sums have, those by atomics of floats need not.
 *
 * The array is in memory of the pool that is not lent, or anywhere with `.stage`, and overlaps no
 * other argument. A job that is submitted later and uses it waits in the submission until the sums
 * are there. For yoke_map() and yoke_map_reduce(), with or without a future.
 *
 * @param pointer  the array, aligned as its elements
 * @param type     what its elements are
 * @param count    how many there are, at least 1
 */
static inline yoke_arg yoke_sum_into(void *pointer, yoke_type type, size_t count)
{
    yoke_arg arg;
    memset(&arg, 0, sizeof arg);
    arg.kind = YOKE_ARG_SUM;
    arg.access = YOKE_ACCESS_READ_WRITE;
    arg.parts = YOKE_PARTS_WHOLE;
    arg.pointer = pointer;
    arg.count = count;
    arg.type = type;
    return arg;
}

/** As yoke_sum_into(), for the least of each element and of what the items of all blocks have
 *  stored. A copy begins with the greatest value of its type, for floats infinity. A NaN is the
 *  result wherever there is one; of -0 and +0 the first in order counts. */
static inline yoke_arg yoke_min_into(void *pointer, yoke_type type, size_t count)
{
    yoke_arg arg = yoke_sum_into(pointer, type, count);
    arg.kind = YOKE_ARG_MIN;
    return arg;
}

/** As yoke_min_into(), for the greatest. A copy begins with the least value of its type. */
static inline yoke_arg yoke_max_into(void *pointer, yoke_type type, size_t count)
{
    yoke_arg arg = yoke_sum_into(pointer, type, count);
    arg.kind = YOKE_ARG_MAX;
    return arg;
}

/**
 * Searches: what the first item that finds something stores, in `bytes` bytes. An index, a key, a
 * struct; several such arguments of a job belong together.
 *
 * The range is divided into blocks of items, as for yoke_sum_into(), and the kernel's pointer is to
 * the block's copy of the array. A copy begins with what the array holds when the job starts. A
 * block has found something if, after it, a byte of a copy is another than before: an index begins
 * with a number that no item has, such as -1, or a flag is stored beside it. When the job has ended
 * well, the arrays are the copies of the first block, in the order of the items, that has found
 * something; if none has, they are as they were.
 *
 * The kernel is that of a program without this library: it stores where it finds. A native function
 * stops at the first item of its span that does. Work-items in OpenCL C that find something in the same
 * block race; atomic_min() on an index that begins with the greatest one gives the first. So the
 * result has the same bits on any devices and after a crash, if what a block stores has.
 *
 * If the job writes nothing else, blocks behind one that has found something are not computed.
 * Those in front of it always are. What is in work goes on to its block's end.
 *
 * yoke_map(pool, search, yoke_range_1d(keys), yoke_first_into(&found->index, 4),
 *          yoke_first_into(found->key, 8), yoke_scalar(digest))
 *
 * The array is in memory of the pool that is not lent, or anywhere with `.stage`, and overlaps no
 * other argument. The program itself does not write it until the job has ended: a copy that differs
 * from it then counts as a find. A job that is submitted later and uses it waits in the submission
 * until the result is there. For yoke_map() and yoke_map_reduce(), with or without a future.
 * yoke_arg_copies() says how many blocks there are, else up to 1024.
 *
 * @param pointer  the array
 * @param bytes    of it, at least 1
 */
static inline yoke_arg yoke_first_into(void *pointer, size_t bytes)
{
    yoke_arg arg;
    memset(&arg, 0, sizeof arg);
    arg.kind = YOKE_ARG_FIRST;
    arg.access = YOKE_ACCESS_READ_WRITE;
    arg.parts = YOKE_PARTS_WHOLE;
    arg.pointer = pointer;
    arg.count = bytes;
    return arg;
}

/** As yoke_first_into(), for what any one block has found: which of several differs from run to run.
 *  As soon as one has, no further block is begun, if the job writes nothing else. In a job with a
 *  yoke_first_into() it is one of these. */
static inline yoke_arg yoke_any_into(void *pointer, size_t bytes)
{
    yoke_arg arg = yoke_first_into(pointer, bytes);
    arg.kind = YOKE_ARG_ANY;
    return arg;
}

/**
 * The same argument of yoke_sum_into() and its like, with about n copies of the array, so about n
 * blocks of items; of several such arguments the least n counts. More copies balance more devices
 * and take more memory. 0: the library chooses, from 8 to 256, the fewer the longer the array and
 * the shorter the range; YOKE_EINVAL if these take more than 1 GiB. n is at most 65536.
 */
static inline yoke_arg yoke_arg_copies(yoke_arg arg, size_t n)
{
    arg.blocks = n;
    return arg;
}

/** `bytes` bytes of `__local` memory per work-group; a native function gets scratch. */
static inline yoke_arg yoke_local(size_t bytes)
{
    yoke_arg arg;
    memset(&arg, 0, sizeof arg);
    arg.kind = YOKE_ARG_LOCAL;
    arg.bytes = bytes;
    return arg;
}

#ifdef __cplusplus
}

/** Any value or struct, copied at submission. Mind the type: 2.0f is a float, 2.0 a double. */
template <class T> inline yoke_arg yoke_scalar(const T &value)
{
    return yoke_scalar_bytes(&value, sizeof value);
}

template <class... Args> char (&yoke_args_counted(const Args &...))[sizeof...(Args) + 1];

/** A list of arguments, written where a call takes an array and its length: the array, which
 *  lives as long as the call, a comma, and how many. At least one. */
#define YOKE_ARGS(...)                                                                   \
    std::initializer_list<yoke_arg>{__VA_ARGS__}.begin(),                                \
        sizeof(yoke_args_counted(__VA_ARGS__)) - 1
#else
/** Any value or struct, copied at submission. Mind the type: 2.0f is a float, 2.0 a double. One
 *  value: the dots are for the commas of a struct that is written in place,
 *  yoke_scalar((struct point){1, 2}). */
#define yoke_scalar(...)                                                                 \
    yoke_scalar_bytes((__typeof__(__VA_ARGS__)[1]){__VA_ARGS__},                         \
                      sizeof(__typeof__(__VA_ARGS__)))

/** A list of arguments, written where a call takes an array and its length: the array, which
 *  lives until the end of the block, a comma, and how many. At least one. */
#define YOKE_ARGS(...)                                                                   \
    (const yoke_arg[]){__VA_ARGS__},                                                     \
        sizeof((const yoke_arg[]){__VA_ARGS__}) / sizeof(yoke_arg)
#endif

#endif
