/* SPDX-License-Identifier: MIT */
/* Pipes: both directions, one, closing, the death of the other end's processes, which processes
 * hold an end, bad input. */
#include "api_setup.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 3000 };

static yoke_pool *pool;
static yoke_pipe *ends[2];

static int open_pipe(void **state)
{
    (void)state;
    pool = api_open("cpu:1");
    assert_ok_pool(pool,
                   yoke_pipe_create(ends, pool, &(yoke_pipe_options){.capacity = 256}));
    return 0;
}

static int close_pipe(void **state)
{
    api_close(pool);
    return yt_test_teardown(state);
}

/* Sends back what comes, until there will be no more. */
static int echo(void *arg)
{
    char text[200];
    yoke_status status;

    (void)arg;
    for (;;) {
        size_t bytes = sizeof text;

        status = yoke_pipe_recv(ends[1], text, &bytes, YOKE_FOREVER);
        if (status != YOKE_OK) {
            return (int)-status;
        }
        if (yoke_pipe_send(ends[1], text, bytes, YOKE_FOREVER) != YOKE_OK) {
            return 1;
        }
    }
}

static void test_both_ways(void **state)
{
    const int pid = yt_start_child(echo, NULL);
    char text[200] = "";
    char back[200];

    (void)state;
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t bytes = sizeof back;

        text[i % sizeof text] = (char)i;
        assert_ok_pool(pool,
                       yoke_pipe_send(ends[0], text, i % sizeof text, YOKE_FOREVER));
        assert_ok_pool(pool, yoke_pipe_wait(ends[0], YOKE_FOREVER));
        assert_ok_pool(pool, yoke_pipe_recv(ends[0], back, &bytes, 0));
        assert_int_equal(bytes, i % sizeof text);
        assert_memory_equal(back, text, bytes);
    }
    assert_status(yoke_pipe_wait(ends[0], 0), YOKE_ETIMEDOUT);
    assert_ok_pool(pool, yoke_pipe_shutdown(ends[0]));
    assert_int_equal(yt_wait_child(pid, 30), -YOKE_ECLOSED);
    assert_refused(pool, yoke_pipe_send(ends[0], text, 1, YOKE_FOREVER), YOKE_ECLOSED,
                   "was closed");
}

static void test_one_way(void **state)
{
    yoke_pipe *way[2];
    char text[8] = "";
    size_t bytes = sizeof text;

    (void)state;
    assert_ok_pool(pool,
                   yoke_pipe_create(way, pool, &(yoke_pipe_options){.simplex = true}));
    assert_refused(pool, yoke_pipe_send(way[0], "x", 1, YOKE_FOREVER), YOKE_EINVAL,
                   "only receives");
    assert_refused(pool, yoke_pipe_recv(way[1], text, &bytes, YOKE_FOREVER),
                   YOKE_EINVAL, "only sends");
    assert_refused(pool, yoke_pipe_wait(way[1], YOKE_FOREVER), YOKE_EINVAL,
                   "only sends");
    assert_ok_pool(pool, yoke_pipe_send(way[1], "x", 1, YOKE_FOREVER));
    assert_ok_pool(pool, yoke_pipe_shutdown(way[1]));
    assert_ok_pool(pool, yoke_pipe_recv(way[0], text, &bytes, YOKE_FOREVER));
    assert_string_equal(text, "x");
    assert_refused(pool, yoke_pipe_recv(way[0], text, &bytes, YOKE_FOREVER),
                   YOKE_ECLOSED, "other end");
    assert_ok_pool(pool, yoke_pipe_destroy(way[1]));
    assert_status(yoke_pipe_destroy(way[0]), YOKE_ECLOSED);
}

static int send_and_stay(void *arg)
{
    (void)arg;
    if (yoke_pipe_send(ends[1], "last", 4, YOKE_FOREVER) != YOKE_OK) {
        return 1;
    }
    for (;;) {
        (void)pause();
    }
}

