/* SPDX-License-Identifier: MIT */
/* Waiting for the first of several things, in the application, in tasks and in processes. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>

#include "pool/pool.h"
#include "process_setup.h"

enum { ROUNDS = 600, WAITERS = 3, QUEUES = 4 };

typedef struct board {
    yoke_queue *queues[QUEUES];
    yoke_pipe *ends[2];
    yoke_event *event;
    yoke_semaphore *semaphore;
    yoke_queue *back;
    yoke_event *stop;
} board;

static board *b;

static int open_board(void **state)
{
    const int failed = open_pool(state);
    const yoke_queue_options of_ints = {.item_bytes = sizeof(int)};

    b = yoke_alloc(pool, sizeof *b);
    for (size_t i = 0; i < QUEUES; i++) {
        assert_ok_pool(pool, yoke_queue_create(&b->queues[i], pool, &of_ints));
    }
    assert_ok_pool(pool, yoke_queue_create(&b->back, pool, &of_ints));
    assert_ok_pool(pool, yoke_pipe_create(b->ends, pool, NULL));
    assert_ok_pool(pool, yoke_event_create(&b->event, pool, NULL));
    assert_ok_pool(pool, yoke_event_create(&b->stop, pool, NULL));
    assert_ok_pool(pool, yoke_semaphore_create(&b->semaphore, pool, 0, NULL));
    return failed;
}

static void put(yoke_queue *queue, int value)
{
    assert_ok_pool(pool, yoke_queue_put(queue, &value, sizeof value, SECONDS));
}

static int take(yoke_queue *queue)
{
    int value = -1;

    assert_ok_pool(pool, yoke_queue_get(queue, &value, &(size_t){sizeof value}, SECONDS));
    return value;
}

/* ---- each kind ---- */

static void expect(void *const *things, size_t count, size_t index)
{
    bool ready[8];
    size_t found = 77;

    assert_ok_pool(pool, yoke_wait_any(things, count, &found, SECONDS,
                                       &(yoke_wait_options){.ready = ready}));
    assert_int_equal(found, index);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ready[i], i == index);
    }
    assert_ok_pool(pool, yoke_wait_any(things, count, &found, 0, NULL));
    assert_int_equal(found, index);
}

static void expect_none(void *const *things, size_t count, double seconds)
{
    bool ready[8];
    size_t found = 77;

    assert_status_pool(pool,
                       yoke_wait_any(things, count, &found, seconds,
                                     &(yoke_wait_options){.ready = ready}),
                       YOKE_ETIMEDOUT);
    assert_int_equal(found, 77);
    for (size_t i = 0; i < count; i++) {
        assert_false(ready[i]);
    }
}

static int wait_in_task(yoke_task *task)
{
    return yoke_event_wait(*(yoke_event *const *)task->input, YOKE_FOREVER);
}

static void test_each_kind(void **state)
{
    yoke_process *process = start(wait_for_gate, memory, 0);
    yoke_future *future = NULL;
    int value;

    (void)state;
    assert_ok_pool(pool, yoke_apply_async(&future, pool, wait_in_task, &b->stop,
                                               sizeof(b->stop), NULL));
    {
        void *const things[] = {b->queues[0], b->ends[0], b->event,
                                b->semaphore, process,    future};
        const size_t count = sizeof things / sizeof things[0];

        expect_none(things, count, 0);
        expect_none(things, count, 0.01);
        put(b->queues[0], 5);
        expect(things, count, 0);
        assert_int_equal(take(b->queues[0]), 5);
        assert_ok_pool(pool, yoke_pipe_send(b->ends[1], &value, 0, 0));
        expect(things, count, 1);
        assert_ok_pool(pool, yoke_pipe_recv(b->ends[0], NULL, &(size_t){0}, 0));
        assert_ok_pool(pool, yoke_event_set(b->event));
        expect(things, count, 2);
        assert_ok_pool(pool, yoke_event_clear(b->event));
        assert_ok_pool(pool, yoke_semaphore_release(b->semaphore, 1));
        expect(things, count, 3);
        assert_ok_pool(pool, yoke_semaphore_acquire(b->semaphore, 0));
        expect_none(things, count, 0);
        atomic_store(&memory->open, 1);
        expect(things, count, 4);
        assert_ok_pool(pool, yoke_event_set(b->stop));
        expect(things + 5, 1, 0);
        assert_true(yoke_future_is_done(future));
        assert_ok_pool(pool, yoke_wait_any(things, count, NULL, 0, NULL));
    }
    assert_int_equal(finish(process), 3);
    assert_ok_pool(pool, yoke_future_destroy(future));
}

