/* SPDX-License-Identifier: MIT */
/* Instructions instead of time: they repeat, whatever else the machine does. */
#ifndef BENCH_INSTRUCTIONS_H
#define BENCH_INSTRUCTIONS_H

/* Instructions that a contender and all its processes execute to prepare a workload and
 * run it once, counted by valgrind; NAN if that is not to be had. */
double instructions_count(const char *program, const char *arguments,
                          const char *workload);

#endif
