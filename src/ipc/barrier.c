/* SPDX-License-Identifier: MIT */
#include "ipc/barrier.h"

#include "ipc/step.h"
#include "sys/call_guard.h"

#define HALTED (UINT64_C(1) << 31)
#define COUNT (HALTED - 1)

static uint64_t round_of(uint64_t state)
{
    return state >> 32;
}

static uint64_t next_round(uint64_t state)
{
    return (round_of(state) + 1) << 32;
}

static uint64_t barrier_bit_of(uint64_t round)
{
    return UINT64_C(1) << (round % 64);
}

static uint64_t barrier_seal_of(const yk_barrier *barrier, uint32_t parties)
{
    const uint64_t word = parties;

    return yk_seal_of(barrier, &word, 1);
}

uint64_t yk_barrier_bytes(uint32_t parties)
{
    return sizeof(yk_barrier) + parties * sizeof(uint64_t);
}

void yk_barrier_init(yk_barrier *barrier, uint32_t parties)
{
    yk_ipc_object_init(&barrier->object);
    barrier->parties = parties;
    barrier->object.seal = barrier_seal_of(barrier, parties);
}

/* The number of threads that have to come; 0: the barrier is damaged. */
static uint32_t parties_of(const yk_barrier *barrier)
{
    const uint32_t parties = barrier->parties;

    return barrier->object.seal == barrier_seal_of(barrier, parties) ? parties : 0;
}

/* With the lock. YOKE_EDAMAGED unless fewer threads wait than have to come. */
static yoke_status check_state(const yk_barrier *barrier)
{
    return (atomic_load(&barrier->state) & COUNT) < parties_of(barrier)
               ? YOKE_OK
               : yk_ipc_object_damaged(&barrier->object);
}

static bool is_broken(const yk_barrier *barrier, uint64_t round)
{
    return (atomic_load(&barrier->broken) & barrier_bit_of(round)) != 0;
}

static uint64_t *who_waits(yk_barrier *barrier)
{
    return (uint64_t *)(barrier + 1);
}

static void barrier_leave(yk_barrier *barrier)
{
    yk_ipc_object_unlock(&barrier->object);
    YK_STEP();
}

/* With the lock. Starts the next round, which has not ended yet. */
static void begin_round(yk_barrier *barrier, uint64_t state, uint64_t halted)
{
    const uint64_t next = next_round(state) | halted;

    (void)atomic_fetch_and(&barrier->broken, ~barrier_bit_of(round_of(next)));
    YK_STEP();
    atomic_store(&barrier->state, next);
    YK_STEP();
    yk_ipc_object_ring(&barrier->object, 0);
}

static void break_round(yk_barrier *barrier, uint64_t state, uint64_t halted)
{
    (void)atomic_fetch_or(&barrier->broken, barrier_bit_of(round_of(state)));
    YK_STEP();
    begin_round(barrier, state, halted);
}

/* After a death: completes the break of a round. */
static void barrier_repair(yk_barrier *barrier)
{
    const uint64_t state = atomic_load(&barrier->state);

    if (is_broken(barrier, round_of(state))) {
        begin_round(barrier, state, HALTED);
    }
}

static yoke_status barrier_enter(yk_barrier *barrier, uint64_t deadline)
{
    yoke_status status =
        yk_object_enter(&barrier->object, yk_identity_thread(), deadline);

    YK_STEP();
    if (status == YOKE_EOWNERDEAD) {
        barrier_repair(barrier);
        status = YOKE_OK;
    }
    if (status == YOKE_OK) {
        status = check_state(barrier);
        if (status != YOKE_OK) {
            barrier_leave(barrier);
        }
    }
    return status;
}

/* With the lock: the thread comes, if it may. YOKE_EAGAIN: it has to wait for the others. */
static yoke_status barrier_arrive(yk_barrier *barrier, uint64_t *state, bool may_wait)
{
    *state = atomic_load(&barrier->state);
    if ((*state & HALTED) != 0) {
        return YOKE_EBROKEN;
    }
    if ((*state & COUNT) + 1 == barrier->parties) {
        begin_round(barrier, *state, 0);
        return YOKE_OK;
    }
    if (may_wait) {
        who_waits(barrier)[*state & COUNT] = yk_identity_thread();
        YK_STEP();
        atomic_store(&barrier->state, *state + 1);
        YK_STEP();
    }
    return YOKE_EAGAIN;
}

