/* SPDX-License-Identifier: MIT */
/* Arrays that a function of the program divides (yoke_arg_by()). */
#ifndef YK_PATTERNS_PARTS_BY_H
#define YK_PATTERNS_PARTS_BY_H

#include "base/error.h"
#include "launch/request.h"
#include "yoke/pool.h"

/*
 * If functions divide arrays of the request: calls them for all items, and makes the arguments ones
 * whose begins and ends lie in tables (yoke_arg_between()). The tables are the job's:
 *
 *     step                                        process       if it dies here
 *     memory for a table, from the arena          application   the pool ends too
 *     the function is called for each item        application   the same
 *     the job is published; its footprints are    all           they only read
 *     asked for
 *     the job is collected; the memory is kept    application   the pool ends too
 *     or freed
 *
 * Without the lock. On failure the request's completions are to be dropped.
 */
yoke_status yk_parts_by_attach(yoke_pool *pool, yk_request *request, yk_error *error);

/* yk_submit() of such a request, or of any other. */
yoke_status yk_parts_by_submit(yoke_future **future, yoke_pool *pool, yk_request *request,
                               yk_error *error);

#endif
