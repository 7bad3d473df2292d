/* SPDX-License-Identifier: MIT */
/* Lent allocations, as far as chunks of a launch have to do with them. */
#ifndef YK_KERNEL_LENT_H
#define YK_KERNEL_LENT_H

#include "kernel/launch.h"
#include "shared/residency.h"

/* The block table of an argument's allocation; NULL if that is not lent. */
static inline yk_residency *yk_lent_table(const yk_arg *arg)
{
    return (yk_residency *)(uintptr_t)arg->table;
}

/* Called before the items [begin, end) may change what they write and again when it is in
 * shared memory: copies of it that devices keep are old. */
void yk_lent_changed(const yk_launch *launch, uint64_t begin, uint64_t end);

#endif
