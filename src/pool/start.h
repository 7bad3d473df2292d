/* SPDX-License-Identifier: MIT */
/*
 * Start methods, and what the pool's options hand to its processes. The supervisor is a fork of
 * the application, or, spawned, the application's program executed again: a constructor of this
 * library takes over in it before main(). Which it is depends on what was asked for, and on
 * nothing else: a native function finds the program's variables in one way or the other.
 */
#ifndef YK_POOL_START_H
#define YK_POOL_START_H

#include "base/error.h"
#include "protocol/bootstrap.h"
#include "yoke/pool.h"

/* The method that options and environment ask for, not YOKE_START_AUTO, and for YOKE_LOG which of
 * them asked. */
yoke_status yk_start_read(yoke_start *method, const char **asked_by, yoke_start option,
                          yk_error *error);

/* Spawns the supervisor and waits until it has taken over. On failure there is no process
 * left. */
yoke_status yk_spawn_supervisor(yoke_pool *pool, const yk_supervisor_start *start,
                                yk_error *error);

/* ---- options; before the supervisor exists ---- */

/* The program's initializer, with a copy of its argument. YOKE_EINVAL, YOKE_ENOMEM. */
yoke_status yk_initializer_set(yoke_pool *pool, const yoke_pool_options *options,
                               yk_error *error);

/* Descriptors that every process of the pool has as the program has them. YOKE_EINVAL,
 * YOKE_ENOMEM. */
yoke_status yk_kept_fds_set(yoke_pool *pool, const yoke_pool_options *options,
                            yk_error *error);

#endif
