/* SPDX-License-Identifier: MIT */
/* Locks, events, semaphores, conditions, barriers, values and arrays: what they do, between
 * processes too; bad input; who waits when they end. Deaths are in tests/fault. */
#include "api_setup.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "ipc/ipc_object.h"

enum { ROUNDS = 20000, PROCESSES = 3 };

typedef struct board {
    yoke_mutex *lock;
    yoke_mutex *rlock;
    yoke_event *event;
    yoke_semaphore *semaphore;
    yoke_condition *condition;
    yoke_barrier *barrier;
    yoke_array *value;
    yoke_array *array;
    uint64_t plain; /* protected by what is tested */
    _Atomic uint32_t ready;
    _Atomic uint32_t serial;
} board;

static yoke_pool *pool;
static board *b;

static int open_board(void **state)
{
    const double start = 1.5;

    (void)state;
    pool = api_open("cpu:2");
    b = yoke_alloc(pool, sizeof *b);
    assert_non_null(b);
    assert_ok_pool(pool, yoke_mutex_create(&b->lock, pool, NULL));
    assert_ok_pool(pool, yoke_mutex_create(&b->rlock, pool,
                                           &(yoke_mutex_options){.recursive = true}));
    assert_ok_pool(pool, yoke_event_create(&b->event, pool, NULL));
    assert_ok_pool(pool,
                   yoke_semaphore_create(&b->semaphore, pool, 2,
                                         &(yoke_semaphore_options){.max_permits = 3}));
    assert_ok_pool(pool, yoke_condition_create(&b->condition, pool, NULL));
    assert_ok_pool(pool, yoke_barrier_create(&b->barrier, pool, PROCESSES, NULL));
    assert_ok_pool(pool, yoke_array_create(&b->value, pool, 1, sizeof start,
                                           &(yoke_array_options){.initial = &start}));
    assert_ok_pool(pool, yoke_array_create(&b->array, pool, 10, 24, NULL));
    return 0;
}

static int close_board(void **state)
{
    api_close(pool);
    return yt_test_teardown(state);
}

#define board_test(function)                                                           \
    cmocka_unit_test_setup_teardown(function, open_board, close_board)

/* Runs it in PROCESSES child processes; all must return 0. */
static void in_processes(int (*function)(void *arg))
{
    int pids[PROCESSES];

    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = yt_start_child(function, (void *)(intptr_t)i);
    }
    for (int i = 0; i < PROCESSES; i++) {
        assert_int_equal(yt_wait_child(pids[i], 100), 0);
    }
}

/* What another thread gets. */
typedef struct other_call {
    yoke_status (*function)(double seconds);
    double seconds;
    yoke_status status;
} other_call;

static void *call_it(void *arg)
{
    other_call *call = arg;

    call->status = call->function(call->seconds);
    return NULL;
}

static yoke_status elsewhere(yoke_status (*function)(double seconds), double seconds)
{
    other_call call = {function, seconds, YOKE_OK};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, call_it, &call), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return call.status;
}

/* Whether a thread sleeps until a lock is released: the lock of any kind of object. */
static bool is_awaited(void *arg)
{
    return (atomic_load(&((yk_ipc_object *)arg)->owner) & YK_CONTENDED) != 0;
}

static yoke_status take_lock(double seconds)
{
    return yoke_mutex_lock(b->lock, seconds);
}

static yoke_status take_rlock(double seconds)
{
    return yoke_mutex_lock(b->rlock, seconds);
}

static yoke_status give_lock(double seconds)
{
    (void)seconds;
    return yoke_mutex_unlock(b->lock);
}

/* ---- locks ---- */

static int count_under_lock(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        if (yoke_mutex_lock(b->lock, YOKE_FOREVER) != YOKE_OK) {
            return 1;
        }
        b->plain++;
        if (yoke_mutex_unlock(b->lock) != YOKE_OK) {
            return 2;
        }
    }
    return 0;
}

