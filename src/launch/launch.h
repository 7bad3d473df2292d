/* SPDX-License-Identifier: MIT */
/*
 * A launch: one job as a device sees it, with its kernel, range and arguments. It lies in
 * shared memory. The application writes it before it publishes the job; from then on it is
 * read-only. Addresses are those of the shared window, the same in every process.
 */
#ifndef YK_LAUNCH_LAUNCH_H
#define YK_LAUNCH_LAUNCH_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "launch/kernel.h"

enum { YK_LAUNCH_VALUE_BYTES = 16384 };

/* YK_ARG_NULL: a null pointer in the place of an array. YK_ARG_ALIAS: the pointer of an earlier
 * array, which is read and written; see launch/alias.h. */
enum {
    YK_ARG_ARRAY = 1,
    YK_ARG_SCALAR = 2,
    YK_ARG_LOCAL = 3,
    YK_ARG_NULL = 4,
    YK_ARG_ALIAS = 7,
    YK_ARG_SAMPLER = 12, /* a value, a yoke_sampling */
};
enum { YK_READ = 1, YK_WRITE = 2 };
enum { YK_PARTS_ITEM = 0, YK_PARTS_GROUP = 1, YK_PARTS_WHOLE = 2 };
enum {
    YK_ARG_READS_ALL = 1, /* items read all parts that exist */
    /* a halo continues at the other end of the parts that exist */
    YK_ARG_PERIODIC = 2,
    YK_ARG_LEAVES_SOME = 4, /* items may leave some bytes of their parts unchanged */
    /* the pages of its allocation may hold others, too: no device may take them as a whole */
    YK_ARG_SHARES_PAGES = 8,
    YK_ARG_FROM_BEGIN = 16, /* items are counted from the range's first, not from id 0 */
    /* used, not passed: ... */
    YK_ARG_BY_POINTER = 32, /* the kernel finds pointers to it in other memory (yoke_uses) */
    YK_ARG_READ_EARLY = 64, /* the submission reads it: offsets */
    YK_ARG_AT_START = 128,  /* each worker reads it when it begins: a scalar, and its memory */
    /* the application adds into it when the job lands: no worker writes it (yoke_sum_into) */
    YK_ARG_ADDED = 256,
    /* the parts are copies of one array, a block of items has one: it is filled before the block
     * runs, and the kernel's pointer is to it */
    YK_ARG_COPIES = 512,
    /* YK_MAP_BETWEEN: neither begins nor ends descend: the first and the last say all */
    YK_ARG_ASCENDS = 1024,
    /* YK_MAP_BETWEEN: the parts are not in the order of the items. If they are written, what a chunk
     * of several items writes is not known as one run */
    YK_ARG_SCATTERED = 2048,
    /* the kernel gets an image over the array: see launch/pixels.h */
    YK_ARG_IMAGE = 4096,
};

/* Blocks that need not be computed when one has found something. */
enum {
    YK_SEARCH_NONE = 0,
    YK_SEARCH_FIRST = 1, /* those behind it */
    YK_SEARCH_ANY = 2,   /* all others */
};

/* Copies are aligned for any device's buffers. */
enum { YK_COPY_ALIGNMENT = 1024 };

/* Which parts item (or group) i owns. */
enum {
    YK_MAP_SAME = 0,     /* part i */
    YK_MAP_SCALED = 1,   /* i * scale_up / scale_down up to the next item's, at least one */
    YK_MAP_MIRRORED = 2, /* part mirror - 1 - i */
    YK_MAP_OFFSETS = 3,  /* offsets[i] up to offsets[i + 1], maybe none */
    YK_MAP_BETWEEN = 4,  /* offsets[i] up to ends[i], maybe none */
};

/* A checked argument. Fields that do not apply to its kind are 0. */
typedef struct yk_arg {
    uint32_t kind;
    uint32_t access;  /* array: YK_READ | YK_WRITE */
    uint32_t parts;   /* array */
    uint32_t flags;   /* array: YK_ARG_READS_ALL and so on */
    uint64_t address; /* array: the pointer that the kernel gets; scalar: its memory, or 0 */
    uint64_t bytes;   /* array: of one block of a part, or of the whole; scalar; local */
    uint64_t halo_before; /* array, per item: readable parts before the item's ... */
    uint64_t halo_after;  /* ... and after it, as far as they exist */
    uint64_t offset; /* array: bytes from address to part 0, which is item 0's */
    uint64_t pitch;  /* array: bytes from part to part; 0: `bytes` */
    uint64_t before; /* array: number of parts before the range's first item's ... */
    uint64_t after;  /* ... and after the last item's, for halos and READS_ALL */
    uint64_t blocks; /* array: blocks of a part, at least 1 */
    uint64_t stride; /* array: bytes from block to block */
    uint64_t value;   /* scalar: offset of its bytes in yk_launch.values, 16-aligned;
                       * image: the same of its yk_pixels;
                       * alias: which argument is the array, from 0; an earlier one;
                       * used, not passed: the number of the argument it belongs to */
    uint64_t block_address; /* array: the allocation in which it lies */
    uint64_t block_bytes;   /* array: size of that allocation */
    uint64_t block_id;      /* array: its number, never used twice in a pool */
    uint64_t table;         /* array: address of its yk_residency; 0: it is not lent */
    uint64_t attachment; /* array: number of the named segment it lies in, from 1; 0: none */
    uint32_t map;          /* array: YK_MAP_SAME and so on */
    uint32_t offset_bytes; /* array: size of one of the offsets, 4 or 8 */
    uint64_t scale_up;
    uint64_t scale_down;
    uint64_t mirror;
    uint64_t offsets; /* array: address of unsigned integers, which do not change meanwhile;
                       * copies of a search: address of what each begins with */
    uint64_t offsets_low;  /* array: the least of those that the range needs ... */
    uint64_t offsets_high; /* ... and the greatest */
    uint64_t ends; /* array: address of as many, of the same size */
    uint32_t operation; /* copies: YOKE_ARG_SUM and so on ... */
    uint32_t type;      /* ... of elements of a yoke_type */
} yk_arg;