/* What it had sent is received, then its end counts as closed. */
static void test_death_of_the_other(void **state)
{
    const int pid = yt_start_child(send_and_stay, NULL);
    char text[8];
    size_t bytes = sizeof text;

    (void)state;
    assert_ok_pool(pool, yoke_pipe_wait(ends[0], YOKE_FOREVER));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(yt_wait_child(pid, 30), -SIGKILL);
    assert_ok_pool(pool, yoke_pipe_recv(ends[0], text, &bytes, YOKE_FOREVER));
    assert_refused(pool, yoke_pipe_recv(ends[0], text, &bytes, YOKE_FOREVER),
                   YOKE_ECLOSED, "died");
    assert_status(yoke_pipe_wait(ends[0], YOKE_FOREVER), YOKE_ECLOSED);
    while (yoke_pipe_send(ends[0], text, 8, 0) == YOKE_OK) {
    }
    assert_status(yoke_pipe_send(ends[0], text, 8, YOKE_FOREVER), YOKE_ECLOSED);
}

/* ---- ends that processes are started with ---- */

typedef struct given {
    yoke_pipe *end;
    yoke_event *go;    /* waits for it first; NULL: does not wait */
    const char *text;  /* what it sends; NULL: it does not use its end */
    yoke_event *stays; /* waits for it before it ends; NULL: it does not */
} given;

static int use_given(void *argument, size_t bytes)
{
    const given *mine = argument;

    (void)bytes;
    if (mine->go != NULL && yoke_event_wait(mine->go, YOKE_FOREVER) != YOKE_OK) {
        return 1;
    }
    if (mine->text != NULL &&
        yoke_pipe_send(mine->end, mine->text, 4, YOKE_FOREVER) != YOKE_OK) {
        return 2;
    }
    return mine->stays != NULL && yoke_event_wait(mine->stays, YOKE_FOREVER) != YOKE_OK;
}

static void expect_text(const char *text)
{
    char got[8];
    size_t bytes = sizeof got;

    assert_ok_pool(pool, yoke_pipe_recv(ends[0], got, &bytes, 30));
    assert_int_equal(bytes, 4);
    assert_memory_equal(got, text, 4);
}

static void expect_end(void)
{
    char got[8];

    assert_status(yoke_pipe_recv(ends[0], got, &(size_t){sizeof got}, 30),
                  YOKE_ECLOSED);
    assert_status(yoke_pipe_wait(ends[0], 30), YOKE_ECLOSED);
}

static void expect_code(yoke_process *process, int wanted)
{
    int code = -1;

    assert_ok_pool(pool, yoke_process_wait(process, &code, 30));
    assert_int_equal(code, wanted);
    assert_ok_pool(pool, yoke_process_destroy(process));
}

/* As programs do that are used to fork(): the end that was given away is shut down here. */
static void test_shutdown_here(void **state)
{
    yoke_process *process;
    given mine = {.end = ends[1], .text = "mine"};

    (void)state;
    assert_ok_pool(pool, yoke_event_create(&mine.go, pool, NULL));
    assert_ok_pool(pool, yoke_process_start(&process, pool, use_given, &mine,
                                            sizeof mine, NULL));
    assert_ok_pool(pool, yoke_pipe_shutdown(ends[1]));
    assert_refused(pool, yoke_pipe_send(ends[1], "", 0, 0), YOKE_ECLOSED, "this end");
    assert_ok_pool(pool, yoke_event_set(mine.go));
    expect_text("mine");
    expect_code(process, 0);
    expect_end();
}

