/* SPDX-License-Identifier: MIT */
/*
 * Waiting for the first of several things: objects that processes share, and in the application
 * futures and processes. The thread sleeps at the pool's hub (shm/hub.h).
 */
#ifndef YK_PATTERNS_WAIT_ANY_H
#define YK_PATTERNS_WAIT_ANY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ipc/readiness.h"
#include "protocol/member/member_process.h"
#include "yoke/future.h"
#include "yoke/process.h"

typedef struct yk_any_wait yk_any_wait;

/* For at most `count` things. NULL: out of memory. */
yk_any_wait *yk_any_create(size_t count);

/* Adds the next one. YOKE_EINVAL: it is of another pool than those before; YOKE_ECLOSED: its pool
 * was closed. Of an object also as yk_ready_begin(). YOKE_EBUSY: the thread is in the function that
 * makes the future's result. */
yoke_status yk_any_add_object(yk_any_wait *wait, yk_ipc_object *object, uint32_t magic,
                              yk_error *error);
yoke_status yk_any_add_future(yk_any_wait *wait, yoke_future *future, yk_error *error);
yoke_status yk_any_add_process(yk_any_wait *wait, yoke_process *process, yk_error *error);
yoke_status yk_any_add_member(yk_any_wait *wait, yk_member_process *process,
                              yk_error *error);

/* Waits until one is ready. *index: the first that is; ready[i], unless NULL: whether that one is.
 * YOKE_ETIMEDOUT; YOKE_EBROKEN: the supervisor has died, and an object will not become ready any
 * more; YOKE_ESTOPPED: it is stopped, and futures or processes are among the things. */
yoke_status yk_any_wait_until(yk_any_wait *wait, uint64_t deadline, size_t *index,
                              bool *ready);

/* yk_pool_check() of the pool of futures and processes; YOKE_OK if there are only objects. */
yoke_status yk_any_check_supervisor(const yk_any_wait *wait, yk_error *error);

/* Gives back what it has, and itself; NULL is allowed. */
void yk_any_destroy(yk_any_wait *wait);

#endif
