/* SPDX-License-Identifier: MIT */
/*
 * Processes that die in the middle of calls on queues, locks and the like: at the first step of
 * a call, the second, and so on until the call has no more steps. After each death others go
 * on, nothing is half done, and nothing but what the dead had taken is lost.
 */
#include "support/yoke_test.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ipc/message_queue.h"
#include "ipc/step.h"
#include "yoke/yoke.h"

enum { ITEM = 100, BEFORE = 3, SIGKILLED = -SIGKILL };

static yoke_pool *pool;

typedef struct board {
    yoke_queue *queue;
    yoke_mutex *lock;
    yoke_event *event;
    yoke_semaphore *semaphore;
    yoke_barrier *barrier;
    yoke_condition *condition;
    yoke_array *value;
    _Atomic int left; /* steps until the end */
} board;

static board *b;

static void die_there(void)
{
    if (atomic_fetch_sub(&b->left, 1) == 1) {
        (void)kill(getpid(), SIGKILL);
    }
}

static void fill(unsigned char *item, unsigned number)
{
    memset(item, (int)number, ITEM);
}

/* Makes all of it anew; the ring has room for five items, so that some wrap around. */
static void create(unsigned offset)
{
    unsigned char item[ITEM];

    assert_ok_pool(pool, yoke_queue_create(&b->queue, pool,
                                           &(yoke_queue_options){.capacity = 5 * 112,
                                                                 .track_done = true}));
    assert_ok_pool(pool, yoke_mutex_create(&b->lock, pool, NULL));
    assert_ok_pool(pool, yoke_event_create(&b->event, pool, NULL));
    assert_ok_pool(pool,
                   yoke_semaphore_create(&b->semaphore, pool, 1,
                                         &(yoke_semaphore_options){.max_permits = 2}));
    assert_ok_pool(pool, yoke_barrier_create(&b->barrier, pool, 2, NULL));
    assert_ok_pool(pool, yoke_condition_create(&b->condition, pool, NULL));
    fill(item, 0);
    assert_ok_pool(pool, yoke_array_create(&b->value, pool, 1, ITEM,
                                           &(yoke_array_options){.initial = item}));
    for (unsigned i = 0; i < offset; i++) {
        size_t bytes = ITEM;

        assert_ok_pool(pool, yoke_queue_put(b->queue, item, ITEM, 0));
        assert_ok_pool(pool, yoke_queue_get(b->queue, item, &bytes, 0));
        assert_ok_pool(pool, yoke_queue_mark_done(b->queue));
    }
    for (unsigned i = 1; i <= BEFORE; i++) {
        fill(item, i);
        assert_ok_pool(pool, yoke_queue_put(b->queue, item, ITEM, 0));
    }
}

static void destroy(void)
{
    assert_ok_pool(pool, yoke_queue_destroy(b->queue));
    assert_ok_pool(pool, yoke_mutex_destroy(b->lock));
    assert_ok_pool(pool, yoke_event_destroy(b->event));
    assert_ok_pool(pool, yoke_semaphore_destroy(b->semaphore));
    assert_ok_pool(pool, yoke_barrier_destroy(b->barrier));
    assert_ok_pool(pool, yoke_condition_destroy(b->condition));
    assert_ok_pool(pool, yoke_array_destroy(b->value));
}

/* Dies at each step of `act` in turn; `check` looks at what is left. */
static void at_every_step(int (*act)(void *arg), void (*check)(bool died))
{
    for (unsigned offset = 0; offset < 6; offset += 2) {
        for (int step = 1;; step++) {
            int code;

            create(offset);
            atomic_store(&b->left, step);
            code = yt_in_child(act, NULL, 60);
            assert_true(code == 0 || code == SIGKILLED);
            check(code != 0);
            destroy();
            if (code == 0) {
                assert_true(step > 1);
                break;
            }
        }
    }
}

static int begin(void)
{
    yk_step_hook = die_there;
    return 0;
}

static bool is_whole(const unsigned char *item)
{
    for (int i = 1; i < ITEM; i++) {
        if (item[i] != item[0]) {
            return false;
        }
    }
    return true;
}