static void test_lock(void **state)
{
    (void)state;
    assert_false(yoke_mutex_is_locked(b->lock));
    assert_ok_pool(pool, yoke_mutex_lock(b->lock, 0));
    assert_true(yoke_mutex_is_locked(b->lock));
    assert_false(yoke_mutex_is_locked(NULL));
    assert_refused(pool, yoke_mutex_lock(b->lock, YOKE_FOREVER), YOKE_EBUSY, "already");
    assert_status(elsewhere(take_lock, 0), YOKE_ETIMEDOUT);
    assert_status(elsewhere(take_lock, 0.001), YOKE_ETIMEDOUT);
    assert_status(elsewhere(give_lock, 0), YOKE_EINVAL);
    assert_ok_pool(pool, yoke_mutex_unlock(b->lock));
    assert_refused(pool, yoke_mutex_unlock(b->lock), YOKE_EINVAL, "does not have");
    in_processes(count_under_lock);
    assert_int_equal(b->plain, PROCESSES * ROUNDS);
}

static bool is_taken_over(void *arg)
{
    (void)arg;
    return yoke_mutex_lock(b->lock, 0) == YOKE_EOWNERDEAD;
}

/* A thread that ends with the lock is noticed like a process. */
static void test_lock_of_a_thread_that_ended(void **state)
{
    (void)state;
    assert_ok(elsewhere(take_lock, -1));
    assert_refused(pool, yoke_mutex_lock(b->lock, YOKE_FOREVER), YOKE_EOWNERDEAD,
                   "died");
    assert_ok_pool(pool, yoke_mutex_unlock(b->lock));
    assert_ok(elsewhere(take_lock, -1));
    assert_true(yt_wait_until(is_taken_over, NULL, 30)); /* joined is not yet gone */
    assert_ok_pool(pool, yoke_mutex_unlock(b->lock));
}

static void test_rlock(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_ok_pool(pool, yoke_mutex_lock(b->rlock, 0));
    }
    for (int i = 0; i < 3; i++) {
        assert_status(elsewhere(take_rlock, 0), YOKE_ETIMEDOUT);
        assert_ok_pool(pool, yoke_mutex_unlock(b->rlock));
    }
    assert_refused(pool, yoke_mutex_unlock(b->rlock), YOKE_EINVAL, "does not have");
    assert_ok(elsewhere(take_rlock, 0));
    assert_status(yoke_mutex_lock(b->rlock, YOKE_FOREVER), YOKE_EOWNERDEAD);
    assert_ok_pool(pool, yoke_mutex_unlock(b->rlock));
    assert_ok(elsewhere(take_rlock, 0));
}

/* ---- events and semaphores ---- */

static int await_event(void *arg)
{
    (void)arg;
    return yoke_event_wait(b->event, YOKE_FOREVER) == YOKE_OK ? 0 : 1;
}

static void *set_event(void *arg)
{
    (void)yoke_event_set(b->event);
    return arg;
}

static void test_event(void **state)
{
    yoke_event *set = NULL;

    pthread_t thread;

    (void)state;
    assert_false(yoke_event_is_set(b->event));
    assert_status(yoke_event_wait(b->event, 0), YOKE_ETIMEDOUT);
    assert_status(yoke_event_wait(b->event, 0.001), YOKE_ETIMEDOUT);
    assert_ok_pool(
        pool, yoke_event_create(&set, pool, &(yoke_event_options){.is_set = true}));
    assert_ok_pool(pool, yoke_event_wait(set, 0));
    assert_ok_pool(pool, yoke_event_destroy(set));
    assert_int_equal(pthread_create(&thread, NULL, set_event, NULL), 0);
    in_processes(await_event);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(yoke_event_is_set(b->event));
    assert_ok_pool(pool, yoke_event_set(b->event));
    assert_ok_pool(pool, yoke_event_wait(b->event, 0));
    assert_ok_pool(pool, yoke_event_clear(b->event));
    assert_status(yoke_event_wait(b->event, 0), YOKE_ETIMEDOUT);
}

static int use_permits(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS / 10; i++) {
        if (yoke_semaphore_acquire(b->semaphore, YOKE_FOREVER) != YOKE_OK) {
            return 1;
        }
        if (atomic_fetch_add(&b->ready, 1) >= 2) {
            return 2;
        }
        atomic_fetch_sub(&b->ready, 1);
        if (yoke_semaphore_release(b->semaphore, 1) != YOKE_OK) {
            return 3;
        }
    }
    return 0;
}

