/* SPDX-License-Identifier: MIT */
/*
 * A pipe between processes: two ends, and a queue of messages for each way, in one allocation.
 * Queues know what dies with a process that puts or gets (ipc/message_queue.h). Closing an end:
 *
 *     step                             if it dies here
 *     `closed` of the end = 1          a call at the other end notices within YK_POLL_MS
 *     close the queue it receives by   the same for what sends there
 *     close the queue it sends by      all waits have been woken
 *
 * An end whose process has died counts as closed. What was sent before is still received.
 */
#ifndef YK_IPC_PIPE_H
#define YK_IPC_PIPE_H

#include "base/error.h"
#include "ipc/ipc_object.h"
#include "ipc/message_queue.h"
#include "ipc/registry.h"

/* An end: closed by the magic word of its object. */
typedef struct yk_pipe_end {
    yk_ipc_object object;
    yk_queue *in;  /* NULL: it only sends; never changes */
    yk_queue *out; /* NULL: it only receives; never changes */
    struct yk_pipe_end *other;
    _Atomic uint64_t user; /* the process that used it last; 0: none yet */
    _Atomic uint32_t closed;
    uint32_t padding;
    uint64_t reserved[3];
} yk_pipe_end;

enum { YK_PIPE_ENDS = 2 };

/* ---- making ---- */

/* Bytes that a pipe takes that holds `capacity` bytes each way; 0: more than any memory has. */
uint64_t yk_pipe_bytes(uint64_t capacity);

/* In zeroed memory of that size: its ends lie at the start. `simplex`: the first end only
 * receives, the second only sends. Does not open them. */
void yk_pipe_init(yk_pipe_end *ends, uint64_t capacity, bool simplex);

/* Opens all of it, or gives its memory back. */
yoke_status yk_pipe_publish(yk_pipe_end *ends, yk_ipc_registry *objects,
                            yk_arena *arena, yk_error *error);

/* ---- using ---- */

/* What is done at an end. It has copies of what does not change: when the pipe is destroyed the
 * end reads as zeros. */
typedef struct yk_pipe_use {
    yk_pipe_end *end;
    yk_queue *in;  /* NULL: it only sends */
    yk_queue *out; /* NULL: it only receives */
    const yk_pipe_end *other;
    bool is_shut; /* the end itself was closed */
} yk_pipe_use;

/* The end is this process's from now on. YOKE_ECLOSED: the end was closed, or destroyed
 * meanwhile. YOKE_EDAMAGED. */
yoke_status yk_pipe_begin(yk_pipe_use *use, yk_pipe_end *end);

/* As yk_queue_put(), yk_queue_get() and yk_queue_poll(), of an end that can do that.
 * YOKE_ECLOSED: the other end was closed, or its process died. YOKE_EBROKEN. */
yoke_status yk_pipe_send(const yk_pipe_use *use, const void *data, uint64_t bytes,
                         uint64_t deadline);
yoke_status yk_pipe_recv(const yk_pipe_use *use, void *data, uint64_t *bytes,
                         uint64_t deadline);
yoke_status yk_pipe_poll(const yk_pipe_use *use, uint64_t deadline);

/* Closes the end. As yk_pipe_begin(), also of an end that was closed. */
yoke_status yk_pipe_shut(yk_pipe_end *end);

#endif
