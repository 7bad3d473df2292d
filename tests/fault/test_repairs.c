/* SPDX-License-Identifier: MIT */
/*
 * A process that gets a dead process's lock repairs what it protects, and may die as well: at
 * each step of its own call, after a first process that died at each step of another.
 */
#include "support/yoke_test.h"

#include <string.h>

#include "ipc/message_queue.h"
#include "ipc/step.h"
#include "steps.h"
#include "yoke/yoke.h"

enum { ITEM = 100, BEFORE = 3 };

static yoke_pool *pool;
static yoke_queue *queue;
static yoke_array *value;
static yoke_barrier *barrier;

static void fill(unsigned char *item, unsigned number)
{
    memset(item, (int)number, ITEM);
}

static bool is_whole(const unsigned char *item)
{
    return memcmp(item, item + 1, ITEM - 1) == 0;
}

/* All pairs of steps; `check` looks at what is left. */
typedef struct pair {
    void (*create)(void);
    int (*first)(void *arg);
    int (*second)(void *arg);
    void (*check)(bool first_died, bool second_died);
} pair;

/* Whether the second one came to its end. */
static bool run_pair(const pair *of, int first_step, int second_step, bool *first_ended)
{
    int first, second;

    of->create();
    first = steps_run(of->first, NULL, first_step);
    second = steps_run(of->second, NULL, second_step);
    assert_true(first == 0 || first == STEPS_KILLED);
    assert_true(second == 0 || second == STEPS_KILLED);
    of->check(first != 0, second != 0);
    *first_ended = first == 0;
    return second == 0;
}

static void at_every_pair(const pair *of)
{
    bool first_ended = false;

    for (int first = 1; !first_ended; first++) {
        int second = 1;

        while (!run_pair(of, first, second, &first_ended)) {
            second++;
        }
        assert_true(second > 1);
    }
}

/* ---- queues ---- */

/* The fourth message goes over the end of the ring. */
static void create_queue(void)
{
    unsigned char item[ITEM];

    assert_ok_pool(pool, yoke_queue_create(&queue, pool,
                                           &(yoke_queue_options){.capacity = 5 * 112,
                                                                 .track_done = true}));
    for (unsigned i = 0; i < 4; i++) {
        fill(item, 0);
        assert_ok_pool(pool, yoke_queue_put(queue, item, ITEM, 0));
        assert_ok_pool(pool, yoke_queue_get(queue, item, &(size_t){ITEM}, 0));
        assert_ok_pool(pool, yoke_queue_mark_done(queue));
    }
    for (unsigned i = 1; i <= BEFORE; i++) {
        fill(item, i);
        assert_ok_pool(pool, yoke_queue_put(queue, item, ITEM, 0));
    }
}

static int put(void *arg)
{
    unsigned char item[ITEM];

    (void)arg;
    fill(item, BEFORE + 1);
    return steps_begin() +
           (yoke_queue_put(queue, item, ITEM, YOKE_FOREVER) == YOKE_OK ? 0 : 1);
}

static int get(void *arg)
{
    unsigned char item[ITEM];
    size_t bytes = ITEM;

    (void)arg;
    return steps_begin() +
           (yoke_queue_get(queue, item, &bytes, YOKE_FOREVER) == YOKE_OK &&
                    is_whole(item)
                ? 0
                : 1);
}

/* What is left: whole messages, each number higher than the one before. */
typedef struct left_over {
    unsigned count;
    unsigned first;
    unsigned last;
    uint64_t lost; /* what the queue says that the dead have taken along */
} left_over;

static left_over drain(void)
{
    left_over left = {.count = 0};
    unsigned char item[ITEM];
    size_t bytes = ITEM;
    yoke_status status;

    while (yoke_queue_get(queue, item, &bytes, 0) == YOKE_OK) {
        assert_int_equal(bytes, ITEM);
        assert_true(is_whole(item));
        assert_true(item[0] > left.last);
        left.first = left.count++ == 0 ? item[0] : left.first;
        left.last = item[0];
        assert_ok_pool(pool, yoke_queue_mark_done(queue));
    }
    assert_true(yk_queue_valid((const yk_queue *)queue));
    status = yk_queue_join((yk_queue *)queue, YK_FOR_EVER, &left.lost);
    assert_int_equal(status, left.lost == 0 ? YOKE_OK : YOKE_ELOST);
    assert_ok_pool(pool, yoke_queue_destroy(queue));
    return left;
}

/* Every message that is gone was taken by a process that has ended. */
static void check_gets(bool first_died, bool second_died)
{
    const left_over left = drain();

    assert_true(left.lost >= (uint64_t)(!first_died + !second_died) && left.lost <= 2);
    assert_int_equal(left.count, BEFORE - left.lost);
    assert_int_equal(left.last, BEFORE);
}

static void check_put_and_get(bool put_died, bool get_died)
{
    const left_over left = drain();

    assert_true(left.lost == 1 || (get_died && left.lost == 0));
    assert_int_equal(left.first, 1 + left.lost);
    assert_true(left.last == BEFORE + 1 || (put_died && left.last == BEFORE));
    assert_int_equal(left.count, left.last - left.lost);
}

static void test_get_get(void **state)
{
    (void)state;
    at_every_pair(&(pair){create_queue, get, get, check_gets});
}