static void test_semaphore(void **state)
{
    yoke_semaphore *none = NULL;

    (void)state;
    in_processes(use_permits);
    assert_int_equal(yoke_semaphore_count(b->semaphore), 2);
    assert_ok_pool(pool, yoke_semaphore_acquire(b->semaphore, 0));
    assert_ok_pool(pool, yoke_semaphore_acquire(b->semaphore, YOKE_FOREVER));
    assert_status(yoke_semaphore_acquire(b->semaphore, 0), YOKE_ETIMEDOUT);
    assert_status(yoke_semaphore_acquire(b->semaphore, 0.001), YOKE_ETIMEDOUT);
    assert_refused(pool, yoke_semaphore_release(b->semaphore, 0), YOKE_EINVAL,
                   "no permit");
    assert_refused(pool, yoke_semaphore_release(b->semaphore, 4), YOKE_EINVAL,
                   "more than 3 permits");
    assert_ok_pool(pool, yoke_semaphore_release(b->semaphore, 3));
    assert_refused(pool, yoke_semaphore_release(b->semaphore, 1), YOKE_EINVAL,
                   "more than");
    assert_refused(pool,
                   yoke_semaphore_create(&none, pool, 4,
                                         &(yoke_semaphore_options){.max_permits = 3}),
                   YOKE_EINVAL, "at most");
    assert_null(none);
}

/* ---- conditions ---- */

static bool is_my_turn(void *context)
{
    return b->plain % PROCESSES == (uint64_t)(intptr_t)context;
}

/* Each counts on in its turn only. */
static int take_turns(void *arg)
{
    for (int i = 0; i < 500; i++) {
        if (yoke_mutex_lock(b->lock, YOKE_FOREVER) != YOKE_OK ||
            yoke_condition_wait_for(b->condition, b->lock, is_my_turn, arg,
                                    YOKE_FOREVER) != YOKE_OK) {
            return 1;
        }
        b->plain++;
        if (yoke_condition_notify_all(b->condition) != YOKE_OK ||
            yoke_mutex_unlock(b->lock) != YOKE_OK) {
            return 2;
        }
    }
    return 0;
}

static bool is_never(void *context)
{
    (void)context;
    return false;
}

static void test_condition(void **state)
{
    (void)state;
    in_processes(take_turns);
    assert_int_equal(b->plain, 500 * PROCESSES);
    assert_refused(pool, yoke_condition_wait(b->condition, b->lock, 0), YOKE_EINVAL,
                   "does not have");
    assert_ok_pool(pool, yoke_mutex_lock(b->lock, 0));
    assert_status(yoke_condition_wait(b->condition, b->lock, 0), YOKE_ETIMEDOUT);
    assert_status(yoke_condition_wait(b->condition, b->lock, 0.001), YOKE_ETIMEDOUT);
    assert_ok_pool(
        pool, yoke_condition_wait(b->condition, b->lock, YOKE_FOREVER)); /* unasked */
    assert_status(yoke_condition_wait_for(b->condition, b->lock, is_never, NULL, 0.25),
                  YOKE_ETIMEDOUT);
    assert_status(yoke_condition_wait_for(b->condition, b->lock, is_never, NULL, 0),
                  YOKE_ETIMEDOUT);
    assert_refused(pool, yoke_condition_wait_for(b->condition, b->lock, NULL, NULL, 0),
                   YOKE_EINVAL, "predicate");
    assert_refused(pool, yoke_condition_notify(b->condition, 0), YOKE_EINVAL,
                   "count is 0");
    assert_ok_pool(pool, yoke_condition_notify(b->condition, 1));
    assert_ok_pool(pool, yoke_mutex_unlock(b->lock));
}

/* ---- barriers ---- */

