/* SPDX-License-Identifier: MIT */
/*
 * What every object begins with that processes share: what it is, a lock that survives its
 * owner, and two event counts. It lies at the same address in all of them.
 *
 * The magic word says what it is. The application clears it when it destroys the object, and
 * memory that is given back reads as zeros, so a stale pointer is answered as closed.
 *
 * The lock is one word: who holds it, and whether somebody waits for it.
 *
 *     step                                       if it dies here
 *     take: 0 becomes the taker                  it holds the lock, see below
 *     release: the word becomes 0                nothing
 *     if somebody waited: turn + 1, wake one     that one looks 50 ms later
 *
 * A waiter sets the flag, sleeps, and looks at least every 50 ms. If the lock still has the same
 * owner, the waiter checks whether that lives. If not, the waiter takes the word over in one
 * step, and its call reports that. A waiter that has slept takes the lock with the flag set,
 * since others may sleep too.
 *
 * Any process of the pool may write over any of this by mistake. What never changes is sealed: a
 * size or an offset that does not fit the seal is not followed. What changes is followed only
 * within those bounds. An owner that cannot be looked up must have signed in `holder`; without a
 * signature it is taken for dead a second later, as it is if it died between the two steps. So
 * calls on a damaged object end, with YOKE_EDAMAGED if the damage is detected.
 */
#ifndef YK_IPC_IPC_OBJECT_H
#define YK_IPC_IPC_OBJECT_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/eventcount.h"
#include "sys/identity.h"
#include "yoke/status.h"

typedef enum yk_magic {
    YK_MAGIC_CLOSED = 0,
    YK_MAGIC_LOCK = 0x796b4c4b,
    YK_MAGIC_RLOCK = 0x796b524c,
    YK_MAGIC_EVENT = 0x796b4556,
    YK_MAGIC_SEMAPHORE = 0x796b5345,
    YK_MAGIC_CONDITION = 0x796b434f,
    YK_MAGIC_BARRIER = 0x796b4241,
    YK_MAGIC_ARRAY = 0x796b4152,
    YK_MAGIC_QUEUE = 0x796b5155,
    YK_MAGIC_PIPE = 0x796b5049
} yk_magic;

typedef struct yk_ipc_object {
    _Atomic uint32_t magic; /* the application: once when it is made, 0 at its end */
    yk_eventcount bells[2];      /* whoever changes something */
    uint32_t depth;         /* the lock's owner: how often he has taken it */
    _Atomic uint64_t owner; /* 0: free; else a thread's identity, and CONTENDED */
    _Atomic uint32_t turn;  /* whoever releases to one that waits */
    uint32_t depth_check;   /* the lock's owner: ~depth */
    uint64_t keeper; /* process without which nobody comes any more; set before it is open */
    uint64_t keeper_check;   /* ~keeper */
    uint64_t seal;           /* of what never changes in it; set before it is open */
    _Atomic uint64_t holder; /* the lock's owner, a moment later */
} yk_ipc_object;

static_assert(sizeof(yk_ipc_object) == 64, "one cache line");
static_assert(offsetof(yk_ipc_object, owner) == 16, "same in all processes");

#define YK_CONTENDED YK_IDENTITY_FLAG

/* Nobody waits longer without looking. */
enum { YK_POLL_MS = 100, YK_LOCK_POLL_MS = 50 };

/* A point of the clock; these two are none. */
#define YK_AT_ONCE UINT64_C(0)
#define YK_FOR_EVER UINT64_MAX

/* Of a time limit as users give it: negative: for ever, 0: at once. Not for NaN. */
uint64_t yk_deadline(double seconds);

/* Zeroed memory becomes an object that is not open yet. Its keeper is this process. */
void yk_ipc_object_init(yk_ipc_object *object);

/* Before it is open. */
void yk_ipc_object_set_keeper(yk_ipc_object *object, uint64_t keeper);

