/* SPDX-License-Identifier: MIT */
/* Submitting a job: checks, a slot, the launch, what it waits for, its tiles. */
#ifndef YK_POOL_SUBMIT_H
#define YK_POOL_SUBMIT_H

#include "base/error.h"
#include "launch/request.h"
#include "yoke/future.h"
#include "yoke/map.h"
#include "yoke/pool.h"

/* Checks what options alone can be checked for; not their devices. */
yoke_status yk_map_options_check(const yoke_map_options *options, yk_error *error);

/* Checks and publishes a job. The caller owns the future. What is attached to the request is
 * the job's, or dropped on failure. Takes the lock, runs
 * callbacks. */
yoke_status yk_submit(yoke_future **future, yoke_pool *pool, const yk_request *request,
                      yk_error *error);

#endif
