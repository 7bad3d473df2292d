/* SPDX-License-Identifier: MIT */
#include "patterns/wait_any.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/clock.h"
#include "ipc/step.h"
#include "pool/pool.h"
#include "shm/window.h"
#include "sys/call_guard.h"
#include "sys/futex.h"

/* About what a sleep costs a signaller and the thread. */
static const uint64_t spin_ns = 20000;

/* How long to sleep at most, and how often to look for deaths. */
static const uint64_t poll_ns = (uint64_t)YK_POLL_MS * YK_NS_PER_MS;

typedef struct any_thing any_thing;

/* Kinds of things. */
typedef struct any_kind {
    /* Whether it is ready. `link`: the thread is about to sleep, so that a later change has to
     * reach the hub. May call the program. */
    bool (*check)(const any_thing *thing, bool link);
    /* Whether a check may well succeed now: quick, calls nothing. */
    bool (*seems_ready)(const any_thing *thing);
    /* About every 0.1 s. Whether it is ready for a reason that no signal announces. */
    bool (*look)(const any_thing *thing);
} any_kind;

struct any_thing {
    const any_kind *kind;
    yk_ready object;
    yoke_future *future;
    yoke_process *process;
    yk_member_process *member; /* of this process, which a pool has started */
    yoke_pool *pool; /* of a future: the thread is inside; NULL: the pool is gone */
};

struct yk_any_wait {
    const void *pool; /* of all things; NULL: of pools that are gone */
    yk_hub *hub;      /* its hub */
    size_t count;
    uint32_t mask; /* bits of all event counts, at the hub */
    const yk_ipc_object *object; /* one of them; NULL: there is none */
    any_thing things[];
};

/* ---- objects ---- */

static bool any_check_object(const any_thing *thing, bool link)
{
    return yk_ready_check(&thing->object, link);
}

static bool any_object_seems_ready(const any_thing *thing)
{
    return yk_ready_check(&thing->object, false);
}

static bool any_look_at_object(const any_thing *thing)
{
    return yk_ready_look(&thing->object);
}

static const any_kind any_object = {any_check_object, any_object_seems_ready,
                                    any_look_at_object};

/* ---- futures ---- */

static bool any_check_future(const any_thing *thing, bool link)
{
    yoke_pool *pool = thing->pool;

    if (pool == NULL) {
        return true;
    }
    if (link) {
        yk_eventcount_link(&yk_job_at(pool->control, thing->future->ref)->ended);
    }
    if (yk_future_wait(thing->future, 0, NULL) == YOKE_OK) {
        return true;
    }
    if (link && !thing->future->collected) {
        yk_job_wake_all(pool->control, thing->future->ref); /* it takes longer */
    }
    return false;
}

static bool any_future_seems_ready(const any_thing *thing)
{
    return thing->pool == NULL ||
           yk_job_has_ended(thing->pool->control, thing->future->ref);
}

/* Jobs of a broken pool end. */
static bool any_look_at_future(const any_thing *thing)
{
    return thing->pool == NULL ||
           (!yk_pool_is_alive(thing->pool) && any_check_future(thing, false));
}

static const any_kind any_future = {any_check_future, any_future_seems_ready,
                                    any_look_at_future};

/* ---- processes ---- */

static bool any_check_process(const any_thing *thing, bool link)
{
    if (link) {
        yk_eventcount_link(yk_process_bell(thing->process));
    }
    return yk_process_join(thing->process, 0, NULL) != YOKE_ETIMEDOUT;
}

static bool any_process_seems_ready(const any_thing *thing)
{
    return yk_process_seems_ended(thing->process);
}

static bool any_look_at_process(const any_thing *thing)
{
    return any_check_process(thing, false); /* also of a broken pool */
}

static const any_kind any_process = {any_check_process, any_process_seems_ready,
                                     any_look_at_process};

/* ---- processes of a process ---- */

static bool any_check_member(const any_thing *thing, bool link)
{
    if (link && !thing->member->ended) {
        yk_eventcount_link(yk_member_bell(thing->member));
    }
    return yk_member_join(thing->member, 0, NULL) != YOKE_ETIMEDOUT;
}

static bool any_member_seems_ready(const any_thing *thing)
{
    return thing->member->ended || yk_member_seems_ended(thing->member);
}

static bool any_look_at_member(const any_thing *thing)
{
    return any_check_member(thing, false);
}

