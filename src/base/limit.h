/* SPDX-License-Identifier: MIT */
/* Until when a call may wait, and what it returns then. */
#ifndef YK_BASE_LIMIT_H
#define YK_BASE_LIMIT_H

#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

typedef struct yk_limit {
    uint64_t deadline_ns; /* clock; 0: it does not wait; UINT64_MAX: without limit */
    yoke_status status;
    const char *text;
} yk_limit;

#define YK_NO_LIMIT ((yk_limit){UINT64_MAX, YOKE_OK, ""})

/* Once the limit has passed: its status, and what the call was waiting for in the text. */
static inline yoke_status yk_limit_check(const yk_limit *limit, const char *waits_for,
                                         yk_error *error)
{
    return limit->deadline_ns != UINT64_MAX && yk_clock_ns() >= limit->deadline_ns
               ? yk_fail(error, limit->status, "%s: %s", limit->text, waits_for)
               : YOKE_OK;
}

static inline uint64_t yk_limit_left(const yk_limit *limit)
{
    const uint64_t now = yk_clock_ns();

    return limit->deadline_ns == UINT64_MAX ? UINT64_MAX
           : now < limit->deadline_ns       ? limit->deadline_ns - now
                                            : 0;
}

#endif
