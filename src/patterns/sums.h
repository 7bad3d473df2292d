/* SPDX-License-Identifier: MIT */
/* Arrays that items add into: how many copies they have, and what becomes of them. The table is in
 * reduce/copies.h. */
#ifndef YK_PATTERNS_SUMS_H
#define YK_PATTERNS_SUMS_H

#include "base/error.h"
#include "launch/request.h"
#include "yoke/pool.h"

/* If items of the request add into arrays: divides its range into blocks, takes memory for their
 * copies, and attaches what is done with them in the end. On failure nothing is attached. */
yoke_status yk_sums_attach(yoke_pool *pool, yk_request *request, yk_error *error);

#endif