static const any_kind any_member = {any_check_member, any_member_seems_ready,
                                    any_look_at_member};

/* ---- beginning and end ---- */

yk_any_wait *yk_any_create(size_t count)
{
    yk_any_wait *wait =
        count <= (SIZE_MAX - sizeof *wait) / sizeof wait->things[0]
            ? malloc(sizeof *wait + count * sizeof wait->things[0])
            : NULL;

    if (wait != NULL) {
        *wait = (yk_any_wait){.hub = NULL};
    }
    return wait;
}

/* It is of that pool, an address that is only compared, whose hub that is. */
static yoke_status any_join_pool(yk_any_wait *wait, const void *pool, yk_hub *hub,
                                 yk_error *error)
{
    if (wait->pool != NULL && wait->pool != pool) {
        return yk_fail(error, YOKE_EINVAL,
                       "it is of another pool than those before it; one call waits for "
                       "things of one pool");
    }
    wait->pool = pool;
    wait->hub = hub;
    return YOKE_OK;
}

static void any_add(yk_any_wait *wait, any_thing thing)
{
    wait->things[wait->count++] = thing;
}

yoke_status yk_any_add_object(yk_any_wait *wait, yk_ipc_object *object, uint32_t magic,
                              yk_error *error)
{
    any_thing thing = {.kind = &any_object};
    yk_hub *hub = yk_window_hub(object);
    const void *pool;
    pid_t maker;
    yoke_status status;

    if (hub == NULL || !yk_window_find(object, sizeof *object, &pool, &maker)) {
        return yk_fail(error, YOKE_ECLOSED, "its pool was closed");
    }
    status = any_join_pool(wait, pool, hub, error);
    if (status == YOKE_OK) {
        status = yk_ready_begin(&thing.object, object, magic, error);
    }
    if (status == YOKE_OK) {
        wait->mask |= yk_hub_bit(thing.object.bell);
        wait->object = object;
        any_add(wait, thing);
    }
    return status;
}

static yk_hub *any_hub_of(const yoke_pool *pool)
{
    return (yk_hub *)(uintptr_t)pool->control->hub;
}

yoke_status yk_any_add_future(yk_any_wait *wait, yoke_future *future, yk_error *error)
{
    yoke_pool *pool;

    if (yk_result_is_making(future)) {
        return yk_fail(error, YOKE_EBUSY,
                       "the function that makes the job's result cannot wait for it");
    }
    pool = yk_future_enter(future);
    if (pool != NULL) {
        const yoke_status status = any_join_pool(wait, pool, any_hub_of(pool), error);

        if (status != YOKE_OK) {
            yk_pool_leave(pool);
            return status;
        }
        yk_pool_lock(pool);
        future->references++;
        yk_pool_unlock(pool);
        wait->mask |= yk_hub_bit(&yk_job_at(pool->control, future->ref)->ended);
    }
    any_add(wait, (any_thing){.kind = &any_future, .future = future, .pool = pool});
    return YOKE_OK;
}

yoke_status yk_any_add_process(yk_any_wait *wait, yoke_process *process, yk_error *error)
{
    const yoke_status status =
        any_join_pool(wait, process->pool, any_hub_of(process->pool), error);

    if (status == YOKE_OK) {
        wait->mask |= yk_hub_bit(yk_process_bell(process));
        any_add(wait, (any_thing){.kind = &any_process, .process = process});
    }
    return status;
}

yoke_status yk_any_add_member(yk_any_wait *wait, yk_member_process *process,
                              yk_error *error)
{
    const yoke_status status = any_join_pool(
        wait, process->pool, (yk_hub *)(uintptr_t)process->control->hub, error);

    if (status == YOKE_OK) {
        wait->mask |= yk_hub_bit(yk_member_bell(process));
        any_add(wait, (any_thing){.kind = &any_member, .member = process});
    }
    return status;
}

void yk_any_destroy(yk_any_wait *wait)
{
    while (wait != NULL && wait->count > 0) {
        const any_thing *thing = &wait->things[--wait->count];

        if (thing->pool != NULL) {
            yk_future_let_go(thing->future);
            yk_pool_leave(thing->pool);
        }
    }
    free(wait);
}

static void any_undo(void *wait, uint64_t unused)
{
    (void)unused;
    yk_any_destroy(wait);
}

/* ---- waiting ---- */

