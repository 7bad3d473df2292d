/* SPDX-License-Identifier: MIT */
/* Pipes: both directions, one, closing, the death of the other end's process, bad input. */
#include "api_setup.h"

#include <math.h>
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
        cmocka_unit_test_setup_teardown(test_bad_input, open_pipe, close_pipe),
    };

    return yt_run_group(tests);
}
