/* SPDX-License-Identifier: MIT */
/*
 * Reductions of the program's own: its kernel writes partial results, one for each item or
 * work-group, to memory of the library's, and its function combines them.
 */
#ifndef YK_PATTERNS_MAP_REDUCE_H
#define YK_PATTERNS_MAP_REDUCE_H

#include "base/error.h"
#include "launch/request.h"
#include "yoke/future.h"
#include "yoke/reduce.h"

/* Runs the request's kernel, one of whose arguments must be a yoke_out_partial(), and combines
 * what it has written to that. NULL for the future: waits, and the calling thread combines; else
 * the thread that collects the job. */
yoke_status yk_map_reduce(yoke_future **future, yoke_pool *pool, yk_request *request,
                          const yoke_reducer *reducer, void *result, yk_error *error);

#endif