typedef struct any_result {
    size_t *index;
    bool *ready; /* NULL: not wanted */
} any_result;

static void any_note(const any_result *result, size_t i, bool is_ready, bool *found)
{
    if (is_ready && !*found) {
        *result->index = i;
        *found = true;
    }
    if (result->ready != NULL) {
        result->ready[i] = is_ready;
    }
}

static bool any_check_all(const yk_any_wait *wait, bool link, const any_result *result)
{
    bool found = false;

    for (size_t i = 0; i < wait->count; i++) {
        const any_thing *thing = &wait->things[i];

        any_note(result, i, thing->kind->check(thing, link), &found);
    }
    return found;
}

/* After a check that has found nothing. */
static bool any_look_at_all(const yk_any_wait *wait, const any_result *result)
{
    bool found = false;

    for (size_t i = 0; i < wait->count; i++) {
        const any_thing *thing = &wait->things[i];

        any_note(result, i, thing->kind->look(thing), &found);
    }
    return found;
}

static bool any_seems_ready(const yk_any_wait *wait)
{
    for (size_t i = 0; i < wait->count; i++) {
        if (wait->things[i].kind->seems_ready(&wait->things[i])) {
            return true;
        }
    }
    return false;
}

static void any_spin(const yk_any_wait *wait)
{
    const uint64_t end = yk_clock_ns() + spin_ns;

    while (!any_seems_ready(wait) && yk_clock_ns() < end) {
        yk_yield();
    }
}

yoke_status yk_any_check_supervisor(const yk_any_wait *wait, yk_error *error)
{
    for (size_t i = 0; i < wait->count; i++) {
        const any_thing *thing = &wait->things[i];
        yoke_pool *pool = thing->process != NULL ? thing->process->pool : thing->pool;

        if (pool != NULL) {
            return yk_pool_check(pool, error); /* all are of one pool */
        }
    }
    return YOKE_OK;
}

/* Looks for what no signal announces. YOKE_EAGAIN: there is nothing. */
static yoke_status any_look(const yk_any_wait *wait, const any_result *result)
{
    if (any_look_at_all(wait, result)) {
        return YOKE_OK;
    }
    YK_STEP();
    if (yk_any_check_supervisor(wait, NULL) == YOKE_ESTOPPED) {
        return YOKE_ESTOPPED;
    }
    return wait->object != NULL && yk_ipc_object_is_orphan(wait->object) ? YOKE_EBROKEN
                                                                        : YOKE_EAGAIN;
}

/* As yk_any_wait_until(), and YOKE_EAGAIN: check again. */
static yoke_status any_turn(const yk_any_wait *wait, uint64_t deadline,
                            uint64_t *next_look, const any_result *result)
{
    const uint32_t ticket = yk_hub_ticket(wait->hub);
    const bool is_last = yk_clock_ns() >= deadline;
    yoke_status status = YOKE_EAGAIN;
    uint64_t now;

    if (any_check_all(wait, !is_last, result)) {
        return YOKE_OK;
    }
    now = yk_clock_ns();
    if (is_last || now >= *next_look) {
        *next_look = now + poll_ns;
        status = any_look(wait, result);
    }
    if (is_last) {
        return status == YOKE_OK || status == YOKE_EBROKEN ? status : YOKE_ETIMEDOUT;
    }
    if (status != YOKE_EAGAIN) {
        return status;
    }
    YK_STEP();
    yk_guard_cancel_point();
    yk_hub_wait(wait->hub, ticket, wait->mask,
                now < deadline ? yk_min(poll_ns, deadline - now) : 0);
    return YOKE_EAGAIN;
}

yoke_status yk_any_wait_until(yk_any_wait *wait, uint64_t deadline, size_t *index,
                              bool *ready)
{
    const any_result result = {index, ready};
    uint64_t next_look = 0;
    yoke_status status;

    yk_hold(any_undo, wait, 0);
    yk_guard_cancel_point(); /* also if it need not sleep */
    if (deadline != YK_AT_ONCE) {
        any_spin(wait);
    }
    /* Without links first, which would make those that signal do more. */
    status = any_check_all(wait, false, &result) ? YOKE_OK : YOKE_EAGAIN;
    while (status == YOKE_EAGAIN) {
        status = any_turn(wait, deadline, &next_look, &result);
    }
    yk_hold_end();
    return status;
}
