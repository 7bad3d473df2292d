/* SPDX-License-Identifier: MIT */
/*
 * Pipes, conditions, arrays and locks that may be taken again, with a death at each step as in
 * test_sharing.c; and every object destroyed by another thread at each step of a call.
 */
#include "support/yoke_test.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "ipc/ipc_object.h"
#include "ipc/step.h"
#include "steps.h"
#include "yoke/yoke.h"

enum { ITEM = 100, COUNT = 3 };

static yoke_pool *pool;

typedef struct board {
    yoke_pipe *ends[2];
    yoke_mutex *lock;
    yoke_mutex *rlock;
    yoke_condition *condition;
    yoke_array *array;
    yoke_queue *queue;
    yoke_queue *empty; /* at first */
    yoke_array *value;
    yoke_event *event;
    yoke_semaphore *semaphore;
    yoke_barrier *barrier;
    _Atomic int turn; /* protected by the lock */
} board;

static board *b;

static void fill(unsigned char *item, unsigned number)
{
    memset(item, (int)number, ITEM);
}

static bool is_whole(const unsigned char *item)
{
    return memcmp(item, item + 1, ITEM - 1) == 0;
}

static void create(void)
{
    unsigned char item[ITEM];

    fill(item, 1);
    assert_ok_pool(pool, yoke_pipe_create(b->ends, pool,
                                          &(yoke_pipe_options){.capacity = 3 * 112}));
    assert_ok_pool(pool, yoke_mutex_create(&b->lock, pool, NULL));
    assert_ok_pool(pool, yoke_mutex_create(&b->rlock, pool,
                                           &(yoke_mutex_options){.recursive = true}));
    assert_ok_pool(pool, yoke_condition_create(&b->condition, pool, NULL));
    assert_ok_pool(pool, yoke_array_create(&b->array, pool, COUNT, ITEM, NULL));
    assert_ok_pool(pool, yoke_queue_create(&b->queue, pool,
                                           &(yoke_queue_options){.capacity = 3 * 112,
                                                                 .track_done = true}));
    assert_ok_pool(pool, yoke_queue_create(&b->empty, pool, NULL));
    assert_ok_pool(pool, yoke_array_create(&b->value, pool, 1, ITEM, NULL));
    assert_ok_pool(pool, yoke_event_create(&b->event, pool, NULL));
    assert_ok_pool(pool,
                   yoke_semaphore_create(&b->semaphore, pool, 1,
                                         &(yoke_semaphore_options){.max_permits = 2}));
    assert_ok_pool(pool, yoke_barrier_create(&b->barrier, pool, 1, NULL));
    assert_ok_pool(pool, yoke_pipe_send(b->ends[1], item, ITEM, 0));
    assert_ok_pool(pool, yoke_queue_put(b->queue, item, ITEM, 0));
    atomic_store(&b->turn, 0);
}

/* All that a test has not destroyed. */
static void destroy(void)
{
    (void)yoke_pipe_destroy(b->ends[0]);
    (void)yoke_mutex_destroy(b->lock);
    (void)yoke_mutex_destroy(b->rlock);
    (void)yoke_condition_destroy(b->condition);
    (void)yoke_array_destroy(b->array);
    (void)yoke_queue_destroy(b->queue);
    (void)yoke_queue_destroy(b->empty);
    (void)yoke_array_destroy(b->value);
    (void)yoke_event_destroy(b->event);
    (void)yoke_semaphore_destroy(b->semaphore);
    (void)yoke_barrier_destroy(b->barrier);
}

static void at_every_step(int (*act)(void *arg), void (*check)(bool died))
{
    int code = STEPS_KILLED;

    for (int step = 1; code != 0; step++) {
        create();
        code = steps_run(act, NULL, step);
        assert_true(code == 0 || (code == STEPS_KILLED && step < 100));
        check(code != 0);
        destroy();
        assert_true(code != 0 || step > 1);
    }
}

/* ---- pipes ---- */

static int send(void *arg)
{
    unsigned char item[ITEM];

    (void)arg;
    fill(item, 2);
    return steps_begin() +
           (yoke_pipe_send(b->ends[1], item, ITEM, YOKE_FOREVER) == YOKE_OK ? 0 : 1);
}

/* What was sent comes whole, and then the end is closed: its process has ended. */
static void check_sent(bool died)
{
    unsigned char item[ITEM];
    unsigned count = 0;
    yoke_status status;

    while ((status = yoke_pipe_recv(b->ends[0], item, &(size_t){ITEM}, 10)) ==
           YOKE_OK) {
        assert_true(is_whole(item) && item[0] == ++count);
        if (count == 1 && died && yoke_pipe_wait(b->ends[0], 0) == YOKE_ETIMEDOUT) {
            break; /* it may have died before it had used its end */
        }
    }
    assert_true(count == 2 || (died && count == 1));
    assert_true(status == YOKE_ECLOSED || died);
}

