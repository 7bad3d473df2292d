/* SPDX-License-Identifier: MIT */
/* What `yoke run` tells at the end. */
#ifndef YK_CLI_RUN_SUMMARY_H
#define YK_CLI_RUN_SUMMARY_H

#include <stddef.h>

#include "cli/run/array.h"
#include "cli/run/run_options.h"
#include "yoke/kernel.h"

/* The middle one of count > 0 times, which get sorted. */
double yk_median(double *times, size_t count);

/* arrays has a place for each argument; those that are no arrays have no argument set.
 */
void yk_summary_print(const yk_run_options *options, const yk_array *arrays,
                      yoke_pool *pool, const yoke_kernel *kernel, double *times);

#endif