static void test_put_get(void **state)
{
    (void)state;
    at_every_pair(&(pair){create_queue, put, get, check_put_and_get});
}

/* ---- values ---- */

static void create_value(void)
{
    unsigned char item[ITEM];

    fill(item, 0);
    assert_ok_pool(pool, yoke_array_create(&value, pool, 1, ITEM,
                                           &(yoke_array_options){.initial = item}));
}

static int set_value(unsigned number)
{
    unsigned char item[ITEM];

    fill(item, number);
    return steps_begin() + (yoke_array_set(value, 0, item) == YOKE_OK ? 0 : 1);
}

static int set_one(void *arg)
{
    (void)arg;
    return set_value(1);
}

static int set_two(void *arg)
{
    (void)arg;
    return set_value(2);
}

static void check_sets(bool first_died, bool second_died)
{
    unsigned char item[ITEM];

    assert_ok_pool(pool, yoke_array_get(value, 0, item));
    assert_true(is_whole(item));
    assert_true(item[0] == 2 || (second_died && item[0] == 1) ||
                (second_died && first_died && item[0] == 0));
    assert_ok_pool(pool, yoke_array_destroy(value));
}

static void test_set_set(void **state)
{
    (void)state;
    at_every_pair(&(pair){create_value, set_one, set_two, check_sets});
}

/* Changes half of it by hand, with the lock. */
static int change_by_hand(void *arg)
{
    (void)arg;
    if (yoke_array_lock(value, YOKE_FOREVER) != YOKE_OK) {
        return 1;
    }
    memset(yoke_array_pointer(value), 3, ITEM / 2);
    (void)steps_begin();
    yk_step_visit();
    memset(yoke_array_pointer(value), 3, ITEM);
    return yoke_array_unlock(value) == YOKE_OK ? 0 : 2;
}

static bool is_held(yoke_status status)
{
    return status == YOKE_OK || status == YOKE_EOWNERDEAD;
}

static int get_value(void *arg)
{
    unsigned char item[ITEM];

    (void)arg;
    return steps_begin() + (is_held(yoke_array_get(value, 0, item)) ? 0 : 1);
}

static int lock_value(void *arg)
{
    (void)arg;
    (void)steps_begin();
    return is_held(yoke_array_lock(value, YOKE_FOREVER)) &&
                   yoke_array_unlock(value) == YOKE_OK
               ? 0
               : 1;
}

static unsigned told_and_died; /* since the last one that lives */

/* A half-changed value has been reported to a process, or is reported to the next one. A
 * process that dies after it released the lock, at the last step of its call, has got the
 * report. */
static void check_by_hand(bool first_died, bool second_died)
{
    unsigned char item[ITEM];
    const yoke_status status = yoke_array_get(value, 0, item);

    assert_true(status == YOKE_OK ||
                (status == YOKE_EOWNERDEAD && (first_died || second_died)));
    told_and_died += status == YOKE_OK && second_died && !is_whole(item);
    assert_true(told_and_died <= 1);
    told_and_died = second_died ? told_and_died : 0;
    assert_ok_pool(pool, yoke_array_get(value, 0, item));
    assert_ok_pool(pool, yoke_array_destroy(value));
}

static void test_half_changed(void **state)
{
    (void)state;
    at_every_pair(&(pair){create_value, change_by_hand, get_value, check_by_hand});
    at_every_pair(&(pair){create_value, change_by_hand, lock_value, check_by_hand});
}

/* ---- barriers ---- */

static int meet(void *arg)
{
    (void)arg;
    return (int)-yoke_barrier_wait(barrier, NULL, YOKE_FOREVER);
}

static int abort_it(void *arg)
{
    (void)arg;
    return steps_begin() + (yoke_barrier_abort(barrier) == YOKE_OK ? 0 : 1);
}

static bool is_met(void *arg)
{
    (void)arg;
    return yoke_barrier_waiting(barrier) == 1;
}

/* One waits, another dies at each step of breaking it: those who meet there agree. */
static void test_dying_break(void **state)
{
    int code = STEPS_KILLED;

    (void)state;
    for (int step = 1; code != 0; step++) {
        yoke_status status;
        int other;

        assert_ok_pool(pool, yoke_barrier_create(&barrier, pool, 2, NULL));
        other = yt_start_child(meet, NULL);
        assert_true(yt_wait_until(is_met, NULL, 60));
        code = steps_run(abort_it, NULL, step);
        assert_true(code == 0 || code == STEPS_KILLED);
        status = yoke_barrier_wait(barrier, NULL, YOKE_FOREVER);
        assert_true(status == YOKE_EBROKEN || (status == YOKE_OK && code != 0));
        assert_int_equal(yt_wait_child(other, 60), -status);
        assert_ok_pool(pool, yoke_barrier_destroy(barrier));
    }
}

static int open_pool(void **state)
{
    (void)state;
    assert_ok_pool(NULL,
                   yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:1"}));
    return 0;
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
        cmocka_unit_test(test_get_get),     cmocka_unit_test(test_put_get),
        cmocka_unit_test(test_set_set),     cmocka_unit_test(test_half_changed),
        cmocka_unit_test(test_dying_break),
    };

    return yt_run_group_with(tests, open_pool, close_pool);
}
