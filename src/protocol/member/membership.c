/* SPDX-License-Identifier: MIT */
#include "protocol/member/membership.h"

#include <stddef.h>

#include "base/bits.h"
#include "protocol/device_kinds.h"
#include "shm/window.h"
#include "sys/process.h"

static yk_membership membership;
static pid_t membership_process;

void yk_membership_begin(yk_control *control, uint32_t starter)
{
    membership = (yk_membership){control, starter};
    membership_process = yk_process_self();
}

/* In a worker, "cpu" without a number means the CPUs that the worker stands for. A worker that is
 * not bound may use more, but so may all others. */
static void membership_limit_cpus(yk_control *inner)
{
    const uint32_t slot = membership.starter - YK_STARTER_WORKER;
    uint32_t cpus;

    if (membership.starter < YK_STARTER_WORKER || slot >= YK_MAX_WORKERS) {
        return;
    }
    cpus = (uint32_t)yk_max(membership.control->workers[slot].cpu_count, 1);
    for (uint32_t i = 0; i < inner->selection.count; i++) {
        yk_selector *selector = &inner->selection.selectors[i];

        if ((yk_device_kind_at(selector->kind)->traits & YK_TRAIT_PER_CPU) != 0 &&
            selector->count == 0) {
            selector->count =
                (uint32_t)yk_max(cpus / yk_max((uint32_t)selector->width, 1), 1);
        }
    }
}

/* Also of a process that a member has forked by itself. */
yoke_status yk_membership_note_outer(yk_control *inner, yk_error *error)
{
    const yk_control *outer = membership.control;

    if (outer == NULL) {
        return YOKE_OK;
    }
    membership_limit_cpus(inner);
    inner->depth = outer->depth + 1;
    (void)yk_window_bounds((const void *)(uintptr_t)outer->pool, &inner->outer_base,
                           &inner->outer_bytes);
    return inner->depth < YK_MAX_DEPTH
               ? YOKE_OK
               : yk_fail(error, YOKE_EUNSUPPORTED,
                         "this process belongs to a pool that is in a process of another, "
                         "and so on: pools may be %d deep",
                         YK_MAX_DEPTH);
}

const yk_membership *yk_membership_in(const void *pool)
{
    return membership.control != NULL && pool != NULL &&
                   membership_process == yk_process_self() &&
                   membership.control->pool == (uint64_t)(uintptr_t)pool
               ? &membership
               : NULL;
}
