/* SPDX-License-Identifier: MIT */
/*
 * A queue of messages between processes: a ring of bytes under the object's lock.
 *
 * Messages of fixed size follow each other; messages of any size begin with their length.
 * Positions count bytes and never decrease. With the lock held:
 *
 *     put                              if the process dies here
 *     copy the message to tail         the message is not in the queue
 *     advance tail                     it is in the queue
 *     put_count + 1                    repair counts again
 *
 *     get                              if the process dies here
 *     copy the message at head         the message is still in the queue
 *     its outstanding + 1              the same: repair undoes this if head has not changed
 *     advance head                     the message is lost with the process
 *     got_count + 1                    repair counts again
 *
 *     abort                            if the process dies here
 *     closed = 1                       messages are left, and can be taken
 *     advance head to tail             all are dropped
 *     got_count = put_count            repair counts again
 *
 *     release the lock; then signal    a waiter checks again by itself
 *     if `awaited` was set
 *
 * If the queue can be joined, it counts for each process the messages that the process has taken
 * and not marked as done. All is done when the queue is empty and all counts are 0. The counts of
 * dead processes are set to 0, and their messages are added to `lost`.
 *
 * All calls return YOKE_EDAMAGED if they detect that the queue has been overwritten.
 */
#ifndef YK_IPC_MESSAGE_QUEUE_H
#define YK_IPC_MESSAGE_QUEUE_H

#include "ipc/ipc_object.h"

/* A process that takes messages. Written with the lock. */
typedef struct yk_queue_taker {
    uint64_t process;     /* its identity; 0: never used; 1: free again */
    uint64_t outstanding; /* messages taken and not done */
    uint64_t check;       /* ~process, written after it */
    uint64_t reserved;
} yk_queue_taker;

enum { YK_MAX_TAKERS = 1024 };

typedef struct yk_queue {
    yk_ipc_object object;
    /* These do not change, and are sealed: */
    uint64_t item_bytes; /* 0: messages have lengths */
    uint64_t limit;      /* maximum bytes of messages, lengths included */
    uint64_t ring_bytes; /* a power of two, at least `limit` */
    uint64_t ring;       /* offset of the ring from here */
    uint64_t takers;     /* offset of YK_MAX_TAKERS entries; 0: it cannot be joined */
    _Atomic uint32_t closed; /* 1: no more messages are accepted */
    uint32_t awaited;        /* yk_queue_wish; with the lock */
    /* messages that were lost with dead processes; with the lock */
    uint64_t lost;
    uint64_t told; /* how many of these a join has reported; with the lock */
    /* A process that puts, with the lock. */
    _Atomic uint64_t tail;
    _Atomic uint64_t put_count;
    /* A process that gets, with the lock. */
    _Atomic uint64_t head;
    _Atomic uint64_t got_count;
    /* A process that takes from a queue that can be joined, meanwhile, with the lock. */
    _Atomic uint64_t taking; /* its entry's index + 1; 0: none */
    uint64_t taking_head;    /* the head before */
    uint64_t taking_count;   /* its `outstanding` before */
    uint64_t reserved;
} yk_queue;

static_assert(sizeof(yk_queue) == 192, "the ring follows on a cache line of its own");
static_assert(offsetof(yk_queue, tail) == 128, "same in all processes");

typedef struct yk_queue_shape {
    uint64_t item_bytes; /* 0: messages of any size */
    uint64_t capacity;   /* messages of fixed size, else bytes */
    bool joinable;
} yk_queue_shape;

/* The number of bytes that a queue of this shape needs; 0: more than any memory has. */
uint64_t yk_queue_bytes(const yk_queue_shape *shape);

/* Initialises a queue in zeroed memory of that size; does not open it. */
void yk_queue_init(yk_queue *queue, const yk_queue_shape *shape);

/* The same for a queue whose ring and takers do not follow it directly, but lie at an offset
 * from here, a multiple of 64. */
void yk_queue_init_apart(yk_queue *queue, const yk_queue_shape *shape, uint64_t offset);

/* The maximum length of a message. */
uint64_t yk_queue_longest(const yk_queue *queue);

/* YOKE_EINVAL: too long, or not of the queue's size. YOKE_ECLOSED: closed or destroyed. */
yoke_status yk_queue_put(yk_queue *queue, const void *data, uint64_t bytes,
                         uint64_t deadline);

/* *bytes: the room in `data`, then the message's length. YOKE_EINVAL: there is not enough room,
 * the message stays. YOKE_EBUSY: too many processes take from the queue. */
yoke_status yk_queue_get(yk_queue *queue, void *data, uint64_t *bytes,
                         uint64_t deadline);

/* Waits until there is a message: YOKE_OK. */
yoke_status yk_queue_poll(yk_queue *queue, uint64_t deadline);

/* For threads that wait for several things (ipc/readiness.h): what is signalled when there may be a
 * message, or none will come; whether it seems so now; and the same for certain: otherwise
 * YOKE_EAGAIN, and the next signal reaches the pool's hub. */
yk_eventcount *yk_queue_bell(yk_queue *queue);
bool yk_queue_seems_ready(const yk_queue *queue);
yoke_status yk_queue_link(yk_queue *queue);

/* The number of messages in the queue now. */
uint64_t yk_queue_size(const yk_queue *queue);

void yk_queue_close(yk_queue *queue);

/* Closes the queue and drops what is in it. */
yoke_status yk_queue_abort(yk_queue *queue);

/* Marks a message that this process has taken as done. YOKE_EINVAL: it has none. */
yoke_status yk_queue_task_done(yk_queue *queue);

/* Waits until all is done. YOKE_ELOST: since the last join that reported this, *lost messages
 * were lost with the processes that had taken them. */
yoke_status yk_queue_join(yk_queue *queue, uint64_t deadline, uint64_t *lost);

/* Whether positions and counts agree. With the lock, or if no other thread uses the queue. */
bool yk_queue_valid(const yk_queue *queue);

#endif
