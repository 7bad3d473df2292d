/* SPDX-License-Identifier: MIT */
#include "ipc/condition_variable.h"

#include "base/bits.h"
#include "base/clock.h"
#include "ipc/step.h"
#include "sys/call_guard.h"
#include "sys/futex.h"

void yk_condition_wake(yk_ipc_object *condition, int count)
{
    (void)atomic_fetch_add(&condition->bells[0].word, 4);
    YK_STEP();
    yk_futex_wake(&condition->bells[0].word, count);
}

static yoke_status sleep_until(yk_ipc_object *condition, uint32_t ticket,
                               uint64_t deadline)
{
    const uint64_t look = (uint64_t)YK_POLL_MS * YK_NS_PER_MS;
    uint64_t now;

    if (deadline == YK_AT_ONCE) {
        return YOKE_EAGAIN;
    }
    now = yk_clock_ns();
    if (now >= deadline) {
        return YOKE_ETIMEDOUT;
    }
    yk_futex_wait(&condition->bells[0].word, ticket, yk_min(look, deadline - now));
    YK_STEP();
    if (atomic_load(&condition->bells[0].word) != ticket) {
        return YOKE_OK;
    }
    if (yk_clock_ns() >= deadline) {
        return YOKE_ETIMEDOUT;
    }
    return yk_ipc_object_is_orphan(condition) ? YOKE_EBROKEN : YOKE_OK;
}

static yoke_status lock_again(yk_ipc_object *lock)
{
    YK_NOT_CANCELLED;

    return yk_ipc_object_lock(lock, yk_identity_thread(), YK_FOR_EVER);
}

/* As in POSIX, a thread that is cancelled while it waits has the lock again. */
static void undo_wait(void *lock, uint64_t unused)
{
    (void)unused;
    (void)lock_again(lock);
}

yoke_status yk_condition_wait(yk_ipc_object *condition, yk_ipc_object *lock,
                              uint64_t deadline)
{
    const uint32_t ticket = atomic_load(&condition->bells[0].word);
    yoke_status status;
    yoke_status locked;

    yk_ipc_object_unlock(lock);
    YK_STEP();
    yk_hold(undo_wait, lock, 0);
    yk_guard_cancel_point();
    yk_hold_end();
    status = sleep_until(condition, ticket, deadline);
    YK_STEP();
    if (status == YOKE_EBROKEN) {
        return status;
    }
    locked = lock_again(lock);
    if (locked != YOKE_OK) {
        return locked;
    }
    return yk_ipc_object_is_open(condition) ? status : YOKE_ECLOSED;
}
