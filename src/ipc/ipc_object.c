/* SPDX-License-Identifier: MIT */
#include "ipc/ipc_object.h"

#include <string.h>

#include "base/clock.h"
#include "ipc/step.h"
#include "shm/window.h"
#include "sys/call_guard.h"
#include "sys/futex.h"

static const uint64_t spin_ns = 20000;
static const uint64_t lock_look_ns = (uint64_t)YK_LOCK_POLL_MS * YK_NS_PER_MS;
static const uint64_t poll_ns = (uint64_t)YK_POLL_MS * YK_NS_PER_MS;

#ifdef YOKE_FAULT_POINTS
void (*yk_step_hook)(void);

void yk_step_visit(void)
{
    if (yk_step_hook != NULL) {
        yk_step_hook();
    }
}
#endif

uint64_t yk_deadline(double seconds)
{
    return seconds == 0 ? YK_AT_ONCE : yk_clock_deadline(seconds);
}

void yk_ipc_object_init(yk_ipc_object *object)
{
    memset(object, 0, sizeof *object);
    yk_ipc_object_set_keeper(object, yk_identity_process());
}

void yk_ipc_object_set_keeper(yk_ipc_object *object, uint64_t keeper)
{
    object->keeper = keeper;
    object->keeper_check = ~keeper;
}

void yk_ipc_object_open(yk_ipc_object *object, yk_magic magic)
{
    atomic_store(&object->magic, (uint32_t)magic);
}

/* ---- its bells ---- */

static void ipc_object_tell_hub(const yk_eventcount *bell)
{
    yk_hub *hub = yk_window_hub(bell);

    YK_STEP();
    if (hub != NULL) {
        yk_hub_signal(hub, bell);
    }
}

void yk_ipc_object_ring(yk_ipc_object *object, unsigned bell)
{
    if (yk_eventcount_signal(&object->bells[bell])) {
        ipc_object_tell_hub(&object->bells[bell]);
    }
}

void yk_ipc_object_repair_bell(yk_ipc_object *object, unsigned bell)
{
    if (yk_eventcount_repair(&object->bells[bell])) {
        ipc_object_tell_hub(&object->bells[bell]);
    }
}

/* ---- its end ---- */

static bool spin_for_lock(yk_ipc_object *object, yk_identity self)
{
    enum { TURNS_PER_LOOK = 8 };
    const uint64_t start = yk_clock_ns();

    do {
        for (unsigned turn = 0; turn < TURNS_PER_LOOK; turn++) {
            if (atomic_load(&object->owner) == 0 &&
                yk_ipc_object_try_lock(object, self)) {
                return true;
            }
            yk_yield();
        }
    } while (yk_clock_ns() - start < spin_ns);
    return false;
}

/* Takes the lock for good. A waiter that is woken by its release finds the object closed, and
 * does not need the lock; so this only polls. */
static bool drive_out(yk_ipc_object *object)
{
    const yk_identity self = yk_identity_thread();
    const uint64_t limit = yk_clock_ns() + YK_NS_PER_S;

    do {
        const uint32_t turn = atomic_load(&object->turn);
        uint64_t owner = 0;

        if (yk_ipc_object_has_lock(object, self) || spin_for_lock(object, self)) {
            return true;
        }
        owner = atomic_load(&object->owner);
        if (owner != 0 && !yk_identity_thread_lives(owner) &&
            atomic_compare_exchange_strong(&object->owner, &owner, self)) {
            return true;
        }
        yk_futex_wait(&object->turn, turn, YK_NS_PER_MS);
    } while (yk_clock_ns() < limit);
    return false;
}

bool yk_ipc_object_shut(yk_ipc_object *object, bool settle)
{
    bool settled = true;

    atomic_store(&object->magic, (uint32_t)YK_MAGIC_CLOSED);
    if (settle) {
        settled = drive_out(object);
    }
    yk_ipc_object_repair_bell(object, 0);
    yk_ipc_object_repair_bell(object, 1);
    (void)atomic_fetch_add(&object->turn, 1);
    yk_futex_wake(&object->turn, YK_WAKE_ALL);
    return settled;
}

