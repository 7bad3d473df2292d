/* SPDX-License-Identifier: MIT */
/*
 * The head of every object that processes share (queue, lock, event and so on): its type, a lock
 * that survives the death of its owner, and two event counts. The object lies at the same address
 * in all processes.
 *
 * The magic word is the type. The application clears it when it destroys the object, and freed
 * memory reads as zeros, so a call with a stale pointer returns YOKE_ECLOSED.
 *
 * The lock is one word: the identity of its owner, and a flag that is set if a thread waits.
 *
 *     step                                       if the thread dies here
 *     lock: 0 becomes the owner's identity       it holds the lock, see below
 *     unlock: the word becomes 0                 nothing
 *     if the flag was set: turn + 1, wake one    the waiter checks 50 ms later
 *
 * A waiter sets the flag, sleeps, and checks the word at least every 50 ms. If the lock still has
 * the same owner, the waiter checks whether that thread lives. If not, the waiter takes the word
 * over in one step, and its call returns YOKE_EOWNERDEAD. A waiter that has slept takes the lock
 * with the flag set, since others may sleep too.
 *
 * Any process of the pool may overwrite any of this by mistake. Fields that never change are
 * sealed: a size or an offset that does not match the seal is not used. Other fields are used only
 * within those bounds. An owner that cannot be looked up must have signed in `holder`. Without a
 * signature it counts as dead after a second, as it does if it died between the two steps. So
 * calls on a damaged object return, with YOKE_EDAMAGED if the damage is detected.
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
    /* the application: the type when it is opened, 0 when it is destroyed */
    _Atomic uint32_t magic;
    yk_eventcount bells[2]; /* any process that changes something */
    uint32_t depth;         /* the lock's owner: how many times it has taken the lock */
    /* 0: free; otherwise a thread's identity, and YK_CONTENDED */
    _Atomic uint64_t owner;
    _Atomic uint32_t turn;  /* an owner that releases the lock while a thread waits */
    uint32_t depth_check;   /* the lock's owner: ~depth */
    /* process without which no other process comes any more; set before opening */
    uint64_t keeper;
    uint64_t keeper_check;   /* ~keeper */
    uint64_t seal;           /* of the fields that never change; set before opening */
    _Atomic uint64_t holder; /* the lock's owner, right after it took the lock */
} yk_ipc_object;

static_assert(sizeof(yk_ipc_object) == 64, "one cache line");
static_assert(offsetof(yk_ipc_object, owner) == 16, "same in all processes");

#define YK_CONTENDED YK_IDENTITY_FLAG

/* The maximum time that a thread sleeps before it checks again. */
enum { YK_POLL_MS = 100, YK_LOCK_POLL_MS = 50 };

/* Deadlines are clock times; these two are not. */
#define YK_AT_ONCE UINT64_C(0)
#define YK_FOR_EVER UINT64_MAX

/* The deadline for a user's time limit. Negative: for ever, 0: at once. Not for NaN. */
uint64_t yk_deadline(double seconds);

/* Makes zeroed memory an object that is not open yet. Its keeper is this process. */
void yk_ipc_object_init(yk_ipc_object *object);

/* Before the object is opened. */
void yk_ipc_object_set_keeper(yk_ipc_object *object, uint64_t keeper);

/* The seal of words that never change, at this address. */
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

/* Opens the object, as an object of this type. */
void yk_ipc_object_open(yk_ipc_object *object, yk_magic magic);

/* From now on every call returns YOKE_ECLOSED; wakes all waiters. With `settle` it waits, at
 * most a second, until no other thread is inside a call. False: a thread still is, and may go
 * on. */
bool yk_ipc_object_shut(yk_ipc_object *object, bool settle);

static inline bool yk_ipc_object_is_open(const yk_ipc_object *object)
{
    return atomic_load_explicit(&object->magic, memory_order_acquire) !=
           YK_MAGIC_CLOSED;
}

/* The status of an object that does not match its seal: one that was destroyed reads as zeros. */
static inline yoke_status yk_ipc_object_damaged(const yk_ipc_object *object)
{
    return yk_ipc_object_is_open(object) ? YOKE_EDAMAGED : YOKE_ECLOSED;
}

/* Whether it is open, and its keeper has ended. A few system calls. */
bool yk_ipc_object_is_orphan(const yk_ipc_object *object);

/* Signals a bell, also to threads that wait for several objects. */
void yk_ipc_object_ring(yk_ipc_object *object, unsigned bell);

/* The same in any case: after a death. */
void yk_ipc_object_repair_bell(yk_ipc_object *object, unsigned bell);

/* ---- its lock ---- */

yoke_status yk_ipc_object_lock_slowly(yk_ipc_object *object, yk_identity self,
                                  uint64_t deadline);
void yk_ipc_object_wake_next(yk_ipc_object *object);
yoke_status yk_ipc_object_refuse_lock(yk_ipc_object *object);

/* Takes the lock if it is free. */
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

/* Freed memory reads as an unlocked lock, so a lock that was taken there is not valid. */
static inline yoke_status yk_ipc_object_keep_lock(yk_ipc_object *object, yoke_status status)
{
    return (status == YOKE_OK || status == YOKE_EOWNERDEAD) && !yk_ipc_object_is_open(object)
               ? yk_ipc_object_refuse_lock(object)
               : status;
}

/*
 * YOKE_OK, or YOKE_EOWNERDEAD: taken over from a thread that died. Without the lock:
 * YOKE_EAGAIN (at once), YOKE_ETIMEDOUT, YOKE_EBUSY (this thread has it), YOKE_ECLOSED,
 * YOKE_EBROKEN (the keeper has ended).
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

/* A recursive lock. YOKE_EDAMAGED: how many times it was taken is not known. */
yoke_status yk_ipc_object_lock_again(yk_ipc_object *object, yk_identity self,
                                 uint64_t deadline);
void yk_ipc_object_unlock_once(yk_ipc_object *object);

/* Takes the lock for a short time, inside a call that ends at `deadline`. Even a call that does
 * not wait, waits a little for other threads that are inside. As yk_ipc_object_lock(), and
 * YOKE_ECLOSED once the object is shut. */
yoke_status yk_object_enter(yk_ipc_object *object, yk_identity self, uint64_t deadline);

/* ---- waiting for what it holds ---- */

typedef struct yk_waiting {
    yk_ipc_object *object;
    uint64_t deadline;
    uint64_t next_look_ns; /* when to check next whether the application lives */
} yk_waiting;

yk_waiting yk_waiting_start(yk_ipc_object *object, uint64_t deadline);

/*
 * Sleeps until that bell is signalled after the ticket was drawn, but no longer than
 * YK_POLL_MS: then YOKE_OK, check again. Otherwise waiting is pointless: YOKE_EAGAIN,
 * YOKE_ETIMEDOUT, YOKE_ECLOSED, YOKE_EBROKEN.
 */
yoke_status yk_waiting_sleep(yk_waiting *waiting, unsigned bell, uint32_t ticket);

#endif
