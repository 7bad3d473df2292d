/* SPDX-License-Identifier: MIT */
/*
 * One job as a device sees it: which kernel, which range, which arguments. It lies in
 * shared memory, is written by the application before the job is published and read-only
 * from then on. Addresses are those of the shared window, the same in every process.
 */
#ifndef YK_LAUNCH_LAUNCH_H
#define YK_LAUNCH_LAUNCH_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "launch/kernel.h"

enum { YK_LAUNCH_VALUE_BYTES = 16384 };

enum { YK_ARG_ARRAY = 1, YK_ARG_SCALAR = 2, YK_ARG_LOCAL = 3 };
enum { YK_READ = 1, YK_WRITE = 2 };
enum { YK_PARTS_ITEM = 0, YK_PARTS_GROUP = 1, YK_PARTS_WHOLE = 2 };
enum {
    YK_ARG_READS_ALL = 1,   /* items read all parts that there are */
    YK_ARG_PERIODIC = 2,    /* a halo goes on at the other end of the parts that there are */
    YK_ARG_LEAVES_SOME = 4, /* items may leave bytes of what they write as they are */
};

/* An argument, checked. Fields not named for a kind are 0 there. */
typedef struct yk_arg {
    uint32_t kind;
    uint32_t access;  /* array: YK_READ | YK_WRITE */
    uint32_t parts;   /* array */
    uint32_t flags;   /* array: YK_ARG_READS_ALL and so on */
    uint64_t address; /* array: what the kernel gets */
    uint64_t bytes;   /* array: of one block of a part, or of the whole; scalar; local */
    uint64_t halo_before; /* array, per item: readable neighbours in front ... */
    uint64_t halo_after;  /* ... and behind, as far as there are any */
    uint64_t offset; /* array: bytes from address to part 0, which is item 0's */
    uint64_t pitch;  /* array: bytes from part to part; 0: `bytes` */
    uint64_t before; /* array: parts there are in front of the range's first item's ... */
    uint64_t after;  /* ... and behind the last item's, for halos and READS_ALL */
    uint64_t blocks; /* array: blocks of a part, at least 1 */
    uint64_t stride; /* array: bytes from block to block */
    uint64_t value;   /* scalar: offset of its bytes in yk_launch.values, 16-aligned */
    uint64_t block_address; /* array: the allocation it lies in */
    uint64_t block_bytes;   /* array: size of that allocation */
    uint64_t block_id;      /* array: its number, never used twice in a pool */
    uint64_t table;         /* array: address of its yk_residency; 0: it is not lent */
    uint64_t attachment; /* array: number of the named segment it lies in, from 1; 0: none */
} yk_arg;

static_assert(sizeof(yk_arg) == 16 + 16 * 8, "no padding");

enum { YK_TASK_SMALL_BYTES = 4096 };

/* Where a task puts a result whose size it alone knows. In shared memory, one per job slot;
 * only whoever runs the task writes here while the job is open. */
typedef struct yk_task_result {
    uint64_t block;    /* app: address of memory for a large one; 0: none */
    uint64_t capacity; /* app: bytes there */
    uint64_t bytes;    /* task: of the result; 0 at the start */
    uint32_t is_large; /* task: it is in the block, not in `small` */
    uint32_t touched;  /* task, before it gets the block: something may be in there */
    _Alignas(64) unsigned char small[YK_TASK_SMALL_BYTES];
} yk_task_result;

/* How a task function is called. In a launch of a kernel all is 0. */
typedef struct yk_task_call {
    uint32_t input;     /* argument that is the item's input, counted from 1; 0: none */
    uint32_t output;    /* ... its output */
    uint32_t context;   /* ... the value that all get */
    uint32_t arg_count; /* the first arguments are shown to it as they are */
    uint64_t result;    /* address of a yk_task_result; 0: none */
    uint64_t first;     /* what is added to an item's number where it is shown */
} yk_task_call;

typedef struct yk_launch {
    uint64_t id;        /* of the job, never used twice in a pool */
    uint64_t kernel_id;
    uint32_t dimensions;
    uint32_t split;     /* 0 to 2 */
    uint64_t begin[3];  /* first global id */
    uint64_t size[3];   /* extent; at least 1 */
    uint64_t group[3];  /* the kernel's work-group size; all 0: the device chooses */
    uint32_t round_up;  /* launches are padded to whole groups */
    uint32_t whole;     /* not split: one chunk is the whole range */
    uint32_t arg_count;
    uint32_t reserved;
    yk_task_call task;
    yk_arg args[YK_MAX_ARGS];
    unsigned char values[YK_LAUNCH_VALUE_BYTES];
} yk_launch;

/* The extent in dimension d that the kernel sees: padded to groups under round_up. */
uint64_t yk_launch_global_size(const yk_launch *launch, unsigned d);

/* Number of work-groups in the split dimension; 0 if the kernel has no group size. */
uint64_t yk_launch_group_count(const yk_launch *launch);

/* Whether an argument's content may be changed by a chunk in a way that a second run of
 * the chunk would notice: it is read and written. */
bool yk_arg_is_changed_in_place(const yk_arg *arg);

/* Whether items may leave bytes of what they write as they are without having read them. These
 * bytes keep their content, so a device that copies the result back must have it. */
bool yk_arg_leaves_some(const yk_arg *arg);

/* Bytes from a part's first byte to the next part's. */
uint64_t yk_arg_pitch(const yk_arg *arg);

#endif
