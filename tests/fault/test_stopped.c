/* SPDX-License-Identifier: MIT */
/* A supervisor that is stopped: the application notices, keeps time limits in its place, and goes
 * on with it once it is continued. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fault_setup.h"
#include "pool/pool.h"
#include "sys/process/process_state.h"

/* In the pool's memory. */
typedef struct signals {
    _Atomic int pid;     /* of the worker that is at the gate */
    _Atomic int open;    /* the gate */
    _Atomic int started; /* processes that have begun */
} signals;

static yoke_pool *pool;
static signals *with;

static int wait_at_gate(yoke_task *task)
{
    signals *self = *(signals *const *)task->context;

    atomic_store(&self->pid, getpid());
    while (atomic_load(&self->open) == 0) {
        (void)usleep(1000);
    }
    return 0;
}

static int square(yoke_task *task)
{
    const int number = *(const int *)task->input;

    *(int *)task->output = number * number;
    return 0;
}

static int note_start(void *argument, size_t bytes)
{
    (void)bytes;
    (void)atomic_fetch_add(&((signals *)argument)->started, 1);
    return 0;
}

static void set_up(void)
{
    pool = ft_pool("cpu:2", NULL);
    with = yoke_alloc(pool, sizeof *with);
    assert_non_null(with);
}

static void tear_down(void)
{
    assert_ok_pool(pool, yoke_pool_close(pool));
    assert_true(yt_nothing_alive());
}

static void send_supervisor(int signal)
{
    assert_int_equal(kill(pool->liveness.supervisor, signal), 0);
}

static yoke_future *submit(double timeout)
{
    const yoke_task_options options = {
        .context = &with, .context_bytes = sizeof with, .timeout = timeout};
    yoke_future *future = NULL;

    atomic_store(&with->pid, 0);
    assert_ok_pool(pool, yoke_apply_async(&future, pool, wait_at_gate, NULL, 0, &options));
    return future;
}

static bool has_arrived(void *unused)
{
    (void)unused;
    return atomic_load(&with->pid) != 0;
}

static void check_squares(void)
{
    enum { COUNT = 50 };
    int x[COUNT];
    int y[COUNT];

    for (int i = 0; i < COUNT; i++) {
        x[i] = i;
    }
    assert_ok_pool(pool, yoke_apply_each(pool, square, COUNT, NULL,
                                         YOKE_ARGS(yoke_in(x, sizeof *x),
                                                   yoke_out(y, sizeof *y))));
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(y[i], i * i);
    }
}

static void check_says_stopped(yoke_status status)
{
    char pid[32];

    (void)snprintf(pid, sizeof pid, "(process %d)", (int)pool->liveness.supervisor);
    assert_status_pool(pool, status, YOKE_ESTOPPED);
    assert_contains(yoke_pool_error(pool), pid);
    assert_contains(yoke_pool_error(pool), "SIGCONT");
}

/* Workers need no supervisor as long as none dies. */
static void test_waits_end_and_go_on(void **state)
{
    yoke_future *future;
    yoke_process *process = NULL;

    (void)state;
    set_up();
    send_supervisor(SIGSTOP);
    check_squares();
    future = submit(0);
    assert_status_pool(pool, yoke_future_wait(future, 0.1), YOKE_ETIMEDOUT);
    check_says_stopped(yoke_future_wait(future, YOKE_FOREVER));
    assert_false(yoke_future_is_done(future));
    check_says_stopped(yoke_pool_wait(pool, YOKE_FOREVER));
    check_says_stopped(yoke_wait_any((void *[]){future}, 1, NULL, YOKE_FOREVER, NULL));
    check_says_stopped(yoke_process_start(&process, pool, note_start, with, 0, NULL));
    assert_null(process);
    send_supervisor(SIGCONT);
    atomic_store(&with->open, 1);
    assert_ok_pool(pool, ft_finish(future));
    assert_ok_pool(pool, yoke_process_start(&process, pool, note_start, with, 0, NULL));
    assert_ok_pool(pool, yoke_process_wait(process, NULL, FT_SECONDS));
    assert_ok(yoke_process_destroy(process));
    assert_int_equal(atomic_load(&with->started), 1); /* not the one that was given up */
    assert_int_equal(ft_restarts(pool), 0);
    check_squares();
    tear_down();
}