/* The place of a thread that waits. Each thread watches the one that came next, and the last
 * one watches the first. So every death is noticed by a thread that lives, if there is one, and
 * thousands of waiting threads do not all check each other. */
typedef struct place {
    uint64_t round;
    uint64_t index;
} place;

/* With the lock, in the same round, in which at least this thread waits: whether the next one
 * died. */
static bool next_one_died(yk_barrier *barrier, uint64_t state, uint64_t index)
{
    return (state & COUNT) == 0 ||
           !yk_identity_thread_lives(who_waits(barrier)[(index + 1) % (state & COUNT)]);
}

/* Breaks the round, if it has not ended, when a thread in it is dead or gives up. */
static yoke_status check_round(yk_barrier *barrier, place own, bool gives_up)
{
    const yoke_status status = barrier_enter(barrier, YK_FOR_EVER);
    uint64_t state;

    if (status != YOKE_OK) {
        return status;
    }
    state = atomic_load(&barrier->state);
    if (round_of(state) == own.round &&
        (gives_up || next_one_died(barrier, state, own.index))) {
        break_round(barrier, state, HALTED);
    }
    barrier_leave(barrier);
    return YOKE_OK;
}

static bool barrier_has_ended(const yk_barrier *barrier, uint64_t round)
{
    return round_of(atomic_load(&barrier->state)) != round;
}

static yoke_status barrier_outcome(const yk_barrier *barrier, uint64_t round)
{
    return is_broken(barrier, round) ? YOKE_EBROKEN : YOKE_OK;
}

static yoke_status wait_for_others(yk_barrier *barrier, place own, uint64_t deadline)
{
    const uint64_t round = own.round;
    yk_waiting waiting = yk_waiting_start(&barrier->object, deadline);

    for (;;) {
        const uint32_t ticket = yk_eventcount_ticket(&barrier->object.bells[0]);
        yoke_status status;

        if (barrier_has_ended(barrier, round)) {
            return yk_ipc_object_is_open(&barrier->object)
                       ? barrier_outcome(barrier, round)
                       : YOKE_ECLOSED;
        }
        status = yk_waiting_sleep(&waiting, 0, ticket);
        if (status != YOKE_OK && status != YOKE_ETIMEDOUT) {
            return status;
        }
        if (!barrier_has_ended(barrier, round) &&
            yk_eventcount_ticket(&barrier->object.bells[0]) == ticket) {
            const yoke_status checked = check_round(barrier, own, status != YOKE_OK);

            if (checked != YOKE_OK) {
                return checked;
            }
            if (status == YOKE_ETIMEDOUT &&
                barrier_outcome(barrier, round) == YOKE_EBROKEN) {
                return status;
            }
        }
    }
}

/* The thread is cancelled, so it gives up. */
static void undo_arrive(void *barrier, uint64_t round)
{
    (void)check_round(barrier, (place){round, 0}, true);
}

yoke_status yk_barrier_wait(yk_barrier *barrier, uint32_t *index, uint64_t deadline)
{
    yoke_status status = barrier_enter(barrier, deadline);
    uint64_t state;

    if (status != YOKE_OK) {
        return status;
    }
    status = barrier_arrive(barrier, &state, deadline != YK_AT_ONCE);
    barrier_leave(barrier);
    *index = (uint32_t)(state & COUNT);
    if (status != YOKE_EAGAIN || deadline == YK_AT_ONCE) {
        return status;
    }
    yk_hold(undo_arrive, barrier, round_of(state));
    status = wait_for_others(barrier, (place){round_of(state), *index}, deadline);
    yk_hold_end();
    return status;
}

yoke_status yk_barrier_break(yk_barrier *barrier, bool again)
{
    const yoke_status status = barrier_enter(barrier, YK_FOR_EVER);

    if (status == YOKE_OK) {
        break_round(barrier, atomic_load(&barrier->state), again ? 0 : HALTED);
        barrier_leave(barrier);
    }
    return status;
}

uint32_t yk_barrier_parties(const yk_barrier *barrier)
{
    return parties_of(barrier);
}

bool yk_barrier_is_broken(const yk_barrier *barrier)
{
    return (atomic_load(&barrier->state) & HALTED) != 0;
}

uint32_t yk_barrier_count(const yk_barrier *barrier)
{
    const uint32_t count = (uint32_t)(atomic_load(&barrier->state) & COUNT);

    return count < parties_of(barrier) ? count : 0;
}
