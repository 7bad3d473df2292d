/* SPDX-License-Identifier: MIT */
/* Memory for objects, and identities of processes that are dead, or seem to live. */
#ifndef IPC_SETUP_H
#define IPC_SETUP_H

#include <stdlib.h>
#include <string.h>

#include "support/yoke_test.h"
#include "sys/identity.h"

static inline void *setup_allocate(uint64_t bytes)
{
    const size_t whole = (bytes + 63) / 64 * 64;
    void *memory = aligned_alloc(64, whole);

    assert_non_null(memory);
    memset(memory, 0, whole);
    return memory;
}

/* Of a process that has ended, if no other has its id now; number 0, 1, ... are different. */
static inline yk_identity setup_dead(unsigned number)
{
    const uint64_t ticks = UINT64_C(0x7fff0000) + number; /* no process started then */

    return (yk_identity_process() & UINT32_MAX) | ticks << 32;
}

/* As that of a process that is seen in another /proc: taken to live. */
static inline yk_identity setup_alive(unsigned number)
{
    return (yk_identity_process() ^ UINT64_C(1) << 22) + ((uint64_t)number << 32);
}

#endif