static int meet(void *arg)
{
    (void)arg;
    for (uint32_t round = 0; round < 1000; round++) {
        uint32_t index;

        if (atomic_load(&b->ready) > (round + 1) * PROCESSES) {
            return 1;
        }
        atomic_fetch_add(&b->ready, 1);
        if (yoke_barrier_wait(b->barrier, &index, YOKE_FOREVER) != YOKE_OK ||
            index >= PROCESSES) {
            return 2;
        }
        if (atomic_load(&b->ready) < (round + 1) * PROCESSES) {
            return 3;
        }
        if (index == 0) {
            atomic_fetch_add(&b->serial, 1);
        }
    }
    return 0;
}

static int meet_in_vain(void *arg)
{
    (void)arg;
    return (int)-yoke_barrier_wait(b->barrier, NULL, YOKE_FOREVER);
}

static bool one_waits(void *arg)
{
    (void)arg;
    return yoke_barrier_waiting(b->barrier) == 1;
}

static void test_barrier(void **state)
{
    yoke_barrier *none = NULL;

    (void)state;
    in_processes(meet);
    assert_int_equal(atomic_load(&b->serial), 1000);
    assert_status(yoke_barrier_wait(b->barrier, NULL, 0), YOKE_ETIMEDOUT);
    for (int how = 0; how < 3; how++) {
        const int pid = yt_start_child(meet_in_vain, NULL);

        assert_true(yt_wait_until(one_waits, NULL, 30));
        if (how == 0) {
            assert_refused(pool, yoke_barrier_wait(b->barrier, NULL, 0.001),
                           YOKE_ETIMEDOUT, "time limit");
            assert_refused(pool, yoke_barrier_wait(b->barrier, NULL, YOKE_FOREVER),
                           YOKE_EBROKEN, "broken");
        } else if (how == 1) {
            assert_ok_pool(pool, yoke_barrier_abort(b->barrier));
        }
        assert_int_equal(yoke_barrier_is_broken(b->barrier), how < 2);
        assert_ok_pool(pool, yoke_barrier_reset(b->barrier));
        assert_false(yoke_barrier_is_broken(b->barrier));
        assert_int_equal(yt_wait_child(pid, 30), -YOKE_EBROKEN);
    }
    assert_int_equal(yoke_barrier_parties(b->barrier), PROCESSES);
    assert_int_equal(yoke_barrier_parties(NULL), 0);
    atomic_store(&b->ready, 0);
    in_processes(meet);
    assert_refused(pool, yoke_barrier_create(&none, pool, 0, NULL), YOKE_EINVAL,
                   "1 to");
    assert_null(none);
}

/* ---- values and arrays ---- */

static int count_in_value(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS / 4; i++) {
        double value;

        if (yoke_array_lock(b->value, YOKE_FOREVER) != YOKE_OK ||
            yoke_array_get(b->value, 0, &value) != YOKE_OK) {
            return 1;
        }
        value += 1;
        if (yoke_array_set(b->value, 0, &value) != YOKE_OK ||
            yoke_array_unlock(b->value) != YOKE_OK) {
            return 2;
        }
    }
    return 0;
}

static void test_value(void **state)
{
    yoke_array *none = NULL;
    double value = 0;

    (void)state;
    assert_ok_pool(pool, yoke_array_get(b->value, 0, &value));
    assert_true(value == 1.5);
    in_processes(count_in_value);
    assert_true(*(double *)yoke_array_pointer(b->value) ==
                1.5 + PROCESSES * (ROUNDS / 4));
    assert_refused(pool, yoke_array_unlock(b->value), YOKE_EINVAL, "does not have");
    assert_refused(pool, yoke_array_get(b->value, 0, NULL), YOKE_EINVAL, "NULL");
    assert_refused(pool, yoke_array_set(b->value, 0, NULL), YOKE_EINVAL, "NULL");
    assert_refused(pool, yoke_array_create(&none, pool, 1, 0, NULL), YOKE_EINVAL,
                   "at least 1 byte");
    assert_null(none);
    assert_refused(pool, yoke_array_create(&none, pool, 1, SIZE_MAX, NULL), YOKE_EINVAL,
                   "64 TiB");
}

