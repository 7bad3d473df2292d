/* SPDX-License-Identifier: MIT */
/*
 * Start methods. The supervisor is a fork of the application, or, spawned, the application's
 * program executed again: a constructor of this library takes over in it before main().
 */
#ifndef YK_POOL_SPAWN_H
#define YK_POOL_SPAWN_H

#include "base/error.h"
#include "pool/pool.h"
#include "pool/supervisor.h"
#include "yoke/pool.h"

/* Ends the process if it is a spawned one that still runs the program's own code: a pool of
 * its own would be spawned in the same way, and so on. */
void yk_start_check(void);

/* The method that options and environment ask for. */
yoke_status yk_start_read(yoke_start *method, yoke_start option, yk_error *error);

/* What YOKE_START_AUTO stands for in this process now. */
yoke_start yk_start_pick(void);

/* Spawns the supervisor and waits until it has taken over. On failure there is no process
 * left, and the start's descriptors can be used for a fork. */
yoke_status yk_spawn_supervisor(yoke_pool *pool, const yk_supervisor_start *start,
                                yk_error *error);

#endif
