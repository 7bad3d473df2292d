/* SPDX-License-Identifier: MIT */
/* Lent allocations, as far as chunks of a launch use them. */
#ifndef YK_LAUNCH_LENT_H
#define YK_LAUNCH_LENT_H

#include <stdbool.h>
#include <stddef.h>

#include "launch/footprint.h"
#include "launch/launch.h"
#include "shm/residency.h"

/* The page table of an argument's allocation; NULL if that is not lent. */
static inline yk_residency *yk_lent_table(const yk_arg *arg)
{
    return (yk_residency *)(uintptr_t)arg->table;
}

/* Called before the items [begin, end) may change what they write, and again when it is in
 * shared memory: copies of it that devices keep are then out of date. */
void yk_lent_changed(const yk_launch *launch, uint64_t begin, uint64_t end);

/* Whether what a chunk writes to an argument may stay on the device that computed it: the array
 * is lent, and chunks write runs of bytes that no other chunk reads. */
bool yk_lent_may_stay(const yk_arg *arg);

/* The parts of such a run outside whole pages, which do not stay. Returns the number of pieces. */
size_t yk_lent_ends(const yk_residency *table, const yk_extent *run, yk_extent ends[2]);

/* The pages of an argument's allocation that a job overwrites as a whole, with any chunks,
 * without having read them. None if items may leave bytes unchanged. */
yk_pages yk_lent_replaced(const yk_launch *launch, const yk_arg *arg);

#endif
