/* SPDX-License-Identifier: MIT */
/* The one clock: monotonic nanoseconds, the same in all processes. */
#ifndef YK_BASE_CLOCK_H
#define YK_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "yoke/status.h"

enum { YK_NS_PER_MS = 1000000 };
#define YK_NS_PER_S UINT64_C(1000000000)

static inline uint64_t yk_clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * YK_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Whether this is a time that a user may give: 0 or more, or YOKE_FOREVER. Not a NaN. */
static inline bool yk_clock_is_time(double seconds)
{
    return seconds >= 0 || seconds == YOKE_FOREVER;
}

/* The deadline of a wait of `seconds` from now on. Negative or very long: never. */
static inline uint64_t yk_clock_deadline(double seconds)
{
    return seconds < 0 || seconds > 1e9 ? UINT64_MAX
                                        : yk_clock_ns() + (uint64_t)(seconds * 1e9);
}

#endif
