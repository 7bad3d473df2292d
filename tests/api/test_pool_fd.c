/* SPDX-License-Identifier: MIT */
/* The descriptor for event loops: nothing is collected but by yoke_pool_poll(), called when
 * poll() says so, and poll() waits without a limit that would hide a lost wake-up. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api_setup.h"

enum { WAIT_MS = 60000 };

static yoke_pool *pool;

static int set_up(void **state)
{
    (void)state;
    pool = api_open("cpu:2");
    return pool == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    api_close(pool);
    return 0;
}

static int echo(yoke_task *task)
{
    *(size_t *)yoke_task_output(task, sizeof(size_t)) = *(const size_t *)task->input;
    return 0;
}

static int hang(yoke_task *task)
{
    (void)task;
    while (pause() != 0) {
    }
    return 0;
}

static int crash(yoke_task *task)
{
    (void)task;
    abort();
}

typedef struct tally {
    size_t ended;
    size_t sum;
    yoke_status last;
} tally;

static void count_end(yoke_future *future, yoke_status status, void *context)
{
    tally *seen = context;
    void *result = NULL;

    seen->ended++;
    seen->last = status;
    if (status == YOKE_OK && yoke_future_result(future, &result, NULL) == YOKE_OK) {
        seen->sum += *(size_t *)result;
        (void)yoke_free(result);
    }
}

static bool is_readable(int fd, int wait_ms)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};

    return poll(&entry, 1, wait_ms) == 1;
}

static void start(yoke_task_function *function, size_t value, double timeout,
                  tally *seen)
{
    const yoke_task_options options = {.on_success = count_end,
                                       .on_error = count_end,
                                       .on_context = seen,
                                       .timeout = timeout};

    assert_ok_pool(
        pool, yoke_apply_async(NULL, pool, function, &value, sizeof value, &options));
}

/* Until so many have ended. */
static void loop(int fd, tally *seen, size_t ended)
{
    while (seen->ended < ended) {
        if (!is_readable(fd, WAIT_MS)) {
            fail_msg("a wake-up was lost: %zu of %zu", seen->ended, ended);
        }
        (void)yoke_pool_poll(pool);
    }
}

static void test_many_jobs(void **state)
{
    enum { JOBS = 10000, MOST = 40 };
    const int fd = yoke_pool_fd(pool);
    tally seen = {0};
    size_t sum = 0;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(yoke_pool_fd(pool), fd);
    for (size_t i = 0; i < JOBS; i++) {
        const size_t in_flight = 1 + i % MOST;

        start(echo, i, 0, &seen);
        sum += i;
        if (i + 1 >= in_flight) {
            loop(fd, &seen, i + 1 - in_flight);
        }
    }
    loop(fd, &seen, JOBS);
    assert_int_equal(seen.ended, JOBS);
    assert_true(seen.sum == sum);
    (void)yoke_pool_poll(pool);
    assert_false(is_readable(fd, 0));
}

/* It stays readable until the job is collected. */
static void test_level(void **state)
{
    const int fd = yoke_pool_fd(pool);
    tally seen = {0};

    (void)state;
    start(echo, 5, 0, &seen);
    assert_true(is_readable(fd, WAIT_MS));
    assert_true(is_readable(fd, 0));
    loop(fd, &seen, 1);
    (void)yoke_pool_poll(pool);
    assert_false(is_readable(fd, 0));
}

static void test_ended_by_supervisor(void **state)
{
    const int fd = yoke_pool_fd(pool);
    tally seen = {0};

    (void)state;
    start(hang, 0, 0.05, &seen);
    loop(fd, &seen, 1);
    assert_int_equal(seen.last, YOKE_EDEADLINE);
    start(crash, 0, 0, &seen);
    loop(fd, &seen, 2);
    assert_int_equal(seen.last, YOKE_ECRASHED);
}

static void test_cancelled(void **state)
{
    api_gate *gate = api_gate_create(pool);
    yoke_kernel *kernel = api_kernel(pool, "hold", api_hold);
    uint32_t *numbers = api_numbers(pool, 1);
    const int fd = yoke_pool_fd(pool);
    yoke_future *first = NULL;
    yoke_future *second = NULL;

    (void)state;
    assert_ok(yoke_map_async(
        &first, pool, kernel, yoke_range_1d(1), NULL,
        YOKE_ARGS(yoke_inout(numbers, 4), yoke_in_whole(gate, sizeof *gate))));
    assert_ok(yoke_map_async(
        &second, pool, kernel, yoke_range_1d(1), NULL,
        YOKE_ARGS(yoke_inout(numbers, 4), yoke_in_whole(gate, sizeof *gate))));
    (void)yoke_pool_poll(pool);
    assert_ok(yoke_future_cancel(second));
    assert_true(is_readable(fd, WAIT_MS));
    assert_int_equal(yoke_pool_poll(pool), 1);
    assert_true(yoke_future_is_done(second));
    api_gate_open(gate);
    assert_true(is_readable(fd, WAIT_MS));
    while (yoke_pool_poll(pool) == 0) {
        assert_true(is_readable(fd, WAIT_MS));
    }
    yoke_future_destroy(first);
    yoke_future_destroy(second);
    yoke_kernel_destroy(kernel);
}

/* A program that asks late is notified of what ended before. */
static void test_asked_late(void **state)
{
    yoke_pool *first = pool;
    tally seen = {0};
    uint32_t *numbers;

    (void)state;
    pool = api_open("cpu:1");
    start(echo, 1, 0, &seen);
    numbers = api_numbers(pool, 1);
    loop(yoke_pool_fd(pool), &seen, 1);
    assert_non_null(numbers);
    api_close(pool);
    pool = first;
}

static pid_t parent_of(pid_t pid)
{
    char path[64];
    int parent = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1) {
            parent = 0;
        }
        (void)fclose(file);
    }
    return (pid_t)parent;
}

static void test_supervisor_dies(void **state)
{
    yoke_pool *first = pool;
    yoke_worker_info worker;
    tally seen = {0};
    int fd;

    (void)state;
    pool = api_open("cpu:1");
    fd = yoke_pool_fd(pool);
    start(hang, 0, 0, &seen);
    (void)yoke_pool_poll(pool);
    assert_false(is_readable(fd, 0));
    assert_ok(yoke_pool_workers(pool, &worker, 1, NULL));
    assert_int_equal(kill(parent_of(worker.pid), SIGKILL), 0);
    loop(fd, &seen, 1);
    assert_int_equal(seen.last, YOKE_EBROKEN);
    (void)yoke_pool_poll(pool);
    assert_false(is_readable(fd, 0)); /* said once */
    assert_status(yoke_pool_close(pool), YOKE_EBROKEN);
    pool = first;
}

static void test_bad_pool(void **state)
{
    yoke_pool *closed = api_open("cpu:1");

    (void)state;
    assert_int_equal(yoke_pool_fd(NULL), -1);
    api_close(closed);
    assert_int_equal(yoke_pool_fd(closed), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asked_late), cmocka_unit_test(test_many_jobs),
        cmocka_unit_test(test_level),      cmocka_unit_test(test_ended_by_supervisor),
        cmocka_unit_test(test_cancelled),  cmocka_unit_test(test_supervisor_dies),
        cmocka_unit_test(test_bad_pool),
    };

    return yt_run_group_with(tests, set_up, tear_down);
}