static void test_array(void **state)
{
    const int32_t first[3] = {1, 2, 3};
    yoke_array *other = NULL;
    char item[24] = "twenty-three characters";
    char copy[24];
    int32_t number;

    (void)state;
    assert_int_equal(yoke_array_count(b->array), 10);
    assert_ok_pool(pool, yoke_array_set(b->array, 9, item));
    assert_ok_pool(pool, yoke_array_get(b->array, 9, copy));
    assert_string_equal(copy, item);
    assert_string_equal((char *)yoke_array_pointer(b->array) + 9 * 24, item);
    assert_refused(pool, yoke_array_get(b->array, 10, copy), YOKE_EINVAL,
                   "there are 10");
    assert_refused(pool, yoke_array_set(b->array, 10, copy), YOKE_EINVAL,
                   "there are 10");
    assert_refused(pool, yoke_array_set(b->array, 0, NULL), YOKE_EINVAL, "NULL");
    assert_ok_pool(pool, yoke_array_lock(b->array, 0));
    assert_ok_pool(pool, yoke_array_lock(b->array, 0));
    assert_ok_pool(pool, yoke_array_unlock(b->array));
    assert_ok_pool(pool, yoke_array_unlock(b->array));
    assert_refused(pool, yoke_array_unlock(b->array), YOKE_EINVAL, "does not have");
    assert_ok_pool(pool, yoke_array_create(&other, pool, 3, 4,
                                           &(yoke_array_options){.initial = first}));
    assert_ok_pool(pool, yoke_array_get(other, 2, &number));
    assert_int_equal(number, 3);
    assert_ok_pool(pool, yoke_array_destroy(other));
    assert_null(yoke_array_pointer(other));
    assert_refused(pool, yoke_array_create(&other, pool, SIZE_MAX, 16, NULL),
                   YOKE_EINVAL, "64 TiB");
}

/* ---- forks and signals ---- */

/* What its parent has is not this process's. */
static int use_what_the_parent_has(void *arg)
{
    double value;

    (void)arg;
    return yoke_mutex_unlock(b->lock) == YOKE_EINVAL &&
                   yoke_mutex_lock(b->lock, 0) == YOKE_ETIMEDOUT &&
                   yoke_mutex_unlock(b->rlock) == YOKE_EINVAL &&
                   yoke_mutex_lock(b->rlock, 0.001) == YOKE_ETIMEDOUT &&
                   yoke_array_unlock(b->value) == YOKE_EINVAL &&
                   yoke_array_lock(b->value, 0) == YOKE_ETIMEDOUT &&
                   yoke_condition_wait(b->condition, b->lock, 0) == YOKE_EINVAL &&
                   yoke_mutex_lock(b->lock, YOKE_FOREVER) == YOKE_OK &&
                   yoke_mutex_unlock(b->lock) == YOKE_OK &&
                   yoke_mutex_lock(b->rlock, YOKE_FOREVER) == YOKE_OK &&
                   yoke_mutex_unlock(b->rlock) == YOKE_OK &&
                   yoke_array_get(b->value, 0, &value) == YOKE_OK
               ? 0
               : 1;
}

static void test_fork_of_an_owner(void **state)
{
    int pid;

    (void)state;
    assert_ok_pool(pool, yoke_mutex_lock(b->lock, 0));
    assert_ok_pool(pool, yoke_mutex_lock(b->rlock, 0));
    assert_ok_pool(pool, yoke_array_lock(b->value, 0));
    pid = yt_start_child(use_what_the_parent_has, NULL);
    assert_true(yt_wait_until(is_awaited, b->lock, 30));
    assert_ok_pool(pool, yoke_mutex_unlock(b->lock));
    assert_true(yt_wait_until(is_awaited, b->rlock, 30));
    assert_ok_pool(pool, yoke_mutex_unlock(b->rlock));
    assert_true(yt_wait_until(is_awaited, b->value, 30));
    assert_ok_pool(pool, yoke_array_unlock(b->value));
    assert_int_equal(yt_wait_child(pid, 30), 0);
}

static _Atomic int signals;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
}

