/* SPDX-License-Identifier: MIT */
/* From which size on a pool is faster than a loop. Pure: who measures is the caller. */
#ifndef YK_CLI_BREAK_EVEN_H
#define YK_CLI_BREAK_EVEN_H

#include <stdbool.h>
#include <stddef.h>

/* What a job of some size takes both. */
typedef struct yk_rivals {
    size_t items;
    double loop_ns;
    double pool_ns;
} yk_rivals;

/* Fills in the times for rivals->items. False: it failed, and the search ends. */
typedef bool yk_rivals_measure(yk_rivals *rivals, void *context);

/*
 * Looks for the least size from which on the pool is faster, among 1, 2, 3 and so on, each
 * about 1.4 times the one before: there it has to be faster than the loop, and at the next
 * size, too, since a single measurement may be wrong.
 *
 * @param found    the size and its times; items is 0 if there is none
 * @param measure  called for one size after the other, in ascending order
 * @param most     the largest size that can be measured
 * @param most_ns  the search ends after a size for which the loop takes so long
 * @return false if a measurement failed
 */
bool yk_break_even(yk_rivals *found, yk_rivals_measure *measure, void *context,
                   size_t most, double most_ns);

#endif