static void test_end_before_use(void **state)
{
    yoke_process *process;
    const given mine = {.end = ends[1]};
    given *shared = yoke_alloc(pool, sizeof *shared);

    (void)state;
    assert_non_null(shared);
    assert_ok_pool(pool, yoke_process_start(&process, pool, use_given, &mine,
                                            sizeof mine, NULL));
    expect_end();
    expect_code(process, 0);

    /* ... in memory of the pool. */
    assert_ok_pool(pool, yoke_pipe_destroy(ends[0]));
    assert_ok_pool(pool, yoke_pipe_create(ends, pool, NULL));
    *shared = (given){.end = ends[1]};
    assert_ok_pool(pool,
                   yoke_process_start(&process, pool, use_given, shared, 0, NULL));
    expect_end();
    expect_code(process, 0);
}

static int return_at_once(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    return 0;
}

static int kill_itself(void *argument, size_t bytes)
{
    (void)argument;
    (void)bytes;
    return raise(SIGKILL);
}

/* The argument is the end itself. Its process is killed, or has ended long ago. */
static void test_end_as_argument(void **state)
{
    yoke_process *process;

    (void)state;
    assert_ok_pool(pool,
                   yoke_process_start(&process, pool, kill_itself, ends[1], 0, NULL));
    expect_code(process, -SIGKILL);
    expect_end();
    assert_ok_pool(pool, yoke_pipe_destroy(ends[0]));
    assert_ok_pool(pool, yoke_pipe_create(ends, pool, NULL));
    assert_ok_pool(
        pool, yoke_process_start(&process, pool, return_at_once, ends[1], 0, NULL));
    assert_ok_pool(pool, yoke_pipe_shutdown(ends[1]));
    expect_end();
    expect_code(process, 0);
}

/* The end is open as long as one of them lives, whether it has used it or not. */
static void test_two_share_an_end(void **state)
{
    yoke_process *silent, *sender;
    given first = {.end = ends[1]};
    given second = {.end = ends[1], .text = "last"};

    (void)state;
    assert_ok_pool(pool, yoke_event_create(&first.stays, pool, NULL));
    assert_ok_pool(pool, yoke_process_start(&silent, pool, use_given, &first,
                                            sizeof first, NULL));
    assert_ok_pool(pool, yoke_process_start(&sender, pool, use_given, &second,
                                            sizeof second, NULL));
    expect_text("last");
    expect_code(sender, 0);
    assert_status(yoke_pipe_wait(ends[0], 0.3), YOKE_ETIMEDOUT);
    assert_ok_pool(pool, yoke_event_set(first.stays));
    expect_end();
    expect_code(silent, 0);
}

/* This process used the end itself before it gave it away. */
static void test_handed_over(void **state)
{
    yoke_process *process;
    given mine = {.end = ends[1], .text = "then"};

    (void)state;
    assert_ok_pool(pool, yoke_pipe_send(ends[1], "here", 4, 0));
    assert_ok_pool(pool, yoke_process_start(&process, pool, use_given, &mine,
                                            sizeof mine, NULL));
    expect_text("here");
    expect_text("then");
    expect_end();
    expect_code(process, 0);
}

/* A process that was started without ends does not hold them. */
static void test_other_process(void **state)
{
    yoke_process *other, *process;
    given nothing = {.end = NULL};
    const given mine = {.end = ends[1], .text = "mine"};

    (void)state;
    assert_ok_pool(pool, yoke_event_create(&nothing.stays, pool, NULL));
    assert_ok_pool(pool, yoke_process_start(&other, pool, use_given, &nothing,
                                            sizeof nothing, NULL));
    assert_ok_pool(pool, yoke_process_start(&process, pool, use_given, &mine,
                                            sizeof mine, NULL));
    expect_text("mine");
    expect_end();
    assert_true(yoke_process_is_alive(other));
    assert_ok_pool(pool, yoke_event_set(nothing.stays));
    expect_code(other, 0);
    expect_code(process, 0);
}

