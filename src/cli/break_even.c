/* SPDX-License-Identifier: MIT */
#include "cli/break_even.h"

static size_t next_size(size_t items)
{
    return items + 1 + items * 2 / 5;
}

bool yk_break_even(yk_rivals *found, yk_rivals_measure *measure, void *context,
                   size_t most, double most_ns)
{
    yk_rivals now = {.items = 1};

    *found = (yk_rivals){.items = 0};
    for (; now.items <= most; now.items = next_size(now.items)) {
        if (!measure(&now, context)) {
            return false;
        }
        if (!(now.pool_ns < now.loop_ns)) {
            found->items = 0;
        } else if (found->items != 0) {
            return true;
        } else {
            *found = now;
        }
        if (now.loop_ns >= most_ns) {
            break;
        }
    }
    return true;
}