/* Takes all there is; how many: they are whole, follow each other, the first is one of two. */
static unsigned drain(unsigned first, unsigned or_first)
{
    unsigned char item[ITEM];
    unsigned count = 0;
    size_t bytes = ITEM;
    unsigned last = 0;

    while (yoke_queue_get(b->queue, item, &bytes, 0) == YOKE_OK) {
        assert_int_equal(bytes, ITEM);
        assert_true(is_whole(item));
        assert_true(count == 0 ? item[0] == first || item[0] == or_first
                               : item[0] == last + 1);
        last = item[0];
        count++;
        assert_ok_pool(pool, yoke_queue_mark_done(b->queue));
    }
    assert_int_equal(yoke_queue_count(b->queue), 0);
    assert_true(yk_queue_valid((const yk_queue *)b->queue));
    return count;
}

/* ---- queues ---- */

static int put_one(void *arg)
{
    unsigned char item[ITEM];

    (void)arg;
    fill(item, BEFORE + 1);
    return begin() +
           (yoke_queue_put(b->queue, item, ITEM, YOKE_FOREVER) == YOKE_OK ? 0 : 1);
}

static void check_put(bool died)
{
    const unsigned count = drain(1, 1);

    assert_true(count == BEFORE + 1 || (died && count == BEFORE));
    assert_ok_pool(pool, yoke_queue_wait(b->queue, YOKE_FOREVER));
}

static void test_put(void **state)
{
    (void)state;
    at_every_step(put_one, check_put);
}

static int get_one(void *arg)
{
    unsigned char item[ITEM];
    size_t bytes = ITEM;

    (void)arg;
    return begin() + (yoke_queue_get(b->queue, item, &bytes, YOKE_FOREVER) == YOKE_OK &&
                              item[0] == 1 && is_whole(item) &&
                              yoke_queue_mark_done(b->queue) == YOKE_OK
                          ? 0
                          : 1);
}

/* At most the message that it was taking is gone, and a join reports that once. */
static void check_get(bool died)
{
    const unsigned count = drain(1, 2);
    const yoke_status status = yoke_queue_wait(b->queue, YOKE_FOREVER);

    assert_true(count == BEFORE - 1 || (died && count == BEFORE));
    assert_true(status == YOKE_OK ||
                (died && count == BEFORE - 1 && status == YOKE_ELOST));
    assert_ok_pool(pool, yoke_queue_wait(b->queue, YOKE_FOREVER));
}

static void test_get(void **state)
{
    (void)state;
    at_every_step(get_one, check_get);
}

static int close_it(void *arg)
{
    (void)arg;
    return begin() + (yoke_queue_shutdown(b->queue) == YOKE_OK ? 0 : 1);
}

static void check_closed(bool died)
{
    unsigned char item[ITEM] = {0};

    (void)died;
    assert_int_equal(drain(1, 1), BEFORE);
    assert_status(yoke_queue_put(b->queue, item, ITEM, YOKE_FOREVER), YOKE_ECLOSED);
    assert_status(yoke_queue_get(b->queue, item, &(size_t){ITEM}, YOKE_FOREVER),
                  YOKE_ECLOSED);
}

static void test_close(void **state)
{
    (void)state;
    at_every_step(close_it, check_closed);
}

static int abort_it(void *arg)
{
    (void)arg;
    return begin() + (yoke_queue_abort(b->queue) == YOKE_OK ? 0 : 1);
}

/* All messages are there, or none; those that were dropped count as done. */
static void check_aborted(bool died)
{
    unsigned char item[ITEM] = {0};
    const unsigned count = drain(1, 1);

    assert_true(count == 0 || (died && count == BEFORE));
    assert_status(yoke_queue_put(b->queue, item, ITEM, YOKE_FOREVER), YOKE_ECLOSED);
    assert_ok_pool(pool, yoke_queue_wait(b->queue, YOKE_FOREVER));
}

static void test_abort(void **state)
{
    (void)state;
    at_every_step(abort_it, check_aborted);
}

/* ---- who waits while somebody dies ---- */

static int get_last(void *arg)
{
    unsigned char item[ITEM];

    (void)arg;
    do {
        if (yoke_queue_get(b->queue, item, &(size_t){ITEM}, YOKE_FOREVER) != YOKE_OK) {
            return 1;
        }
    } while (item[0] != BEFORE + 2);
    return 0;
}