/* Times are as ever for who is interrupted all the time. */
static void test_interrupted(void **state)
{
    const struct sigaction action = {.sa_handler = count_signal};
    const struct itimerval often = {{0, 500}, {0, 500}};
    const struct itimerval never = {{0, 0}, {0, 0}};
    const double seconds = 0.15;
    struct sigaction before;

    (void)state;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    assert_status(yoke_event_wait(b->event, seconds), YOKE_ETIMEDOUT);
    assert_status(yoke_barrier_wait(b->barrier, NULL, seconds), YOKE_ETIMEDOUT);
    assert_ok(yoke_mutex_lock(b->lock, YOKE_FOREVER));
    assert_status(
        yoke_condition_wait_for(b->condition, b->lock, is_never, NULL, seconds),
        YOKE_ETIMEDOUT);
    assert_ok(yoke_mutex_unlock(b->lock));
    assert_ok(yoke_semaphore_acquire(b->semaphore, seconds));
    assert_ok(yoke_semaphore_acquire(b->semaphore, seconds));
    assert_status(yoke_semaphore_acquire(b->semaphore, seconds), YOKE_ETIMEDOUT);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_true(atomic_load(&signals) > 0);
}

/* ---- the end of things ---- */

static int wait_for_one(void *arg)
{
    atomic_fetch_add(&b->ready, 1);
    switch ((int)(intptr_t)arg) {
    case 0:
        return (int)-yoke_mutex_lock(b->lock, YOKE_FOREVER);
    case 1:
        return (int)-yoke_event_wait(b->event, YOKE_FOREVER);
    case 2:
        return (int)-yoke_barrier_wait(b->barrier, NULL, YOKE_FOREVER);
    case 3:
        return (int)-yoke_mutex_lock(b->rlock, YOKE_FOREVER);
    default:
        return (int)-yoke_array_lock(b->value, YOKE_FOREVER);
    }
}

static bool all_wait(void *arg)
{
    (void)arg;
    return atomic_load(&b->ready) == 5;
}

static void test_destroyed_while_waiting(void **state)
{
    int pids[5];

    (void)state;
    assert_ok_pool(pool, yoke_mutex_lock(b->lock, 0));
    assert_ok_pool(pool, yoke_mutex_lock(b->rlock, 0));
    assert_ok_pool(pool, yoke_array_lock(b->value, 0));
    for (int i = 0; i < 5; i++) {
        pids[i] = yt_start_child(wait_for_one, (void *)(intptr_t)i);
    }
    assert_true(yt_wait_until(all_wait, NULL, 30));
    assert_ok_pool(pool, yoke_mutex_destroy(b->lock));
    assert_ok_pool(pool, yoke_event_destroy(b->event));
    assert_ok_pool(pool, yoke_barrier_destroy(b->barrier));
    assert_ok_pool(pool, yoke_mutex_destroy(b->rlock));
    assert_ok_pool(pool, yoke_array_destroy(b->value));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(yt_wait_child(pids[i], 30), -YOKE_ECLOSED);
    }
    assert_refused(pool, yoke_mutex_unlock(b->lock), YOKE_ECLOSED, "destroyed");
    assert_refused(pool, yoke_mutex_destroy(b->lock), YOKE_ECLOSED, "destroyed");
    assert_refused(pool, yoke_array_unlock(b->value), YOKE_ECLOSED, "destroyed");
    assert_null(yoke_array_pointer(b->value));
    assert_false(yoke_event_is_set(b->event));
    assert_ok_pool(pool, yoke_semaphore_destroy(b->semaphore));
    assert_status(yoke_semaphore_acquire(b->semaphore, YOKE_FOREVER), YOKE_ECLOSED);
    assert_ok_pool(pool, yoke_condition_destroy(b->condition));
    assert_status(yoke_condition_notify_all(b->condition), YOKE_ECLOSED);
}

enum { LARGE = 2 << 20 };

static bool is_serial(void *arg)
{
    return atomic_load(&b->serial) == (uint32_t)(intptr_t)arg;
}

