/* SPDX-License-Identifier: MIT */
#include "shm/company.h"

#include <stdatomic.h>

#include "base/bits.h"
#include "base/clock.h"

/* Other processes of the pool do not keep a core for this long without a look at their bells,
 * unless their chunks are so long that the choice does not matter. A time slice is longer. */
static const uint64_t away_ns = 500000;

static const uint64_t min_hold_ns = 100 * (uint64_t)YK_NS_PER_MS;
static const uint64_t max_hold_ns = 400 * (uint64_t)YK_NS_PER_MS;

/* Of this process. Threads that write at once may lose one of two notes, which does no harm. */
static _Atomic uint64_t seen_until_ns; /* clock */
static _Atomic uint64_t hold_ns;

bool yk_company_is_seen(uint64_t now_ns)
{
    return now_ns < atomic_load_explicit(&seen_until_ns, memory_order_relaxed);
}

void yk_company_note(uint64_t began_ns, uint64_t ended_ns)
{
    const uint64_t until = atomic_load_explicit(&seen_until_ns, memory_order_relaxed);
    uint64_t hold = atomic_load_explicit(&hold_ns, memory_order_relaxed);

    if (ended_ns - began_ns < away_ns) {
        return;
    }
    /* It had been forgotten, but not for long: a slice was given away to find out. */
    if (began_ns >= until) {
        hold = began_ns - until < hold ? yk_min(2 * hold, max_hold_ns) : min_hold_ns;
        atomic_store_explicit(&hold_ns, hold, memory_order_relaxed);
    }
    atomic_store_explicit(&seen_until_ns, ended_ns + hold, memory_order_relaxed);
}