/* The worker is killed by the application, and replaced once the supervisor goes on. */
static void test_time_limits_are_kept(void **state)
{
    const yoke_task_options options = {
        .context = &with, .context_bytes = sizeof with, .timeout = 0.3};
    yoke_future *future;
    int pid;

    (void)state;
    set_up();
    send_supervisor(SIGSTOP);
    future = submit(0.3);
    assert_true(yt_wait_until(has_arrived, NULL, FT_SECONDS));
    pid = atomic_load(&with->pid);
    assert_status_pool(pool, yoke_future_wait(future, YOKE_FOREVER), YOKE_EDEADLINE);
    assert_contains(yoke_pool_error(pool), "time limit");
    assert_int_equal(yk_process_look(pid, NULL), YK_LOOK_DEAD);
    assert_status_pool(pool, yoke_apply(pool, wait_at_gate, NULL, 0, NULL, NULL, &options),
                       YOKE_EDEADLINE);
    send_supervisor(SIGCONT);
    assert_status_pool(pool, ft_finish(future), YOKE_EDEADLINE);
    assert_true(ft_recovers(pool, 2));
    check_squares();
    tear_down();
}

/* A job in a queue needs no worker to end. */
static void test_time_limit_in_queue(void **state)
{
    yoke_future *futures[3];

    (void)state;
    set_up();
    send_supervisor(SIGSTOP);
    futures[0] = submit(0);
    futures[1] = submit(0);
    futures[2] = submit(0.2);
    assert_status_pool(pool, ft_finish(futures[2]), YOKE_EDEADLINE);
    send_supervisor(SIGCONT);
    atomic_store(&with->open, 1);
    assert_ok_pool(pool, ft_finish(futures[0]));
    assert_ok_pool(pool, ft_finish(futures[1]));
    assert_int_equal(ft_restarts(pool), 0);
    tear_down();
}

/* A death is repaired as soon as the supervisor goes on. */
static void test_death_is_repaired_later(void **state)
{
    yoke_future *future;

    (void)state;
    set_up();
    send_supervisor(SIGSTOP);
    future = submit(0);
    assert_true(yt_wait_until(has_arrived, NULL, FT_SECONDS));
    atomic_store(&with->open, 1);
    assert_int_equal(kill(atomic_load(&with->pid), SIGKILL), 0);
    if (yoke_future_wait(future, 0.5) == YOKE_ETIMEDOUT) { /* else it was faster */
        check_says_stopped(yoke_future_wait(future, YOKE_FOREVER));
    }
    send_supervisor(SIGCONT);
    assert_ok_pool(pool, ft_finish(future));
    assert_true(ft_recovers(pool, 1));
    check_squares();
    tear_down();
}

static void test_close(void **state)
{
    (void)state;
    set_up();
    send_supervisor(SIGSTOP);
    assert_status(yoke_pool_close(pool), YOKE_ESTOPPED);
    assert_true(yt_nothing_alive());
}

static void test_terminate(void **state)
{
    yoke_future *future;

    (void)state;
    set_up();
    future = submit(0);
    assert_true(yt_wait_until(has_arrived, NULL, FT_SECONDS));
    send_supervisor(SIGSTOP);
    assert_ok(yoke_pool_terminate(pool));
    assert_status(ft_finish(future), YOKE_ECANCELED);
    assert_true(yt_nothing_alive());
}

/* ---- a program that is stopped with all its processes, as by Ctrl-Z ---- */

static int run_in_group(void *arg)
{
    const yoke_pool_options options = {.devices = "cpu:2"};
    const yoke_task_options task = {.context = &with, .context_bytes = sizeof with};
    signals *shared = arg;
    yoke_future *future = NULL;

    (void)setpgid(0, 0);
    if (yoke_pool_create(&pool, &options) != YOKE_OK) {
        return 1;
    }
    with = yoke_alloc(pool, sizeof *with);
    if (with == NULL ||
        yoke_apply_async(&future, pool, wait_at_gate, NULL, 0, &task) != YOKE_OK ||
        !yt_wait_until(has_arrived, NULL, FT_SECONDS)) {
        return 2;
    }
    atomic_store(&shared->pid, getpid());
    if (yoke_future_wait(future, 0.5) != YOKE_ETIMEDOUT) { /* it is stopped in here */
        return 3;
    }
    atomic_store(&with->open, 1);
    return yoke_future_wait(future, YOKE_FOREVER) != YOKE_OK ? 4
           : yoke_future_destroy(future) != YOKE_OK          ? 5
           : yoke_pool_close(pool) != YOKE_OK                ? 6
                                                             : 0;
}