/* ---- something happens while it waits ---- */

typedef struct later {
    yoke_status (*act)(void);
    yoke_status status;
} later;

static void *act_later(void *arg)
{
    later *what = arg;

    (void)usleep(20000); /* so that the other mostly sleeps by then; right either way */
    what->status = what->act();
    return NULL;
}

static void expect_after(yoke_status (*act)(void), size_t index)
{
    void *const things[] = {b->queues[1], b->ends[0], b->event, b->semaphore};
    later what = {act, YOKE_OK};
    pthread_t thread;
    size_t found = 77;

    assert_int_equal(pthread_create(&thread, NULL, act_later, &what), 0);
    assert_ok_pool(pool, yoke_wait_any(things, 4, &found, SECONDS, NULL));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok_pool(pool, what.status);
    assert_int_equal(found, index);
}

static yoke_status put_one(void)
{
    return yoke_queue_put(b->queues[1], &(int){3}, sizeof(int), 0);
}

static yoke_status send_one(void)
{
    return yoke_pipe_send(b->ends[1], "x", 1, 0);
}

static yoke_status set_it(void)
{
    return yoke_event_set(b->event);
}

static yoke_status give_two(void)
{
    return yoke_semaphore_release(b->semaphore, 2);
}

static yoke_status abort_queue(void)
{
    return yoke_queue_abort(b->queues[1]);
}

static yoke_status shut_other_end(void)
{
    return yoke_pipe_shutdown(b->ends[1]);
}

static yoke_status destroy_event(void)
{
    return yoke_event_destroy(b->event);
}

static void test_while_it_waits(void **state)
{
    char text[4];

    (void)state;
    expect_after(put_one, 0);
    assert_int_equal(take(b->queues[1]), 3);
    expect_after(send_one, 1);
    assert_ok_pool(pool, yoke_pipe_recv(b->ends[0], text, &(size_t){sizeof text}, 0));
    expect_after(give_two, 3);
    assert_ok_pool(pool, yoke_semaphore_acquire(b->semaphore, 0));
    assert_ok_pool(pool, yoke_semaphore_acquire(b->semaphore, 0));
    expect_after(set_it, 2);
    assert_ok_pool(pool, yoke_event_clear(b->event));
    expect_after(destroy_event, 2);
    assert_ok_pool(pool, yoke_event_create(&b->event, pool, NULL));
    expect_after(shut_other_end, 1);
    assert_status(yoke_pipe_recv(b->ends[0], text, &(size_t){sizeof text}, 0),
                  YOKE_ECLOSED);
    assert_ok_pool(pool, yoke_pipe_destroy(b->ends[0]));
    assert_ok_pool(pool, yoke_pipe_create(b->ends, pool, NULL));
    expect_after(abort_queue, 0);
    assert_status(yoke_queue_get(b->queues[1], text, &(size_t){sizeof text}, 0),
                  YOKE_ECLOSED);
}

/* ---- in tasks and processes ---- */

/* Sends back what comes in any of the queues, until it is told to stop. */
static int echo(board *here)
{
    void *things[QUEUES + 1];
    yoke_status status = YOKE_OK;

    for (size_t i = 0; i < QUEUES; i++) {
        things[i] = here->queues[i];
    }
    things[QUEUES] = here->stop;
    while (status == YOKE_OK) {
        size_t index = 77;
        int value;

        status = yoke_wait_any(things, QUEUES + 1, &index, YOKE_FOREVER, NULL);
        if (status == YOKE_OK && index == QUEUES) {
            return 0;
        }
        if (status == YOKE_OK &&
            yoke_queue_get(things[index], &value, &(size_t){sizeof value}, 0) == YOKE_OK) {
            status = yoke_queue_put(here->back, &value, sizeof value, YOKE_FOREVER);
        }
    }
    return (int)-status;
}

