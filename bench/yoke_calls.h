/* SPDX-License-Identifier: MIT */
/* Jobs of yoke's that are no maps of a kernel: reductions, tasks, streams. */
#ifndef BENCH_YOKE_CALLS_H
#define BENCH_YOKE_CALLS_H

#include <yoke/yoke.h>

#include "contender.h"

/* One job of a workload whose call is not CALL_MAP. Ends the program if it fails. */
void yoke_call(yoke_pool *pool, const task *t);

#endif
