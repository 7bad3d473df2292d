/* SPDX-License-Identifier: MIT */
/*
 * Copies of arrays that items add into: a block of items has one of each.
 *
 *     step                                        process       if it dies here
 *     memory for the copies                       application   the pool ends too
 *     the block's copies = what each operation    worker        the block is dealt out again, as any
 *     begins with; claim = block, TAKEN           (fill)        tile, and its copies are filled again
 *     claim = block, RUNNING; the kernel adds     worker        the same: there is nothing to restore
 *     claim = block, COMMITTED                    worker        the block's copies are complete
 *     the job has ended well: the array = array   application   the pool ends too
 *     + copies, in order; no worker is active     (combine)
 *     in the job
 *     the memory is kept or freed                 application   the pool ends too
 *
 * A job that failed, or was cancelled, changes no array: workers never touch it.
 */
#ifndef YK_REDUCE_COPIES_H
#define YK_REDUCE_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "launch/launch.h"

/* Whether these are the copies of a search. */
bool yk_copies_search(const yk_arg *arg);

/* The copies of the block of items [begin, end) get what their operations begin with. Whether
 * there are any. */
bool yk_copies_fill(const yk_launch *launch, uint64_t begin, uint64_t end);

/* Adds `count` copies every `pitch` bytes to an array of `bytes` bytes, in their order. The
 * operation and the type are those of the argument. */
void yk_copies_combine(void *array, const yk_arg *arg, const void *copies, size_t count);

/* Whether the block that begins with this item has stored something in its copies of a search: they
 * are not what they began with. */
bool yk_copies_found(const yk_launch *launch, uint64_t begin);

#endif