static int echo_process(void *argument, size_t bytes)
{
    (void)bytes;
    return echo(*(board **)argument);
}

static int echo_task(yoke_task *task)
{
    return echo(*(board *const *)task->input);
}

static int echo_child(void *arg)
{
    return echo(arg);
}

static void play(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        put(b->queues[i % QUEUES], i);
        assert_int_equal(take(b->back), i);
    }
}

static void test_process(void **state)
{
    yoke_process *process = start(echo_process, &b, sizeof(b));

    (void)state;
    play(ROUNDS);
    assert_ok_pool(pool, yoke_event_set(b->stop));
    assert_int_equal(finish(process), 0);
}

static void test_task(void **state)
{
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_apply_async(&future, pool, echo_task, &b, sizeof(b), NULL));
    play(ROUNDS);
    assert_ok_pool(pool, yoke_event_set(b->stop));
    assert_ok_pool(pool, yoke_future_wait(future, SECONDS));
    assert_ok_pool(pool, yoke_future_destroy(future));
}

/* Several wait for the same: each message is got once, and none is forgotten. */
static void test_several_waiters(void **state)
{
    int pids[WAITERS];
    bool seen[ROUNDS] = {false};

    (void)state;
    for (int i = 0; i < WAITERS; i++) {
        pids[i] = yt_start_child(echo_child, b);
    }
    for (int i = 0; i < ROUNDS; i++) {
        put(b->queues[i * 7 % QUEUES], i);
    }
    for (int i = 0; i < ROUNDS; i++) {
        const int value = take(b->back);

        assert_true(value >= 0 && value < ROUNDS && !seen[value]);
        seen[value] = true;
    }
    assert_int_equal(yoke_queue_count(b->back), 0);
    assert_ok_pool(pool, yoke_event_set(b->stop));
    for (int i = 0; i < WAITERS; i++) {
        assert_int_equal(yt_wait_child(pids[i], SECONDS), 0);
    }
}

/* ---- deaths ---- */

static void test_killed_waiters(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        const int pid = yt_start_child(echo_child, b);

        put(b->queues[0], i);
        assert_int_equal(take(b->back), i);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(yt_wait_child(pid, SECONDS), -SIGKILL);
    }
    test_process(state);
}

static int hold_other_end(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    while (pause() != 0) {
    }
    return 1;
}

/* The process at the other end dies: both it and the pipe are ready. */
static void test_death_of_the_other(void **state)
{
    yoke_process *process = start(hold_other_end, &b->ends[1], sizeof b->ends[1]);
    void *const things[] = {b->queues[0], b->ends[0], process};
    size_t found = 77;

    (void)state;
    expect_none(things, 3, 0.01);
    assert_ok_pool(pool, yoke_process_kill(process));
    assert_ok_pool(pool, yoke_wait_any(things, 3, &found, SECONDS, NULL));
    assert_true(found == 1 || found == 2);
    assert_ok_pool(pool, yoke_wait_any(things, 2, &found, SECONDS, NULL));
    assert_int_equal(found, 1);
    assert_status(yoke_pipe_wait(b->ends[0], 0), YOKE_ECLOSED);
    assert_int_equal(finish(process), -SIGKILL);
}

static void test_broken_pool(void **state)
{
    yoke_process *process = start(wait_for_ever, memory, 0);
    void *const things[] = {b->queues[0], process};
    size_t found = 77;

    (void)state;
    await(1);
    assert_int_equal(kill(pool->liveness.supervisor, SIGKILL), 0);
    assert_status(yoke_wait_any(things, 1, &found, SECONDS, NULL), YOKE_EBROKEN);
    assert_contains(yoke_pool_error(pool), "supervisor");
    assert_ok(yoke_wait_any(things, 2, &found, SECONDS, NULL));
    assert_int_equal(found, 1);
    assert_status(yoke_process_wait(process, NULL, 0), YOKE_EBROKEN);
    assert_status(yoke_pool_close(pool), YOKE_EBROKEN);
    pool = NULL;
}

/* ---- futures ---- */

static jmp_buf back_to_test;
static int calls;

static void jump(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    (void)status;
    (void)context;
    calls++;
    longjmp(back_to_test, 1);
}