/* Far more processes than there are places, one after the other. */
static void test_many_holders(void **state)
{
    (void)state;
    for (int i = 0; i < 130; i++) {
        yoke_process *process;
        const given mine = {.end = ends[1], .text = i % 2 == 0 ? "even" : NULL};

        assert_ok_pool(pool, yoke_process_start(&process, pool, use_given, &mine,
                                                sizeof mine, NULL));
        if (mine.text != NULL) {
            expect_text("even");
        }
        expect_code(process, 0);
    }
    expect_end();
}

static void *use_an_end(void *ready)
{
    char got[4];

    (void)pthread_barrier_wait(ready);
    (void)yoke_pipe_recv(ends[1], got, &(size_t){sizeof got}, 0);
    return NULL;
}

/* Two threads of a process use an end for the first time: it holds the end once. */
static int use_from_two_threads(void *argument, size_t bytes)
{
    yoke_pipe *const *end = argument;
    pthread_barrier_t ready;
    pthread_t threads[2];

    (void)bytes;
    ends[1] = end[0];
    (void)pthread_barrier_init(&ready, NULL, 2);
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, use_an_end, &ready) != 0) {
            return 1;
        }
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    if (yoke_pipe_shutdown(ends[1]) != YOKE_OK) {
        return 2;
    }
    for (;;) {
        (void)pause();
    }
}

static void test_first_use_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        yoke_process *process;

        assert_ok_pool(pool, yoke_process_start(&process, pool, use_from_two_threads,
                                                &ends[1], sizeof ends[1], NULL));
        expect_end();
        assert_ok_pool(pool, yoke_process_kill(process));
        expect_code(process, -SIGKILL);
        assert_ok_pool(pool, yoke_pipe_destroy(ends[0]));
        assert_ok_pool(pool, yoke_pipe_create(ends, pool, NULL));
    }
}

static void test_bad_input(void **state)
{
    yoke_pipe *none[2] = {ends[0], ends[0]};
    char text[300] = "";
    size_t bytes = 1;

    (void)state;
    assert_refused(pool, yoke_pipe_create(NULL, pool, NULL), YOKE_EINVAL, "NULL");
    assert_refused(
        pool, yoke_pipe_create(none, pool, &(yoke_pipe_options){.capacity = SIZE_MAX}),
        YOKE_EINVAL, "64 TiB");
    assert_true(none[0] == NULL && none[1] == NULL);
    assert_status(yoke_pipe_send(NULL, text, 1, 0), YOKE_EINVAL);
    assert_refused(pool, yoke_pipe_send(ends[0], text, 249, YOKE_FOREVER), YOKE_EINVAL,
                   "at most 248 bytes");
    assert_refused(pool, yoke_pipe_send(ends[0], NULL, 1, 0), YOKE_EINVAL, "NULL");
    assert_refused(pool, yoke_pipe_send(ends[0], text, 1, NAN), YOKE_EINVAL,
                   "not a number");
    assert_refused(pool, yoke_pipe_recv(ends[0], text, NULL, 0), YOKE_EINVAL, "NULL");
    assert_ok_pool(pool, yoke_pipe_send(ends[1], text, 7, 0));
    assert_refused(pool, yoke_pipe_recv(ends[0], text, &bytes, YOKE_FOREVER),
                   YOKE_EINVAL, "7 bytes, the room 1");
    assert_int_equal(bytes, 7);
    assert_status(yoke_pipe_recv(ends[1], text, &bytes, 0.001), YOKE_ETIMEDOUT);
    assert_ok_pool(pool, yoke_pipe_destroy(ends[0]));
    assert_ok_pool(pool, yoke_pipe_destroy(NULL));
    assert_status(yoke_pipe_recv(ends[1], text, &bytes, YOKE_FOREVER), YOKE_ECLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_both_ways, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_one_way, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_death_of_the_other, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_shutdown_here, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_end_before_use, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_end_as_argument, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_two_share_an_end, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_handed_over, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_other_process, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_many_holders, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_first_use_at_once, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_bad_input, open_pipe, close_pipe),
    };

    return yt_run_group(tests);
}
