/* SPDX-License-Identifier: MIT */
/*
 * What machine and control groups have left. To ask them takes dozens of system calls, so the
 * answer is used for the next 16 MiB, but never for more than there was, nor for longer than a
 * second: other programs take memory, too.
 */
#include "base/bits.h"
#include "base/clock.h"
#include "shm/arena_inner.h"
#include "sys/memory_limits.h"

static const uint64_t max_allowance = (uint64_t)16 << 20;
static const uint64_t max_age_ns = UINT64_C(1000000000);

/* The bytes of the arena that are allocated and not yet touched. */
static uint64_t arena_promised(const yk_arena *arena)
{
    const uint64_t resident = yk_mapping_resident(&arena->mapping);
    const uint64_t taken = yk_arena_used(arena) - arena->reserved;

    return taken > resident ? taken - resident : 0;
}

yoke_status yk_arena_ask(yk_arena *arena, uint64_t bytes, yk_error *error)
{
    uint64_t available;
    uint64_t promised;

    arena->allowance = 0;
    if (!arena->limited) {
        return YOKE_OK;
    }
    available = yk_memory_available();
    promised = arena_promised(arena);
    if (available != UINT64_MAX &&
        (promised > available || bytes > available - promised)) {
        return yk_fail(error, YOKE_ENOMEM,
                       "cannot allocate %llu bytes: the system has %llu bytes left, of "
                       "which %llu are promised to earlier allocations",
                       (unsigned long long)bytes, (unsigned long long)available,
                       (unsigned long long)promised);
    }
    arena->allowance = yk_min(available - promised - bytes, max_allowance);
    arena->allowed_until = yk_clock_ns() + max_age_ns;
    return YOKE_OK;
}

yoke_status yk_arena_promise(yk_arena *arena, uint64_t bytes, yk_error *error)
{
    if (!arena->limited) {
        return YOKE_OK;
    }
    if (bytes > arena->allowance || yk_clock_ns() > arena->allowed_until) {
        return yk_arena_ask(arena, bytes, error);
    }
    arena->allowance -= bytes;
    return YOKE_OK;
}

yoke_status yk_arena_check_memory(yk_arena *arena, size_t bytes, yk_error *error)
{
    yoke_status status;

    (void)pthread_mutex_lock(&arena->lock);
    status = yk_arena_ask(arena, bytes, error);
    (void)pthread_mutex_unlock(&arena->lock);
    return status;
}