/* A callback that never returns leaves nothing behind that the end of the pool waits for. */
static void test_callback_jumps(void **state)
{
    yoke_future *futures[2];
    void *things[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_ok_pool(pool,
                       yoke_apply_async(&futures[i], pool, wait_in_task, &b->stop,
                                               sizeof(b->stop), NULL));
        assert_ok_pool(pool, yoke_future_on_done(futures[i], jump, NULL));
        things[i] = futures[i];
    }
    assert_ok_pool(pool, yoke_event_set(b->stop));
    calls = 0;
    while (setjmp(back_to_test) != 0 || calls < 2) {
        (void)yoke_wait_any(things + calls % 2, 1, NULL, SECONDS, NULL);
    }
    assert_int_equal(calls, 2);
    for (int i = 0; i < 2; i++) {
        assert_ok_pool(pool, yoke_future_destroy(futures[i]));
    }
}

/* Also those of a pool that is gone. */
static void test_after_the_pool(void **state)
{
    yoke_future *future = NULL;
    size_t found = 77;

    (void)state;
    assert_ok_pool(pool, yoke_event_set(b->stop));
    assert_ok_pool(pool, yoke_apply_async(&future, pool, wait_in_task, &b->stop,
                                               sizeof(b->stop), NULL));
    api_close(pool);
    assert_ok(yoke_wait_any((void *const[]){future}, 1, &found, 0, NULL));
    assert_int_equal(found, 0);
    assert_ok(yoke_future_destroy(future));
    pool = NULL;
}

/* ---- bad lists ---- */

static void expect_refused(void *thing, yoke_status status, const char *text)
{
    void *const things[] = {b->event, thing};
    size_t found = 77;

    assert_refused(pool, yoke_wait_any(things, 2, &found, YOKE_FOREVER, NULL), status,
                   text);
    assert_contains(yoke_pool_error(pool), "things[1]: ");
    assert_int_equal(found, 77);
}

static void test_refused(void **state)
{
    yoke_pool *other = api_open("cpu:1");
    yoke_pipe *way[2];
    yoke_mutex *mutex;
    yoke_event *event;
    void *const things[] = {b->event};

    (void)state;
    assert_ok_pool(other, yoke_event_create(&event, other, NULL));
    assert_ok_pool(pool, yoke_mutex_create(&mutex, pool, NULL));
    assert_ok_pool(pool,
                   yoke_pipe_create(way, pool, &(yoke_pipe_options){.simplex = true}));
    expect_refused(NULL, YOKE_EINVAL, "NULL");
    expect_refused(mutex, YOKE_EINVAL, "is a mutex; queues");
    expect_refused(event, YOKE_EINVAL, "another pool");
    expect_refused(way[1], YOKE_EINVAL, "only sends");
    expect_refused(&event, YOKE_ECLOSED, "not valid");
    assert_ok_pool(pool, yoke_pipe_shutdown(way[0]));
    expect_refused(way[0], YOKE_ECLOSED, "this end of the pipe was closed");
    assert_ok_pool(pool, yoke_pipe_destroy(way[0]));
    expect_refused(way[0], YOKE_ECLOSED, "not valid");
    assert_status(yoke_wait_any(things, 0, NULL, 0, NULL), YOKE_EINVAL);
    assert_status(yoke_wait_any(NULL, 1, NULL, 0, NULL), YOKE_EINVAL);
    assert_status(yoke_wait_any(things, 1, NULL, -2, NULL), YOKE_EINVAL);
    assert_status(yoke_wait_any(things, 1, NULL, NAN, NULL), YOKE_EINVAL);
    api_close(other);
}

#define board_test(function)                                                           \
    cmocka_unit_test_setup_teardown(function, open_board, close_board)

static int close_board(void **state)
{
    return pool != NULL ? close_pool(state) : yt_nothing_alive() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        board_test(test_each_kind),          board_test(test_while_it_waits),
        board_test(test_process),            board_test(test_task),
        board_test(test_several_waiters),    board_test(test_killed_waiters),
        board_test(test_death_of_the_other), board_test(test_broken_pool),
        board_test(test_callback_jumps),     board_test(test_after_the_pool),
        board_test(test_refused),
    };

    return yt_run_group(tests);
}
