/* SPDX-License-Identifier: MIT */
/*
 * Whether a call on an object would return at once: for threads that wait for several objects. A
 * queue or the end of a pipe is ready if a message can be got or none will come any more, an event
 * if it is set, a semaphore if it has permits. An object that was closed or damaged is ready, too:
 * a call on it returns that. Nothing is taken, so another thread may be first.
 *
 * A check that links (shm/hub.h) comes after the link, so that no change is missed. What no signal
 * announces is found by yk_ready_look(): that all holders of the other end of a pipe have died.
 */
#ifndef YK_IPC_READINESS_H
#define YK_IPC_READINESS_H

#include <stdbool.h>

#include "base/error.h"
#include "ipc/ipc_object.h"
#include "ipc/message_queue.h"
#include "ipc/pipe.h"

typedef struct yk_ready_kind yk_ready_kind;

/* An object that a thread waits for. */
typedef struct yk_ready {
    const yk_ready_kind *kind;
    yk_ipc_object *object;
    yk_eventcount *bell; /* is signalled when the object may have become ready */
    yk_queue *queue;     /* of a queue, and what the end of a pipe receives by */
    yk_pipe_end *other;  /* of a pipe */
} yk_ready;

/* Whether objects with this magic word can be ready or not. */
bool yk_ready_is_kind(uint32_t magic);

/* Begins to wait for an object with this magic word; of a pipe, as yk_pipe_begin(). YOKE_EINVAL:
 * the end only sends. Otherwise an error is a reason why no call on the object is possible. */
yoke_status yk_ready_begin(yk_ready *ready, yk_ipc_object *object, uint32_t magic,
                           yk_error *error);

/* Whether it is ready; quick. `link`: its next signal reaches the pool's hub if it is not. */
bool yk_ready_check(const yk_ready *ready, bool link);

/* Whether it is ready for another reason. Some system calls. */
bool yk_ready_look(const yk_ready *ready);

#endif