/* A consumer that sleeps is not left behind by a producer that dies. */
static void test_consumer_of_a_dying_producer(void **state)
{
    (void)state;
    for (int step = 1;; step++) {
        unsigned char item[ITEM];
        int consumer, code;

        create(0);
        consumer = yt_start_child(get_last, NULL);
        atomic_store(&b->left, step);
        code = yt_in_child(put_one, NULL, 60);
        fill(item, BEFORE + 2);
        assert_ok_pool(pool, yoke_queue_put(b->queue, item, ITEM, YOKE_FOREVER));
        assert_int_equal(yt_wait_child(consumer, 60), 0);
        destroy();
        if (code == 0) {
            break;
        }
    }
}

/* ---- the others ---- */

static int use_lock(void *arg)
{
    (void)arg;
    if (yoke_mutex_lock(b->lock, YOKE_FOREVER) != YOKE_OK) {
        return 1;
    }
    (void)begin();
    yk_step_visit();
    return yoke_mutex_unlock(b->lock) == YOKE_OK ? 0 : 2;
}

static void check_lock(bool died)
{
    assert_status(yoke_mutex_lock(b->lock, YOKE_FOREVER),
                  died ? YOKE_EOWNERDEAD : YOKE_OK);
    assert_ok_pool(pool, yoke_mutex_unlock(b->lock));
    assert_ok_pool(pool, yoke_mutex_lock(b->lock, YOKE_FOREVER));
    assert_ok_pool(pool, yoke_mutex_unlock(b->lock));
}

static void test_lock(void **state)
{
    (void)state;
    at_every_step(use_lock, check_lock);
}

static int set_value(void *arg)
{
    unsigned char item[ITEM];

    (void)arg;
    fill(item, 9);
    return begin() + (yoke_array_set(b->value, 0, item) == YOKE_OK ? 0 : 1);
}

static void check_value(bool died)
{
    unsigned char item[ITEM];

    assert_ok_pool(pool, yoke_array_get(b->value, 0, item));
    assert_true(is_whole(item));
    assert_true(item[0] == 9 || (died && item[0] == 0));
}

static void test_value(void **state)
{
    (void)state;
    at_every_step(set_value, check_value);
}

static int hold_value(void *arg)
{
    (void)arg;
    if (yoke_array_lock(b->value, YOKE_FOREVER) != YOKE_OK) {
        return 1;
    }
    (void)begin();
    yk_step_visit();
    return yoke_array_unlock(b->value) == YOKE_OK ? 0 : 2;
}

static void check_held_value(bool died)
{
    unsigned char item[ITEM];

    assert_status(yoke_array_get(b->value, 0, item), died ? YOKE_EOWNERDEAD : YOKE_OK);
    assert_ok_pool(pool, yoke_array_get(b->value, 0, item));
}

static void test_held_value(void **state)
{
    (void)state;
    at_every_step(hold_value, check_held_value);
}

static int signal_both(void *arg)
{
    (void)arg;
    return begin() + (yoke_event_set(b->event) == YOKE_OK &&
                              yoke_semaphore_release(b->semaphore, 1) == YOKE_OK
                          ? 0
                          : 1);
}

static void check_signals(bool died)
{
    assert_ok_pool(pool, yoke_event_wait(b->event, YOKE_FOREVER));
    assert_true(yoke_semaphore_count(b->semaphore) == 2 ||
                (died && yoke_semaphore_count(b->semaphore) == 1));
    assert_ok_pool(pool, yoke_semaphore_acquire(b->semaphore, YOKE_FOREVER));
}

static void test_event_and_semaphore(void **state)
{
    (void)state;
    at_every_step(signal_both, check_signals);
}

/* ---- barriers ---- */

static int meet(void *arg)
{
    const yoke_status status = yoke_barrier_wait(b->barrier, NULL, YOKE_FOREVER);

    (void)arg;
    return status == YOKE_OK ? 0 : (int)-status;
}

static int meet_and_die(void *arg)
{
    (void)arg;
    (void)begin();
    return meet(NULL);
}

static bool is_met(void *arg)
{
    return yoke_barrier_waiting(b->barrier) == (uint32_t)(intptr_t)arg;
}