static void test_send(void **state)
{
    (void)state;
    at_every_step(send, check_sent);
}

static int receive(void *arg)
{
    unsigned char item[ITEM];

    (void)arg;
    return steps_begin() + (yoke_pipe_recv(b->ends[0], item, &(size_t){ITEM},
                                           YOKE_FOREVER) == YOKE_OK &&
                                    is_whole(item) && item[0] == 1
                                ? 0
                                : 1);
}

/* The message is there, or gone with the dead. */
static void check_received(bool died)
{
    unsigned char item[ITEM];
    const yoke_status status = yoke_pipe_recv(b->ends[0], item, &(size_t){ITEM}, 0);

    assert_true(status == YOKE_ETIMEDOUT ||
                (died && status == YOKE_OK && is_whole(item) && item[0] == 1));
    fill(item, 5);
    assert_ok_pool(pool, yoke_pipe_send(b->ends[1], item, ITEM, 0));
    assert_ok_pool(pool,
                   yoke_pipe_recv(b->ends[0], item, &(size_t){ITEM}, YOKE_FOREVER));
    assert_true(is_whole(item) && item[0] == 5);
}

static void test_receive(void **state)
{
    (void)state;
    at_every_step(receive, check_received);
}

static int close_end(void *arg)
{
    (void)arg;
    return steps_begin() + (yoke_pipe_shutdown(b->ends[1]) == YOKE_OK ? 0 : 1);
}

/* Closed, or not yet begun to: the process has ended, and nothing more comes from there. This
 * process has its own hold on the end. */
static void check_closed(bool died)
{
    unsigned char item[ITEM];
    yoke_status status;

    (void)died;
    assert_ok_pool(pool,
                   yoke_pipe_recv(b->ends[0], item, &(size_t){ITEM}, YOKE_FOREVER));
    status = yoke_pipe_recv(b->ends[0], item, &(size_t){ITEM}, 10);
    assert_int_equal(status, YOKE_ECLOSED);
    assert_ok_pool(pool, yoke_pipe_shutdown(b->ends[1]));
    assert_status(yoke_pipe_send(b->ends[1], item, ITEM, 0), YOKE_ECLOSED);
}

static void test_close_end(void **state)
{
    (void)state;
    at_every_step(close_end, check_closed);
}

/* ---- conditions ---- */

static bool is_turn(void *arg)
{
    return atomic_load(&b->turn) == (int)(intptr_t)arg;
}

static int await_turn(void *arg)
{
    (void)arg;
    return yoke_mutex_lock(b->lock, YOKE_FOREVER) == YOKE_OK &&
                   yoke_condition_wait_for(b->condition, b->lock, is_turn, (void *)2,
                                           YOKE_FOREVER) == YOKE_OK &&
                   yoke_mutex_unlock(b->lock) == YOKE_OK
               ? 0
               : 1;
}

/* Waits for a turn that comes never: dies before it sleeps, or is killed asleep. */
static int wait_in_vain(void *arg)
{
    (void)arg;
    if (yoke_mutex_lock(b->lock, YOKE_FOREVER) != YOKE_OK) {
        return 1;
    }
    (void)steps_begin();
    return yoke_condition_wait_for(b->condition, b->lock, is_turn, (void *)7, 0.3) ==
                       YOKE_ETIMEDOUT &&
                   yoke_mutex_unlock(b->lock) == YOKE_OK
               ? 0
               : 2;
}

static void check_waited(bool died)
{
    const int waiter = yt_start_child(await_turn, NULL);
    const yoke_status status = yoke_mutex_lock(b->lock, YOKE_FOREVER);

    assert_true(status == YOKE_OK || (died && status == YOKE_EOWNERDEAD));
    atomic_store(&b->turn, 2);
    assert_ok_pool(pool, yoke_condition_notify(b->condition, 1));
    assert_ok_pool(pool, yoke_mutex_unlock(b->lock));
    /* 1: it was the one that took the lock from the dead. */
    assert_true(yt_wait_child(waiter, 60) <= (died && status == YOKE_OK ? 1 : 0));
}

static void test_dying_waiter(void **state)
{
    (void)state;
    at_every_step(wait_in_vain, check_waited);
}

static int notify(void *arg)
{
    (void)arg;
    atomic_store(&b->turn, 2);
    return steps_begin() + (yoke_condition_notify_all(b->condition) == YOKE_OK ? 0 : 1);
}

