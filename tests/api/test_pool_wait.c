/* SPDX-License-Identifier: MIT */
/* Waiting until nothing is left. */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "api_setup.h"
#include "pool/pool.h"

enum { N = 100, JOBS = 20 };

static void submit_held(uint32_t *numbers, yoke_pool *pool, yoke_kernel *kernel,
                       api_gate *gate)
{
    /* The program does not keep the future. */
    assert_ok_pool(pool, yoke_map_async(NULL, pool, kernel, yoke_range_1d(N), NULL,
                                        YOKE_ARGS(yoke_inout(numbers, sizeof *numbers),
                                                  yoke_in_whole(gate, sizeof *gate))));
}

static void test_jobs(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = api_kernel(pool, "hold", api_hold);
    uint32_t *numbers = api_numbers(pool, N);
    api_gate *gate = api_gate_create(pool);

    (void)state;
    assert_ok(yoke_pool_wait(pool, 0));
    assert_ok(yoke_pool_wait(pool, YOKE_FOREVER));
    for (int i = 0; i < JOBS; i++) {
        submit_held(numbers, pool, kernel, gate);
    }
    api_gate_await(gate, 1);
    assert_refused(pool, yoke_pool_wait(pool, 0), YOKE_ETIMEDOUT, "have not ended");
    assert_refused(pool, yoke_pool_wait(pool, 0.05), YOKE_ETIMEDOUT, "have not ended");
    assert_refused(pool, yoke_pool_wait(pool, NAN), YOKE_EINVAL, "no");
    api_gate_open(gate);
    assert_ok(yoke_pool_wait(pool, API_SECONDS));
    assert_true(api_all(numbers, N, JOBS));
    assert_int_equal(yoke_pool_poll(pool), 0);
    yoke_kernel_destroy(kernel);
    api_close(pool);
    assert_status(yoke_pool_wait(pool, 0), YOKE_ECLOSED);
    assert_status(yoke_pool_wait(NULL, 0), YOKE_EINVAL);
}

/* Each callback submits the next job, JOBS of them. */
typedef struct chain {
    yoke_pool *pool;
    yoke_kernel *kernel;
    uint32_t *numbers;
    int done;
    yoke_status inside; /* of a wait in the callback */
    yoke_future *futures[JOBS];
} chain;

static void submit_next(chain *self);

static void go_on(yoke_future *future, yoke_status status, void *context)
{
    chain *self = context;

    (void)future;
    if (status == YOKE_OK && ++self->done < JOBS) {
        submit_next(self);
        self->inside = yoke_pool_wait(self->pool, API_SECONDS);
    }
}

static void submit_next(chain *self)
{
    yoke_future **future = &self->futures[self->done];

    if (yoke_map_async(future, self->pool, self->kernel, yoke_range_1d(N), NULL,
                       YOKE_ARGS(yoke_inout(self->numbers, sizeof *self->numbers))) ==
        YOKE_OK) {
        (void)yoke_future_on_done(*future, go_on, self);
    }
}

static void test_callbacks(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    chain self = {.pool = pool,
                  .kernel = api_kernel(pool, "increment", api_increment),
                  .numbers = api_numbers(pool, N),
                  .inside = YOKE_EINVAL};

    (void)state;
    submit_next(&self);
    assert_ok(yoke_pool_wait(pool, API_SECONDS));
    assert_int_equal(self.done, JOBS);
    assert_ok(self.inside);
    assert_true(api_all(self.numbers, N, JOBS));
    for (int i = 0; i < JOBS; i++) {
        yoke_future_destroy(self.futures[i]);
    }
    yoke_kernel_destroy(self.kernel);
    api_close(pool);
}

static void test_reductions(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    uint32_t *numbers = api_numbers(pool, N);
    yoke_reduced sum = {.value.u = 1};
    yoke_reduced squares = {.value.u = 1};

    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        numbers[i] = i;
    }
    assert_ok_pool(pool,
                   yoke_reduce_async(
                       NULL, pool,
                       yoke_reduction_of(YOKE_REDUCE_SUM, YOKE_TYPE_UINT32, numbers, N),
                       &sum, NULL));
    assert_ok_pool(
        pool, yoke_reduce_async(NULL, pool,
                                yoke_reduction_of_two(YOKE_REDUCE_DOT, YOKE_TYPE_UINT32,
                                                      numbers, numbers, N),
                                &squares, NULL));
    assert_ok_pool(pool, yoke_pool_wait(pool, API_SECONDS));
    assert_int_equal(sum.value.u, N * (N - 1) / 2);
    assert_int_equal(squares.value.u, (N - 1) * N * (2 * N - 1) / 6);
    api_close(pool);
}