bool yk_ipc_object_is_orphan(const yk_ipc_object *object)
{
    const uint64_t keeper = object->keeper;
    const bool is_lost =
        object->keeper_check != ~keeper || !yk_identity_process_lives(keeper);

    /* Afterwards: what was destroyed reads as zeros, which name no keeper. */
    return is_lost && yk_ipc_object_is_open(object);
}

/* How long to sleep; YOKE_EAGAIN or YOKE_ETIMEDOUT if there is no time left. */
static yoke_status ipc_object_time_left(uint64_t deadline, uint64_t max_ns,
                                        uint64_t *left_ns)
{
    uint64_t now;

    *left_ns = max_ns;
    if (deadline == YK_AT_ONCE) {
        return YOKE_EAGAIN;
    }
    if (deadline == YK_FOR_EVER) {
        return YOKE_OK;
    }
    now = yk_clock_ns();
    if (now >= deadline) {
        return YOKE_ETIMEDOUT;
    }
    if (deadline - now < max_ns) {
        *left_ns = deadline - now;
    }
    return YOKE_OK;
}

yk_waiting yk_waiting_start(yk_ipc_object *object, uint64_t deadline)
{
    return (yk_waiting){.object = object, .deadline = deadline};
}

/* Whether the keeper has ended. Checks not at first, then about once a second. */
static bool has_become_orphan(yk_waiting *waiting)
{
    const uint64_t now = yk_clock_ns();

    if (waiting->next_look_ns == 0) {
        waiting->next_look_ns = now + YK_NS_PER_S;
    }
    if (now < waiting->next_look_ns) {
        return false;
    }
    waiting->next_look_ns = now + YK_NS_PER_S;
    return yk_ipc_object_is_orphan(waiting->object);
}

yoke_status yk_waiting_sleep(yk_waiting *waiting, unsigned bell, uint32_t ticket)
{
    uint64_t left;
    yoke_status status;

    if (!yk_ipc_object_is_open(waiting->object)) {
        return YOKE_ECLOSED;
    }
    status = ipc_object_time_left(waiting->deadline, poll_ns, &left);
    if (status != YOKE_OK) {
        return status;
    }
    if (has_become_orphan(waiting)) {
        return YOKE_EBROKEN;
    }
    yk_guard_cancel_point();
    yk_eventcount_wait_spinning(&waiting->object->bells[bell], ticket,
                                left < spin_ns ? left : spin_ns, left);
    return YOKE_OK;
}

/* ---- the lock ---- */

void yk_ipc_object_wake_next(yk_ipc_object *object)
{
    YK_STEP();
    (void)atomic_fetch_add(&object->turn, 1);
    yk_futex_wake(&object->turn, 1);
}

yoke_status yk_ipc_object_refuse_lock(yk_ipc_object *object)
{
    yk_ipc_object_unlock(object);
    return YOKE_ECLOSED;
}

/* What a waiter knew of the lock's owner before it slept. */
typedef struct lock_look {
    uint64_t owner; /* last seen, without the flag */
    /* since when it has had the lock; 0: check at once whether it lives */
    uint64_t since_ns;
    uint64_t unsigned_ns; /* since when its signature is missing; 0: none is needed */
} lock_look;

/* An owner that cannot be looked up and did not sign: the word is not an owner's. */
static bool is_forged(const yk_ipc_object *object, lock_look *look, uint64_t owner,
                      uint64_t now)
{
    if (yk_identity_is_certain(owner) || atomic_load(&object->holder) == owner) {
        look->unsigned_ns = 0;
        return false;
    }
    look->unsigned_ns = look->unsigned_ns == 0 ? now : look->unsigned_ns;
    return now - look->unsigned_ns >= YK_NS_PER_S;
}

static bool owner_died(const yk_ipc_object *object, lock_look *look, uint64_t owner,
                       bool at_once)
{
    const uint64_t now = yk_clock_ns();

    if (look->owner != owner) {
        *look = (lock_look){owner, now, 0};
    }
    if (is_forged(object, look, owner, now)) {
        return true;
    }
    if (!at_once && now - look->since_ns < lock_look_ns) {
        return false;
    }
    look->since_ns = now;
    return !yk_identity_thread_lives(owner);
}