static bool has_sleeper(void *arg)
{
    (void)arg;
    return yoke_mutex_lock(b->lock, 0) == YOKE_OK &&
           yoke_mutex_unlock(b->lock) == YOKE_OK;
}

/* A waiter continues although the notifier dies before the wake-up. */
static void test_dying_notifier(void **state)
{
    int code = STEPS_KILLED;

    (void)state;
    for (int step = 1; code != 0; step++) {
        int waiter;

        create();
        waiter = yt_start_child(await_turn, NULL);
        assert_true(yt_wait_until(has_sleeper, NULL, 60));
        code = steps_run(notify, NULL, step);
        assert_int_equal(yt_wait_child(waiter, 60), 0);
        destroy();
    }
}

/* ---- waiting for several ---- */

/* Waits for what comes never, or only after its death. */
static int wait_for_any(void *arg)
{
    void *const things[] = {b->event, b->ends[1], b->empty};
    const yoke_status status =
        steps_begin() == 0 ? yoke_wait_any(things, 3, NULL, 0.15, NULL) : YOKE_OK;

    (void)arg;
    return status == YOKE_ETIMEDOUT ? 0 : 1;
}

static int await_any(void *arg)
{
    void *const things[] = {b->event, b->empty};

    (void)arg;
    return yoke_wait_any(things, 2, NULL, YOKE_FOREVER, NULL) == YOKE_OK ? 0 : 1;
}

/* What it had linked, and the lock that it may have had, hold up no other. */
static void check_other_waiters(bool died)
{
    const int waiter = yt_start_child(await_any, NULL);
    unsigned char item[ITEM];

    (void)died;
    fill(item, 4);
    assert_ok_pool(pool, yoke_queue_put(b->empty, item, ITEM, 60));
    assert_int_equal(yt_wait_child(waiter, 60), 0);
    assert_ok_pool(pool, yoke_event_set(b->event));
    assert_int_equal(yt_in_child(await_any, NULL, 60), 0);
    assert_ok_pool(pool, yoke_queue_get(b->empty, item, &(size_t){ITEM}, 0));
    assert_true(is_whole(item) && item[0] == 4);
}

static void test_dying_any_waiter(void **state)
{
    (void)state;
    at_every_step(wait_for_any, check_other_waiters);
}

static int put_for_any(void *arg)
{
    unsigned char item[ITEM];

    (void)arg;
    fill(item, 4);
    return steps_begin() +
           (yoke_queue_put(b->empty, item, ITEM, YOKE_FOREVER) == YOKE_OK ? 0 : 1);
}

static int set_for_any(void *arg)
{
    (void)arg;
    return steps_begin() + (yoke_event_set(b->event) == YOKE_OK ? 0 : 1);
}

static bool is_linked(void *arg)
{
    const yk_ipc_object *queue = (const yk_ipc_object *)b->empty;

    (void)arg;
    return (atomic_load(&queue->bells[1].word) & 2) != 0;
}

/* The waiter goes on although the signaller dies before the wake-up. Without the change it is
 * made good by another. */
static void any_with_dying(int (*act)(void *arg))
{
    int code = STEPS_KILLED;

    for (int step = 1; code != 0; step++) {
        bool changed;
        int waiter;

        create();
        waiter = yt_start_child(await_any, NULL);
        assert_true(yt_wait_until(is_linked, NULL, 60));
        code = steps_run(act, NULL, step);
        assert_true(code == 0 || (code == STEPS_KILLED && step < 100));
        changed = yoke_event_is_set(b->event) || yoke_queue_count(b->empty) != 0;
        if (!changed) {
            assert_ok_pool(pool, yoke_event_set(b->event));
        }
        assert_int_equal(yt_wait_child(waiter, 60), 0);
        destroy();
    }
}

static void test_any_with_dying_signaller(void **state)
{
    (void)state;
    any_with_dying(put_for_any);
    any_with_dying(set_for_any);
}

/* ---- arrays ---- */

static int set_item(void *arg)
{
    unsigned char item[ITEM];

    (void)arg;
    fill(item, 9);
    return steps_begin() + (yoke_array_set(b->array, 1, item) == YOKE_OK ? 0 : 1);
}

static void check_items(bool died)
{
    unsigned char item[ITEM];

    for (unsigned i = 0; i < COUNT; i++) {
        assert_ok_pool(pool, yoke_array_get(b->array, i, item));
        assert_true(is_whole(item));
        assert_true(item[0] == (i == 1 ? 9 : 0) || (died && item[0] == 0));
    }
}