/* A number that fits words that never change, at this place. */
static inline uint64_t yk_seal_of(const void *place, const uint64_t *words,
                                  unsigned count)
{
    uint64_t seal = (uint64_t)(uintptr_t)place ^ UINT64_C(0x796f6b6520736561);

    for (unsigned i = 0; i < count; i++) {
        seal = (seal ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
        seal ^= seal >> 29;
    }
    return seal;
}
void yk_ipc_object_open(yk_ipc_object *object, yk_magic magic);

/* From now on every call answers YOKE_ECLOSED; wakes everybody. With `settle` it waits, a
 * second at most, until nobody else is inside. False: somebody is, and may go on. */
bool yk_ipc_object_shut(yk_ipc_object *object, bool settle);

static inline bool yk_ipc_object_is_open(const yk_ipc_object *object)
{
    return atomic_load_explicit(&object->magic, memory_order_acquire) !=
           YK_MAGIC_CLOSED;
}

/* What is to be said of an object that does not fit its seal: one that was destroyed reads as
 * zeros. */
static inline yoke_status yk_ipc_object_damaged(const yk_ipc_object *object)
{
    return yk_ipc_object_is_open(object) ? YOKE_EDAMAGED : YOKE_ECLOSED;
}

/* Whether its keeper is gone. A few system calls. */
bool yk_ipc_object_is_orphan(const yk_ipc_object *object);

/* ---- its lock ---- */

yoke_status yk_ipc_object_lock_slowly(yk_ipc_object *object, yk_identity self,
                                  uint64_t deadline);
void yk_ipc_object_wake_next(yk_ipc_object *object);
yoke_status yk_ipc_object_refuse_lock(yk_ipc_object *object);

/* The word was 0 and is this thread's now. */
static inline bool yk_ipc_object_try_lock(yk_ipc_object *object, yk_identity self)
{
    uint64_t owner = 0;

    if (!atomic_compare_exchange_strong_explicit(
            &object->owner, &owner, self, memory_order_acquire, memory_order_relaxed)) {
        return false;
    }
    atomic_store_explicit(&object->holder, self & ~YK_CONTENDED, memory_order_relaxed);
    return true;
}

/* Memory that was given back reads as a lock that is free: what was got there is none. */
static inline yoke_status yk_ipc_object_keep_lock(yk_ipc_object *object, yoke_status status)
{
    return (status == YOKE_OK || status == YOKE_EOWNERDEAD) && !yk_ipc_object_is_open(object)
               ? yk_ipc_object_refuse_lock(object)
               : status;
}

/*
 * YOKE_OK, or YOKE_EOWNERDEAD: taken from somebody who died. Without the lock: YOKE_EAGAIN
 * (at once), YOKE_ETIMEDOUT, YOKE_EBUSY (self has it), YOKE_ECLOSED, YOKE_EBROKEN (the
 * keeper is gone).
 */
static inline yoke_status yk_ipc_object_lock(yk_ipc_object *object, yk_identity self,
                                         uint64_t deadline)
{
    if (yk_ipc_object_try_lock(object, self)) {
        return yk_ipc_object_keep_lock(object, YOKE_OK);
    }
    return yk_ipc_object_keep_lock(object, yk_ipc_object_lock_slowly(object, self, deadline));
}

static inline bool yk_ipc_object_has_lock(const yk_ipc_object *object, yk_identity self)
{
    return (atomic_load_explicit(&object->owner, memory_order_relaxed) &
            ~YK_CONTENDED) == self;
}

/* By its owner only. */
static inline void yk_ipc_object_unlock(yk_ipc_object *object)
{
    if ((atomic_exchange_explicit(&object->owner, 0, memory_order_release) &
         YK_CONTENDED) != 0) {
        yk_ipc_object_wake_next(object);
    }
}

/* As a lock that its owner may take again. YOKE_EDAMAGED: the count of its locks is not known. */
yoke_status yk_ipc_object_lock_again(yk_ipc_object *object, yk_identity self,
                                 uint64_t deadline);
void yk_ipc_object_unlock_once(yk_ipc_object *object);

/* The lock for a moment, inside a call that is to end at `deadline`: also one that does not
 * wait, waits a little for others that are inside. As yk_ipc_object_lock(), and YOKE_ECLOSED
 * once the object is shut. */
yoke_status yk_object_enter(yk_ipc_object *object, yk_identity self, uint64_t deadline);

/* ---- waiting for what it holds ---- */

typedef struct yk_waiting {
    yk_ipc_object *object;
    uint64_t deadline;
    uint64_t next_look_ns; /* whether the application lives */
} yk_waiting;

yk_waiting yk_waiting_start(yk_ipc_object *object, uint64_t deadline);

/*
 * Sleeps until a signal of that bell comes after the ticket was drawn, but no longer than
 * YK_POLL_MS: then YOKE_OK, look again. Else there is no sense in waiting: YOKE_EAGAIN,
 * YOKE_ETIMEDOUT, YOKE_ECLOSED, YOKE_EBROKEN.
 */
yoke_status yk_waiting_sleep(yk_waiting *waiting, unsigned bell, uint32_t ticket);

#endif