static_assert(sizeof(yk_arg) == 16 + 25 * 8, "no padding");

enum { YK_TASK_SMALL_BYTES = 4096 };

/* The place for a task's result whose size only the task knows. In shared memory, one per job
 * slot. While the job is open, only the worker that runs the task writes here. */
typedef struct yk_task_result {
    uint64_t block;    /* app: address of memory for a large one; 0: none */
    uint64_t capacity; /* app: bytes there */
    uint64_t bytes;    /* task: of the result; 0 at the start */
    uint32_t is_large; /* task: the result is in the block, not in `small` */
    /* task, before it gets the block: the block may have been written to */
    uint32_t touched;
    _Alignas(64) unsigned char small[YK_TASK_SMALL_BYTES];
} yk_task_result;

/* How a task function is called. All zero in a launch of a kernel. */
typedef struct yk_task_call {
    uint32_t input;     /* argument that is the item's input, counted from 1; 0: none */
    uint32_t output;    /* ... its output */
    uint32_t context;   /* ... the value that all items get */
    /* how many arguments, from the first, are passed to it unchanged */
    uint32_t arg_count;
    uint64_t result;    /* address of a yk_task_result; 0: none */
    uint64_t first;     /* added to an item's number where it is shown */
    uint64_t items;     /* address of a yk_item_table; 0: a failed item ends the job */
} yk_task_call;

typedef struct yk_launch {
    uint64_t id;        /* of the job, never used twice in a pool */
    uint64_t kernel_id;
    uint32_t dimensions;
    uint32_t split;     /* 0 to 2 */
    uint64_t begin[3];  /* first global id */
    uint64_t size[3];   /* extent; at least 1 */
    uint64_t group[3];  /* the kernel's work-group size; all 0: the device chooses */
    uint32_t round_up;  /* launches are padded to whole work-groups */
    uint32_t whole;     /* not split: the whole range is one chunk */
    uint32_t arg_count;
    /* arrays that are used but not passed: they follow the arguments, those by pointer first */
    uint32_t used_count;
    yk_task_call task;
    uint64_t block_items; /* a chunk is so many items, or what is left; 0: any number */
    uint64_t search;      /* YK_SEARCH_NONE and so on */
    uint64_t value_bytes; /* of `values` that the arguments use */
    yk_arg args[YK_MAX_ARGS];
    _Alignas(16) unsigned char values[YK_LAUNCH_VALUE_BYTES];
} yk_launch;

/* Copies what counts of a launch that is filled in. */
void yk_launch_copy(yk_launch *to, const yk_launch *from);

/* The extent in dimension d that the kernel sees: padded to groups under round_up. */
uint64_t yk_launch_global_size(const yk_launch *launch, unsigned d);

/* Number of work-groups in the split dimension; 0 if the kernel has no group size. */
uint64_t yk_launch_group_count(const yk_launch *launch);

/* Whether a chunk may change an argument in a way that a second run of the chunk would notice:
 * it is read and written, and not filled before each run. */
bool yk_arg_is_changed_in_place(const yk_arg *arg);

/* Whether items may leave bytes of their parts unchanged without having read them. These bytes
 * keep their content, so a device that copies the result back must have it. */
bool yk_arg_leaves_some(const yk_arg *arg);

/* The number of arguments, and of arrays that are used but not passed. */
uint32_t yk_launch_array_count(const yk_launch *launch);

/* Whether one of the arrays that are used but not passed has one of these flags. */
bool yk_launch_uses(const yk_launch *launch, uint32_t flags);

/* The number, from 1, of the argument of the call to which an array of the launch belongs. */
uint32_t yk_launch_number(const yk_launch *launch, uint32_t index);

/*
 * The bytes of a scalar argument. With YK_ARG_AT_START they are read in the pool's memory, by each
 * worker for itself, after the launch has begun. All read the same, since the memory is listed as
 * an array that is read:
 *
 *     step                                     process         if it dies here
 *     all that write the value have ended,     any             as for any array that is read
 *     and the job is ready
 *     the value is back from devices           each holder     it is lost: the chunk fails (ELOST)
 *     (YK_WRITEBACK_ALL)
 *     enter the job, attach its segments       worker          nothing
 *     read the value, for its device           worker          its replacement reads it again
 *     the chunk                                worker          computed again, with the same value
 *     leave                                    worker          nothing
 *     the job ends: a job that writes the      any             as for any array that is read
 *     value may be ready now
 */
const void *yk_launch_value(const yk_launch *launch, const yk_arg *arg);

/* The argument, or the array that it is an alias of. */
const yk_arg *yk_launch_array_of(const yk_launch *launch, const yk_arg *arg);

/* The number of bytes from a part's first byte to the next part's. */
uint64_t yk_arg_pitch(const yk_arg *arg);

#endif