/* Goes on writing with the lock when the value has been destroyed. */
static int write_for_long(void *arg)
{
    void *memory = yoke_array_pointer(arg);

    if (yoke_array_lock(arg, YOKE_FOREVER) != YOKE_OK) {
        return 1;
    }
    atomic_store(&b->serial, 1);
    if (!yt_wait_until(is_serial, (void *)2, 30)) {
        return 2;
    }
    memset(memory, 1, LARGE);
    return yoke_array_unlock(arg) == YOKE_ECLOSED ? 0 : 3;
}

/* The memory is not used for anything else as long as a thread may write there. */
static void test_destroyed_while_held(void **state)
{
    yoke_array *value = NULL;
    uint32_t *memory;
    int pid;

    (void)state;
    assert_ok_pool(pool, yoke_array_create(&value, pool, 1, LARGE, NULL));
    pid = yt_start_child(write_for_long, value);
    assert_true(yt_wait_until(is_serial, (void *)1, 30));
    assert_ok_pool(pool, yoke_array_destroy(value));
    memory = yoke_alloc(pool, LARGE + 4096);
    assert_non_null(memory);
    atomic_store(&b->serial, 2);
    assert_int_equal(yt_wait_child(pid, 30), 0);
    assert_true(api_all(memory, (LARGE + 4096) / 4, 0));
}

static int destroy_here(void *arg)
{
    (void)arg;
    return (int)-yoke_mutex_destroy(b->lock);
}

static int create_here(void *arg)
{
    yoke_mutex *lock;

    (void)arg;
    return (int)-yoke_mutex_create(&lock, pool, NULL);
}

static void test_bad_input(void **state)
{
    (void)state;
    assert_status(yoke_mutex_lock(NULL, 0), YOKE_EINVAL);
    assert_status(yoke_mutex_lock(NULL, 0), YOKE_EINVAL);
    assert_status(yoke_event_wait(NULL, 0), YOKE_EINVAL);
    assert_status(yoke_semaphore_acquire(NULL, 0), YOKE_EINVAL);
    assert_status(yoke_condition_notify(NULL, 1), YOKE_EINVAL);
    assert_status(yoke_barrier_wait(NULL, NULL, 0), YOKE_EINVAL);
    assert_status(yoke_array_lock(NULL, 0), YOKE_EINVAL);
    assert_status(yoke_array_lock(NULL, 0), YOKE_EINVAL);
    assert_refused(pool,
                   yoke_condition_create(&(yoke_condition *){NULL}, pool,
                                         &(yoke_condition_options){.reserved = 1}),
                   YOKE_EUNSUPPORTED, "reserved");
    assert_refused(pool,
                   yoke_barrier_create(&(yoke_barrier *){NULL}, pool, 1,
                                       &(yoke_barrier_options){.reserved = 1}),
                   YOKE_EUNSUPPORTED, "reserved");
    assert_refused(pool, yoke_mutex_lock((yoke_mutex *)b->semaphore, 0), YOKE_EINVAL,
                   "not a mutex but a semaphore");
    assert_refused(pool, yoke_condition_wait(b->condition, b->rlock, 0), YOKE_EINVAL,
                   "not a mutex but a recursive mutex");
    assert_refused(pool, yoke_mutex_lock(b->lock, NAN), YOKE_EINVAL, "not a number");
    assert_refused(pool, yoke_barrier_wait(b->barrier, NULL, NAN), YOKE_EINVAL,
                   "not a number");
    assert_refused(pool, yoke_mutex_create(NULL, pool, NULL), YOKE_EINVAL, "NULL");
    assert_int_equal(yt_in_child(destroy_here, NULL, 30), -YOKE_EINVAL);
    assert_int_equal(yt_in_child(create_here, NULL, 30), -YOKE_EINVAL);
    assert_ok_pool(pool, yoke_mutex_destroy(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        board_test(test_lock),
        board_test(test_lock_of_a_thread_that_ended),
        board_test(test_rlock),
        board_test(test_event),
        board_test(test_semaphore),
        board_test(test_condition),
        board_test(test_barrier),
        board_test(test_value),
        board_test(test_array),
        board_test(test_destroyed_while_waiting),
        board_test(test_destroyed_while_held),
        board_test(test_fork_of_an_owner),
        board_test(test_interrupted),
        board_test(test_bad_input),
    };

    return yt_run_group(tests);
}
