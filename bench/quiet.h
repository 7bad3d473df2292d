/* SPDX-License-Identifier: MIT */
/* Waiting until nobody else uses the machine. */
#ifndef BENCH_QUIET_H
#define BENCH_QUIET_H

/* Returns when the cores have been idle for a moment, or when *patience, in seconds, is
 * used up; takes what it waited off it. No patience, no look. */
void quiet_await(double *patience);

#endif
