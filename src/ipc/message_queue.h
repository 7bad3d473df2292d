/* SPDX-License-Identifier: MIT */
/*
 * A queue of messages between processes: a ring of bytes under the object's lock.
 *
 * Messages of fixed size follow each other; others begin with their length. Positions count
 * bytes and never go back. With the lock held:
 *
 *     put                              if it dies here
 *     copy the message behind tail     nobody has seen it
 *     tail goes on                     it is in the queue
 *     put_count + 1                    repair counts again
 *
 *     get                              if it dies here
 *     copy the message at head         it is still in the queue
 *     the taker's outstanding + 1      the same: repair takes it back, if head is as before
 *     head goes on                     it is lost with the taker
 *     got_count + 1                    repair counts again
 *
 *     release the lock, then signal if somebody had said that he waits: who waits looks
 *     again by himself
 *
 * If the queue can be joined, it counts per process what that has taken and not marked as
 * done. Nothing is left to do when the queue is empty and all counts are 0; the counts of
 * the dead are set to 0, and what they had is added to `lost`.
 *
 * All calls answer YOKE_EDAMAGED if something has written over it and that shows.
 */
#ifndef YK_IPC_MESSAGE_QUEUE_H
#define YK_IPC_MESSAGE_QUEUE_H

#include "ipc/ipc_object.h"

/* A process that takes messages. With the lock. */
typedef struct yk_queue_taker {
    uint64_t process;     /* its identity; 0: never used; 1: free again */
    uint64_t outstanding; /* taken, not done */
    uint64_t check;       /* ~process, a moment later */
    uint64_t reserved;
} yk_queue_taker;

enum { YK_MAX_TAKERS = 1024 };

typedef struct yk_queue {
    yk_ipc_object object;
    /* Do not change, and are sealed: */
    uint64_t item_bytes; /* 0: messages have lengths */
    uint64_t limit;      /* bytes of messages that fit, lengths included */
    uint64_t ring_bytes; /* a power of two, at least `limit` */
    uint64_t ring;       /* offset of the ring from here */
    uint64_t takers;     /* offset of YK_MAX_TAKERS of them; 0: it cannot be joined */
    _Atomic uint32_t closed; /* 1: nothing is put any more */
    uint32_t awaited;        /* yk_queue_wish; with the lock */
    uint64_t lost;           /* messages that died with their takers; with the lock */
    uint64_t told;           /* how many of them a join has told of; with the lock */
    /* Whoever puts, with the lock. */
    _Atomic uint64_t tail;
    _Atomic uint64_t put_count;
    /* Whoever gets, with the lock. */
    _Atomic uint64_t head;
    _Atomic uint64_t got_count;
    /* While somebody takes from a queue that can be joined: with the lock. */
    _Atomic uint64_t taking; /* his entry's index + 1; 0: nobody */
    uint64_t taking_head;    /* the head before */
    uint64_t taking_count;   /* his `outstanding` before */
    uint64_t reserved;
} yk_queue;

static_assert(sizeof(yk_queue) == 192, "the ring follows on a cache line of its own");
static_assert(offsetof(yk_queue, tail) == 128, "same in all processes");

typedef struct yk_queue_shape {
    uint64_t item_bytes; /* 0: messages of any size */
    uint64_t capacity;   /* messages of fixed size, else bytes */
    bool joinable;
} yk_queue_shape;

/* Bytes that a queue of this shape takes; 0: more than any memory has. */
uint64_t yk_queue_bytes(const yk_queue_shape *shape);

/* In zeroed memory of that size; does not open it. */
void yk_queue_init(yk_queue *queue, const yk_queue_shape *shape);

/* The same for a queue whose ring, and takers, do not follow it, but lie at an offset from
 * here, a multiple of 64: all but the yk_queue itself. */
void yk_queue_init_apart(yk_queue *queue, const yk_queue_shape *shape, uint64_t offset);

/* The longest message that it can hold. */
uint64_t yk_queue_longest(const yk_queue *queue);

/* YOKE_EINVAL: too long, or not of the queue's size. YOKE_ECLOSED: closed or destroyed. */
yoke_status yk_queue_put(yk_queue *queue, const void *data, uint64_t bytes,
                         uint64_t deadline);

/* *bytes: how much room there is; then the message's length. YOKE_EINVAL: there is less, the
 * message stays. YOKE_EBUSY: too many processes take from it. */
yoke_status yk_queue_get(yk_queue *queue, void *data, uint64_t *bytes,
                         uint64_t deadline);

/* Waits until there is a message: YOKE_OK. */
yoke_status yk_queue_poll(yk_queue *queue, uint64_t deadline);

/* Messages in it now. */
uint64_t yk_queue_size(const yk_queue *queue);

void yk_queue_close(yk_queue *queue);

/* One that this process has taken is done; YOKE_EINVAL: it has none. */
yoke_status yk_queue_task_done(yk_queue *queue);

/* Waits until nothing is left to do; YOKE_ELOST: since the last that said so, *lost messages
 * died with those who had taken them. */
yoke_status yk_queue_join(yk_queue *queue, uint64_t deadline, uint64_t *lost);

/* Positions and counts agree. With the lock, or alone. */
bool yk_queue_valid(const yk_queue *queue);

#endif