static void test_failed_jobs(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *kernel = api_kernel(pool, "refuse", api_refuse);
    uint32_t *numbers = api_numbers(pool, N);
    yoke_future *future = NULL;

    (void)state;
    assert_ok_pool(pool, yoke_map_async(&future, pool, kernel, yoke_range_1d(N), NULL,
                                        YOKE_ARGS(yoke_out(numbers, sizeof *numbers))));
    assert_ok(yoke_pool_wait(pool, API_SECONDS));
    assert_true(yoke_future_is_done(future));
    assert_status(yoke_future_wait(future, 0), YOKE_EKERNEL);
    yoke_future_destroy(future);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

static int wait_at_gate(void *argument, size_t bytes)
{
    api_gate *gate = argument;

    (void)bytes;
    atomic_store(&gate->arrived, 1);
    while (atomic_load(&gate->open) == 0) {
        (void)usleep(1000);
    }
    return 0;
}

static void test_processes(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    api_gate *gate = api_gate_create(pool);
    api_gate *never = api_gate_create(pool);
    const yoke_process_options daemon = {.daemon = true};
    yoke_process *process = NULL;

    (void)state;
    assert_ok_pool(pool,
                   yoke_process_start(&process, pool, wait_at_gate, never, 0, &daemon));
    yoke_process_destroy(process);
    assert_ok(yoke_pool_wait(pool, 0));
    assert_ok_pool(pool,
                   yoke_process_start(&process, pool, wait_at_gate, gate, 0, NULL));
    yoke_process_destroy(process);
    assert_status(yoke_pool_wait(pool, 0.02), YOKE_ETIMEDOUT);
    api_gate_open(gate);
    assert_ok_pool(pool, yoke_pool_wait(pool, API_SECONDS));
    api_close(pool);
}

/* ---- the end of the supervisor ---- */

typedef struct waiter {
    yoke_pool *pool;
    yoke_status status;
} waiter;

static void *wait_in_thread(void *context)
{
    waiter *self = context;

    self->status = yoke_pool_wait(self->pool, API_SECONDS);
    return NULL;
}

static int say_parent(yoke_task *task)
{
    *(pid_t *)task->output = getppid();
    return 0;
}

static void test_broken(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *kernel = api_kernel(pool, "hold", api_hold);
    uint32_t *numbers = api_numbers(pool, N);
    api_gate *gate = api_gate_create(pool);
    waiter self = {pool, YOKE_OK};
    pthread_t thread;
    pid_t supervisor = 0;

    (void)state;
    assert_ok_pool(
        pool, yoke_apply_each(pool, say_parent, 1, NULL,
                              YOKE_ARGS(yoke_out(&supervisor, sizeof supervisor))));
    submit_held(numbers, pool, kernel, gate);
    api_gate_await(gate, 1);
    assert_int_equal(pthread_create(&thread, NULL, wait_in_thread, &self), 0);
    assert_true(supervisor > 1);
    assert_int_equal(kill(supervisor, SIGKILL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_status(self.status, YOKE_EBROKEN);
    assert_status(yoke_pool_wait(pool, 0), YOKE_EBROKEN);
    yoke_kernel_destroy(kernel);
    assert_status(yoke_pool_close(pool), YOKE_EBROKEN);
}

static bool has_no_supervisor(void *pool)
{
    return yk_pool_supervisor_ended(pool);
}

static bool is_done(void *future)
{
    return yoke_future_progress(future) >= 1; /* collects nothing */
}

/* A job that had ended well before the supervisor died has ended well. */
static void test_ended_before(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    yoke_kernel *kernel = api_kernel(pool, "number", api_number);
    uint32_t *numbers = api_numbers(pool, N);
    yoke_future *future = NULL;
    pid_t supervisor = 0;

    (void)state;
    assert_ok_pool(
        pool, yoke_apply_each(pool, say_parent, 1, NULL,
                              YOKE_ARGS(yoke_out(&supervisor, sizeof supervisor))));
    assert_ok_pool(pool, yoke_map_async(&future, pool, kernel, yoke_range_1d(N), NULL,
                                        YOKE_ARGS(yoke_out(numbers, sizeof *numbers))));
    assert_true(yt_wait_until(is_done, future, 30));
    /* It counts as done a moment before it has ended: one job more, and that is over. */
    assert_ok_pool(
        pool, yoke_apply_each(pool, say_parent, 1, NULL,
                              YOKE_ARGS(yoke_out(&supervisor, sizeof supervisor))));
    assert_int_equal(kill(supervisor, SIGKILL), 0);
    assert_true(yt_wait_until(has_no_supervisor, pool, 30));
    assert_int_equal(yoke_pool_poll(pool), 0);
    assert_ok(yoke_future_wait(future, 0));
    assert_status(yoke_pool_wait(pool, 0), YOKE_EBROKEN);
    assert_int_equal(numbers[N - 1], N - 1);
    yoke_future_destroy(future);
    yoke_kernel_destroy(kernel);
    assert_status(yoke_pool_close(pool), YOKE_EBROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_jobs),        yt_unit_test(test_callbacks),
        yt_unit_test(test_reductions),
        yt_unit_test(test_failed_jobs), yt_unit_test(test_processes),
        yt_unit_test(test_broken),      yt_unit_test(test_ended_before),
    };

    return yt_run_group(tests);
}
