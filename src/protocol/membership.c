/* SPDX-License-Identifier: MIT */
#include "protocol/membership.h"

#include <stddef.h>

#include "sys/process.h"

static yk_membership membership;
static pid_t membership_process;

void yk_membership_begin(yk_control *control, uint32_t starter)
{
    membership = (yk_membership){control, starter};
    membership_process = yk_process_self();
}

const yk_membership *yk_membership_in(const void *pool)
{
    return membership.control != NULL && pool != NULL &&
                   membership_process == yk_process_self() &&
                   membership.control->pool == (uint64_t)(uintptr_t)pool
               ? &membership
               : NULL;
}