static bool is_in_wait(void *arg)
{
    return atomic_load(&((signals *)arg)->pid) != 0;
}

static void test_whole_group(void **state)
{
    const yk_mapping none = YK_MAPPING_NONE;
    yk_mapping shared = none;
    int pid;

    (void)state;
    assert_ok(yk_mapping_create(&shared, "test", yk_page_size(), yk_page_size(), NULL));
    pid = yt_start_child(run_in_group, shared.base);
    assert_true(pid > 0);
    assert_true(yt_wait_until(is_in_wait, shared.base, FT_SECONDS));
    assert_int_equal(kill(-pid, SIGSTOP), 0);
    (void)usleep(3000000); /* longer than a supervisor may be stopped alone */
    assert_int_equal(kill(-pid, SIGCONT), 0);
    assert_int_equal(yt_wait_child(pid, FT_SECONDS), 0);
    yk_mapping_destroy(&shared);
}

/* ---- deaths at a time limit ---- */

static const char *const deadline_points[] = {"deadline-explained", "deadline-stopped",
                                              "deadline-killed"};
enum { DEADLINE_POINTS = sizeof deadline_points / sizeof deadline_points[0] };

/* The supervisor keeps the limit, and dies: the pool is broken, and no wait hangs. */
static void test_the_supervisor_dies_at_a_deadline(void **state)
{
    (void)state;
    for (size_t i = 0; i < DEADLINE_POINTS; i++) {
        yoke_future *future;
        yoke_status status;

        pool = ft_pool("cpu:2", deadline_points[i]);
        with = yoke_alloc(pool, sizeof *with);
        assert_non_null(with);
        future = submit(0.2);
        status = yoke_future_wait(future, FT_SECONDS);
        assert_true(status == YOKE_EBROKEN || status == YOKE_EDEADLINE);
        assert_int_equal(yoke_pool_wait(pool, FT_SECONDS), YOKE_EBROKEN);
        assert_ok(yoke_future_destroy(future));
        assert_status(yoke_pool_close(pool), YOKE_EBROKEN);
        assert_true(yt_nothing_alive());
    }
}

/* In a child: waits in the place of a supervisor that is stopped, and dies there. */
static int keep_limit_and_die(void *arg)
{
    const yoke_pool_options options = {.devices = "cpu:2"};
    const yoke_task_options task = {
        .context = &with, .context_bytes = sizeof with, .timeout = 0.2};
    signals *shared = arg;
    yoke_future *future = NULL;

    if (yoke_pool_create(&pool, &options) != YOKE_OK) {
        return 1;
    }
    with = yoke_alloc(pool, sizeof *with);
    if (with == NULL || kill(pool->liveness.supervisor, SIGSTOP) != 0) {
        return 2;
    }
    atomic_store(&shared->pid, (int)pool->liveness.supervisor);
    if (yoke_apply_async(&future, pool, wait_at_gate, NULL, 0, &task) != YOKE_OK) {
        return 3;
    }
    (void)yoke_future_wait(future, FT_SECONDS);
    return 4;
}

/* The application keeps the limit meanwhile, and dies: all processes end with it. */
static void check_application_dies(const char *point)
{
    const yk_mapping none = YK_MAPPING_NONE;
    yk_mapping shared = none;
    int code;

    assert_ok(yk_mapping_create(&shared, "test", yk_page_size(), yk_page_size(), NULL));
    (void)setenv("YOKE_FAULT", point, 1);
    code = yt_in_child(keep_limit_and_die, shared.base, FT_SECONDS);
    (void)unsetenv("YOKE_FAULT");
    assert_int_equal(kill(atomic_load(&((signals *)shared.base)->pid), SIGCONT), 0);
    yk_mapping_destroy(&shared);
    assert_int_equal(code, -SIGKILL);
    assert_true(yt_nothing_alive());
}

static void test_the_application_dies_at_a_deadline(void **state)
{
    (void)state;
    for (size_t i = 0; i < DEADLINE_POINTS; i++) {
        check_application_dies(deadline_points[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_waits_end_and_go_on),    yt_unit_test(test_time_limits_are_kept),
        yt_unit_test(test_time_limit_in_queue),    yt_unit_test(test_death_is_repaired_later),
        yt_unit_test(test_close),                  yt_unit_test(test_terminate),
        yt_unit_test(test_whole_group),
        yt_unit_test(test_the_supervisor_dies_at_a_deadline),
        yt_unit_test(test_the_application_dies_at_a_deadline),
    };

    return yt_run_group(tests);
}
