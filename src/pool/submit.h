/* SPDX-License-Identifier: MIT */
/* Submitting a job: checks, a slot, the launch, what it waits for, its tiles. */
#ifndef YK_POOL_SUBMIT_H
#define YK_POOL_SUBMIT_H

#include "base/error.h"
#include "base/limit.h"
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

/* Checks a request, as its submission does, and fills in the launch but for its id. */
yoke_status yk_submit_check_locked(yoke_pool *pool, yk_launch *launch,
                                   const yk_request *request, yk_error *error);

/* ---- how long it may wait (submit_slots.c) ---- */

/* The end of the job's time limit, which starts when the program submits it; 0: none. */
uint64_t yk_submit_deadline(const yk_request *request);

/* Until when the submission may wait, if the job's time limit ends then. */
yk_limit yk_submit_limit(const yk_request *request, uint64_t deadline_ns);

/* Waits until the pool changes, or a while, with the lock given up. The limit's status once it has
 * passed; YOKE_EBROKEN, YOKE_ESTOPPED. */
yoke_status yk_submit_wait_locked(yoke_pool *pool, uint32_t ticket,
                                  const yk_limit *limit, const char *waits_for,
                                  yk_error *error);

/* A free slot, when there is one. The lock is given up meanwhile. */
yoke_status yk_submit_wait_for_slot_locked(yoke_pool *pool, const yk_limit *limit,
                                           int *slot, yk_error *error);

#endif