/* Sets the flag in the word, so that its owner wakes this thread, and sleeps. */
static bool sleep_for_lock(yk_ipc_object *object, uint64_t word, uint32_t turn,
                           uint64_t ns)
{
    if ((word & YK_CONTENDED) == 0 &&
        !atomic_compare_exchange_strong(&object->owner, &word, word | YK_CONTENDED)) {
        return false;
    }
    YK_STEP();
    yk_futex_wait(&object->turn, turn, ns);
    return true;
}

yoke_status yk_ipc_object_lock_slowly(yk_ipc_object *object, yk_identity self,
                                      uint64_t deadline)
{
    yk_waiting waiting = yk_waiting_start(object, deadline);
    lock_look look = {0, 0, 0};
    uint64_t flag = 0;

    if (yk_ipc_object_has_lock(object, self)) {
        return YOKE_EBUSY;
    }
    if (deadline != YK_AT_ONCE && spin_for_lock(object, self)) {
        return YOKE_OK;
    }
    for (;;) {
        const uint32_t turn = atomic_load(&object->turn);
        uint64_t word = atomic_load(&object->owner);
        uint64_t left;
        yoke_status status;

        if (!yk_ipc_object_is_open(object)) {
            return YOKE_ECLOSED;
        }
        if (word == 0) {
            if (yk_ipc_object_try_lock(object, self | flag)) {
                return YOKE_OK;
            }
            continue;
        }
        if (owner_died(object, &look, word & ~YK_CONTENDED, deadline == YK_AT_ONCE)) {
            if (atomic_compare_exchange_strong(&object->owner, &word,
                                               self | YK_CONTENDED)) {
                atomic_store(&object->holder, self);
                return YOKE_EOWNERDEAD;
            }
            continue;
        }
        status = ipc_object_time_left(deadline, lock_look_ns, &left);
        if (status == YOKE_OK && has_become_orphan(&waiting)) {
            status = YOKE_EBROKEN;
        }
        if (status != YOKE_OK) {
            return status;
        }
        yk_guard_cancel_point();
        if (sleep_for_lock(object, word, turn, left)) {
            flag = YK_CONTENDED;
        }
    }
}

yoke_status yk_object_enter(yk_ipc_object *object, yk_identity self, uint64_t deadline)
{
    yoke_status status = YOKE_OK;

    if (!yk_ipc_object_try_lock(object, self)) {
        /* the caller may be in the middle of a step, and this takes a short time */
        YK_NOT_CANCELLED;

        status = yk_ipc_object_lock_slowly(
            object, self,
            deadline == YK_AT_ONCE ? yk_clock_ns() + YK_NS_PER_S : deadline);
        if (status == YOKE_ETIMEDOUT && deadline == YK_AT_ONCE) {
            status = YOKE_EAGAIN;
        }
    }
    if ((status == YOKE_OK || status == YOKE_EOWNERDEAD) &&
        !yk_ipc_object_is_open(object)) {
        yk_ipc_object_unlock(object);
        return YOKE_ECLOSED;
    }
    return status;
}

static void set_depth(yk_ipc_object *object, uint32_t depth)
{
    object->depth = depth;
    object->depth_check = ~depth;
}

yoke_status yk_ipc_object_lock_again(yk_ipc_object *object, yk_identity self,
                                     uint64_t deadline)
{
    yoke_status status;

    if (yk_ipc_object_has_lock(object, self)) {
        if (object->depth_check != ~object->depth) {
            return YOKE_EDAMAGED;
        }
        set_depth(object, object->depth + 1);
        return YOKE_OK;
    }
    status = yk_ipc_object_lock(object, self, deadline);
    if (status == YOKE_OK || status == YOKE_EOWNERDEAD) {
        set_depth(object, 1);
    }
    return status;
}

/* If the count is not known, the lock is released, so that others do not wait for ever. */
void yk_ipc_object_unlock_once(yk_ipc_object *object)
{
    const uint32_t depth = object->depth;

    if (depth > 1 && object->depth_check == ~depth) {
        set_depth(object, depth - 1);
    } else {
        set_depth(object, 0);
        yk_ipc_object_unlock(object);
    }
}