static void test_array(void **state)
{
    (void)state;
    at_every_step(set_item, check_items);
}

/* ---- locks that may be taken again ---- */

static int take_three_times(void *arg)
{
    yoke_status status = YOKE_OK;

    (void)arg;
    (void)steps_begin();
    for (int i = 0; i < 3 && status == YOKE_OK; i++) {
        status = yoke_mutex_lock(b->rlock, YOKE_FOREVER);
        yk_step_visit();
    }
    for (int i = 0; i < 3 && status == YOKE_OK; i++) {
        status = yoke_mutex_unlock(b->rlock);
        yk_step_visit();
    }
    return status == YOKE_OK ? 0 : 1;
}

static void check_rlock(bool died)
{
    const yoke_status status = yoke_mutex_lock(b->rlock, YOKE_FOREVER);

    assert_true(status == YOKE_OK || (died && status == YOKE_EOWNERDEAD));
    assert_ok_pool(pool, yoke_mutex_lock(b->rlock, 0));
    assert_ok_pool(pool, yoke_mutex_unlock(b->rlock));
    assert_ok_pool(pool, yoke_mutex_unlock(b->rlock));
    assert_status(yoke_mutex_unlock(b->rlock), YOKE_EINVAL);
}

static void test_rlock(void **state)
{
    (void)state;
    at_every_step(take_three_times, check_rlock);
}

/* ---- destroyed at each step ---- */

/* A call, and the end of what it is made on. */
typedef struct use {
    yoke_status (*call)(void);
    yoke_status (*end)(void);
    yk_ipc_object *(*object)(void);
} use;

static const use *current;
static yk_ipc_object *shared; /* what the destroyer is shutting */
static pthread_t destroyer;
static bool is_destroying;
static _Atomic bool is_destroyed;

static void *end_it(void *arg)
{
    if (current->end() != YOKE_OK) {
        return (char *)arg + 1;
    }
    atomic_store(&is_destroyed, true);
    return arg;
}

/* Waits for it, unless it waits for this thread, which has the lock. */
static void destroy_now(void)
{
    is_destroying = pthread_create(&destroyer, NULL, end_it, b) == 0;
    while (!atomic_load(&is_destroyed) &&
           (yk_ipc_object_is_open(shared) ||
            !yk_ipc_object_has_lock(shared, yk_identity_thread()))) {
        (void)sched_yield();
    }
}

static yoke_status put_there(void)
{
    unsigned char item[ITEM] = {0};

    return yoke_queue_put(b->queue, item, ITEM, 0);
}

static yoke_status get_there(void)
{
    unsigned char item[ITEM];

    return yoke_queue_get(b->queue, item, &(size_t){ITEM}, 0);
}

static yoke_status join_there(void)
{
    return yoke_queue_wait(b->queue, 0.01);
}

static yoke_status end_queue(void)
{
    return yoke_queue_destroy(b->queue);
}

static yk_ipc_object *the_queue(void)
{
    return (yk_ipc_object *)b->queue;
}

static yoke_status send_there(void)
{
    unsigned char item[ITEM] = {0};

    return yoke_pipe_send(b->ends[1], item, ITEM, 0.15);
}

static yoke_status receive_there(void)
{
    unsigned char item[ITEM];

    return yoke_pipe_recv(b->ends[0], item, &(size_t){ITEM}, 0.15);
}

static yoke_status receive_nothing(void)
{
    unsigned char item[ITEM];

    return yoke_pipe_recv(b->ends[1], item, &(size_t){ITEM}, 0.15);
}

static yoke_status close_there(void)
{
    return yoke_pipe_shutdown(b->ends[1]);
}

static yoke_status end_pipe(void)
{
    return yoke_pipe_destroy(b->ends[0]);
}

/* The end is shut without its lock; what may be held is a queue's. */
static yk_ipc_object *the_pipe(void)
{
    return (yk_ipc_object *)b->ends[0];
}

static yoke_status set_there(void)
{
    unsigned char item[ITEM] = {0};

    return yoke_array_set(b->value, 0, item);
}

static yoke_status end_value(void)
{
    return yoke_array_destroy(b->value);
}

static yk_ipc_object *the_value(void)
{
    return (yk_ipc_object *)b->value;
}

static yoke_status meet_there(void)
{
    return yoke_barrier_wait(b->barrier, NULL, YOKE_FOREVER);
}

static yoke_status end_barrier(void)
{
    return yoke_barrier_destroy(b->barrier);
}

static yk_ipc_object *the_barrier(void)
{
    return (yk_ipc_object *)b->barrier;
}

