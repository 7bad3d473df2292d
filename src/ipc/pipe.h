/* SPDX-License-Identifier: MIT */
/*
 * A pipe between processes: two ends, and a queue of messages for each way, in one allocation.
 * Queues know what dies with a process that puts or gets (ipc/message_queue.h).
 *
 * An end has holders: the processes that have used it or were started with it. A holder lets go
 * when it shuts the end down, or dies. An end that has had holders, and has none any more, is
 * gone: the other end still receives what was sent, and then finds it closed.
 *
 *     a process is started with an end       application dies here: all processes end with it
 *     `expected` + 1                         the end is not gone
 *     fork                                   the same
 *     the process as a holder                it dies: the next look finds that
 *     `expected` - 1
 *
 *     a process shuts its end down           if it dies here
 *     it as a holder that has let go         the same as its death
 *     no holders? `closed` of the end = 1    a call at the other end notices within YK_POLL_MS
 *     close the queue it receives by         the same for what sends there
 *     close the queue it sends by            all waits have been woken
 */
#ifndef YK_IPC_PIPE_H
#define YK_IPC_PIPE_H

#include "base/error.h"
#include "ipc/ipc_object.h"
#include "ipc/message_queue.h"
#include "ipc/registry.h"

enum { YK_PIPE_HOLDERS = 112 };

/* An end: closed by the magic word of its object. */
typedef struct yk_pipe_end {
    yk_ipc_object object;
    yk_queue *in;  /* NULL: it only sends; never changes */
    yk_queue *out; /* NULL: it only receives; never changes */
    struct yk_pipe_end *other;
    _Atomic uint32_t closed;
    _Atomic uint32_t expected; /* app: holders that are being started */
    uint64_t reserved[3];
    /* Identities of processes, in the order in which they came, with YK_IDENTITY_FLAG once they
     * have let go; 0: none. Any process adds itself, and marks those that have died. */
    _Atomic uint64_t holders[YK_PIPE_HOLDERS];
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
    yk_pipe_end *other;
    bool is_shut; /* the end itself was closed */
} yk_pipe_use;

/* This process holds the end from now on. YOKE_ECLOSED: the end was closed, or this process has
 * let go of it, or it was destroyed meanwhile. YOKE_EBUSY: it has too many holders.
 * YOKE_EDAMAGED. */
yoke_status yk_pipe_begin(yk_pipe_use *use, yk_pipe_end *end);

/* As yk_queue_put(), yk_queue_get() and yk_queue_poll(), of an end that can do that.
 * YOKE_ECLOSED: the other end was closed, or its process died. YOKE_EBROKEN. */
yoke_status yk_pipe_send(const yk_pipe_use *use, const void *data, uint64_t bytes,
                         uint64_t deadline);
yoke_status yk_pipe_recv(const yk_pipe_use *use, void *data, uint64_t *bytes,
                         uint64_t deadline);
yoke_status yk_pipe_poll(const yk_pipe_use *use, uint64_t deadline);

/* Whether an end was closed, perhaps by a process that died over it, or all its holders are gone.
 * One that no process has held yet is waited for. The calling process does not count if others
 * held the end after it: it has handed the end over. Some system calls. */
bool yk_pipe_end_is_gone(yk_pipe_end *end);

/* This process lets go of the end, which is closed if it has no other holder. As
 * yk_pipe_begin(), also of an end that was closed. */
yoke_status yk_pipe_shut(yk_pipe_end *end);

/* ---- starting processes; the application ---- */

/* Between these two the end is not gone. Then the process holds it; 0: it has `ended` already, or
 * nothing is known of it. */
void yk_pipe_expect_holder(yk_pipe_end *end);
void yk_pipe_add_expected(yk_pipe_end *end, yk_identity process, bool ended);

#endif