/* One that dies as the last to come has come or not; the other goes on, or waits. */
static void test_barrier_last(void **state)
{
    (void)state;
    for (int step = 1;; step++) {
        int other, code;

        create(0);
        other = yt_start_child(meet, NULL);
        assert_true(yt_wait_until(is_met, (void *)1, 60));
        atomic_store(&b->left, step);
        code = yt_in_child(meet_and_die, NULL, 60);
        if (yoke_barrier_waiting(b->barrier) == 1) {
            assert_int_equal(code, SIGKILLED);
            assert_ok_pool(pool, yoke_barrier_wait(b->barrier, NULL, YOKE_FOREVER));
        }
        assert_int_equal(yt_wait_child(other, 60), 0);
        destroy();
        if (code == 0) {
            break;
        }
    }
}

/* One that dies as the first to come breaks it, or has not come. */
static void test_barrier_first(void **state)
{
    enum { STEPS = 4 }; /* the fifth comes with the second party */

    (void)state;
    for (int step = 1; step <= STEPS; step++) {
        yoke_status status;

        create(0);
        atomic_store(&b->left, step);
        assert_int_equal(yt_in_child(meet_and_die, NULL, 60), SIGKILLED);
        status = yoke_barrier_wait(b->barrier, NULL, 0);
        assert_true(status == YOKE_OK || status == YOKE_ETIMEDOUT);
        assert_ok_pool(pool, yoke_barrier_reset(b->barrier));
        destroy();
    }
}

static int wait_until_killed(void *arg)
{
    (void)arg;
    (void)yoke_barrier_wait(b->barrier, NULL, YOKE_FOREVER);
    return 1;
}

/* Three parties: one is killed while it waits, and the other that waits hears of it. */
static void test_barrier_breaks(void **state)
{
    int victim, other;

    (void)state;
    create(0);
    assert_ok_pool(pool, yoke_barrier_destroy(b->barrier));
    assert_ok_pool(pool, yoke_barrier_create(&b->barrier, pool, 3, NULL));
    victim = yt_start_child(wait_until_killed, NULL);
    assert_true(yt_wait_until(is_met, (void *)1, 60));
    other = yt_start_child(meet, NULL);
    assert_true(yt_wait_until(is_met, (void *)2, 60));
    assert_int_equal(kill(victim, SIGKILL), 0);
    assert_int_equal(yt_wait_child(victim, 60), SIGKILLED);
    assert_int_equal(yt_wait_child(other, 60), -YOKE_EBROKEN);
    destroy();
}

/* ---- workers ---- */

static void take_and_crash(const yoke_span *span, void *const args[])
{
    board *shared = args[0];
    unsigned char item[ITEM];

    (void)span;
    if (yoke_mutex_lock(shared->lock, YOKE_FOREVER) == YOKE_OK &&
        yoke_queue_get(shared->queue, item, &(size_t){ITEM}, YOKE_FOREVER) == YOKE_OK) {
        (void)kill(getpid(), SIGKILL);
    }
    (void)yoke_mutex_unlock(shared->lock);
}

/* A worker dies with a lock and a message: the one that replaces it is told, and goes on. */
static void test_worker(void **state)
{
    yoke_kernel *kernel;

    (void)state;
    create(0);
    assert_ok_pool(
        pool, yoke_kernel_create(&kernel, pool,
                                 &(yoke_kernel_options){.native = take_and_crash}));
    assert_ok_pool(pool, yoke_map_with(pool, kernel, yoke_range_1d(1), NULL,
                                       YOKE_ARGS(yoke_in_whole(b, sizeof *b))));
    assert_int_equal(yoke_queue_count(b->queue), BEFORE - 1);
    assert_ok_pool(pool, yoke_mutex_lock(b->lock, YOKE_FOREVER));
    assert_ok_pool(pool, yoke_mutex_unlock(b->lock));
    assert_int_equal(drain(2, 2), BEFORE - 1);
    assert_status(yoke_queue_wait(b->queue, YOKE_FOREVER), YOKE_ELOST);
    yoke_kernel_destroy(kernel);
    destroy();
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
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_consumer_of_a_dying_producer),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_held_value),
        cmocka_unit_test(test_event_and_semaphore),
        cmocka_unit_test(test_barrier_last),
        cmocka_unit_test(test_barrier_first),
        cmocka_unit_test(test_barrier_breaks),
        cmocka_unit_test(test_worker),
    };

    return yt_run_group_with(tests, open_pool, close_pool);
}