static yoke_status give_there(void)
{
    return yoke_semaphore_release(b->semaphore, 1);
}

static yoke_status end_semaphore(void)
{
    return yoke_semaphore_destroy(b->semaphore);
}

static yk_ipc_object *the_semaphore(void)
{
    return (yk_ipc_object *)b->semaphore;
}

static yoke_status set_event_there(void)
{
    return yoke_event_set(b->event);
}

static yoke_status any_there(void)
{
    void *const things[] = {b->event, b->ends[1], b->empty};

    return yoke_wait_any(things, 3, NULL, 0.03, NULL);
}

/* It has the lock again, however the wait ends. */
static yoke_status wait_there(void)
{
    yoke_status status = yoke_mutex_lock(b->lock, 0);

    if (status == YOKE_OK) {
        status = yoke_condition_wait(b->condition, b->lock, 0.15);
    }
    return yoke_mutex_unlock(b->lock) == YOKE_OK ? status : YOKE_EINVAL;
}

static yoke_status end_condition(void)
{
    return yoke_condition_destroy(b->condition);
}

static yk_ipc_object *the_condition(void)
{
    return (yk_ipc_object *)b->condition;
}

static yoke_status end_empty(void)
{
    return yoke_queue_destroy(b->empty);
}

static yk_ipc_object *the_empty(void)
{
    return (yk_ipc_object *)b->empty;
}

static yoke_status end_event(void)
{
    return yoke_event_destroy(b->event);
}

static yk_ipc_object *the_event(void)
{
    return (yk_ipc_object *)b->event;
}

static bool destroy_at(const use *what, int step)
{
    yoke_status status;
    void *failed = b;
    bool interrupted;

    create();
    current = what;
    shared = what->object();
    is_destroying = false;
    atomic_store(&is_destroyed, false);
    steps_interrupt(destroy_now, step);
    status = what->call();
    interrupted = steps_end();
    if (is_destroying) {
        assert_int_equal(pthread_join(destroyer, &failed), 0);
    }
    assert_true(failed == b);
    assert_true(status == YOKE_OK || status == YOKE_ETIMEDOUT ||
                status == YOKE_ETIMEDOUT || (interrupted && status == YOKE_ECLOSED));
    destroy();
    return interrupted;
}

static void test_destroyed(void **state)
{
    const use uses[] = {
        {put_there, end_queue, the_queue},
        {get_there, end_queue, the_queue},
        {join_there, end_queue, the_queue},
        {send_there, end_pipe, the_pipe},
        {receive_there, end_pipe, the_pipe},
        {receive_nothing, end_pipe, the_pipe},
        {close_there, end_pipe, the_pipe},
        {set_there, end_value, the_value},
        {meet_there, end_barrier, the_barrier},
        {give_there, end_semaphore, the_semaphore},
        {set_event_there, end_event, the_event},
        {wait_there, end_condition, the_condition},
        {any_there, end_empty, the_empty},
        {any_there, end_pipe, the_pipe},
        {any_there, end_event, the_event},
    };

    (void)state;
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        int step = 1;

        while (destroy_at(&uses[i], step)) {
            step++;
        }
        assert_true(step > 1);
    }
}

/* ---- sizes ---- */

/* Three more come and go. */
static void put_and_get(void)
{
    for (int i = 0; i < 3; i++) {
        (void)put_there();
        (void)get_there();
    }
}

/* Never more than there were at some moment, whatever happens in the middle. */
static void test_size(void **state)
{
    bool interrupted = true;

    (void)state;
    for (int step = 1; interrupted; step++) {
        create();
        steps_interrupt(put_and_get, step);
        assert_between(yoke_queue_count(b->queue), 1, 2);
        interrupted = steps_end();
        assert_true(interrupted || step > 1);
        destroy();
    }
}

static int open_pool(void **state)
{
    (void)state;
    assert_ok_pool(NULL,
                   yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:1"}));
    b = yoke_alloc(pool, sizeof *b);
    return b == NULL;
}

static int close_pool(void **state)
{
    (void)state;
    assert_ok(yoke_pool_close(pool));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send),           cmocka_unit_test(test_receive),
        cmocka_unit_test(test_close_end),      cmocka_unit_test(test_dying_waiter),
        cmocka_unit_test(test_dying_notifier), cmocka_unit_test(test_array),
        cmocka_unit_test(test_rlock),          cmocka_unit_test(test_destroyed),
        cmocka_unit_test(test_size),           cmocka_unit_test(test_dying_any_waiter),
        cmocka_unit_test(test_any_with_dying_signaller),
    };

    return yt_run_group_with(tests, open_pool, close_pool);
}
