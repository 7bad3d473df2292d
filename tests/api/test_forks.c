/* SPDX-License-Identifier: MIT */
/* The application forks while it has a pool: the child's copies of handles are not valid, every
 * call reports that, and whatever the child does is harmless to the pool. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_setup.h"

enum { N = 1000, SECONDS = 60 };

typedef struct setting {
    yoke_pool *pool;
    yoke_kernel *kernel;
    api_gate *gate;
    uint32_t *numbers;
    yoke_future *running;
    yoke_future *ended;
} setting;

static void set_up(setting *self)
{
    self->pool = api_open("cpu:2");
    self->kernel = api_kernel(self->pool, "hold", api_hold);
    self->gate = api_gate_create(self->pool);
    self->numbers = api_numbers(self->pool, N);
    self->ended = self->running = NULL;
    api_gate_open(self->gate);
    assert_ok(yoke_map_async(&self->ended, self->pool, self->kernel, yoke_range_1d(N),
                             NULL,
                             YOKE_ARGS(yoke_inout(self->numbers, 4),
                                       yoke_in_whole(self->gate, sizeof *self->gate))));
    assert_ok(yoke_future_wait(self->ended, SECONDS));
    atomic_store(&self->gate->open, 0);
    atomic_store(&self->gate->arrived, 0);
    assert_ok(yoke_map_async(&self->running, self->pool, self->kernel, yoke_range_1d(N),
                             NULL,
                             YOKE_ARGS(yoke_inout(self->numbers, 4),
                                       yoke_in_whole(self->gate, sizeof *self->gate))));
    api_gate_await(self->gate, 1);
}

/* The job that was under way while the child did its worst is right, and so is all else. */
static void tear_down(setting *self)
{
    assert_false(yoke_future_is_done(self->running));
    api_gate_open(self->gate);
    assert_ok(yoke_future_wait(self->running, SECONDS));
    assert_true(api_all(self->numbers, N, 2));
    api_check_works(self->pool);
    yoke_future_destroy(self->running);
    yoke_future_destroy(self->ended);
    yoke_kernel_destroy(self->kernel);
    api_close(self->pool);
}

static bool refused(const setting *self, yoke_status status)
{
    return status == YOKE_EINVAL &&
           strstr(yoke_pool_error(self->pool), "process") != NULL;
}

static void never(yoke_future *future, yoke_status status, void *context)
{
    (void)future;
    (void)status;
    *(int *)context = 1;
}

/* 0, or the number of the call that was not refused. */
static int call_futures(const setting *self, yoke_future *future)
{
    int called = 0;

    if (!refused(self, yoke_future_wait(future, 0)) ||
        !refused(self, yoke_future_wait(future, YOKE_FOREVER))) {
        return 20;
    }
    if (yoke_future_is_done(future) || yoke_future_progress(future) > 0) {
        return 21;
    }
    if (!refused(self, yoke_future_cancel(future)) ||
        !refused(self, yoke_future_on_done(future, never, &called)) || called != 0) {
        return 22;
    }
    yoke_future_destroy(future);
    return strcmp(yoke_future_error(future), "") == 0 ? 0 : 23;
}

static int call_memory(const setting *self)
{
    if (yoke_alloc(self->pool, 100) != NULL || !refused(self, YOKE_EINVAL)) {
        return 30;
    }
    if (!refused(self, yoke_free(self->numbers)) ||
        !refused(self, yoke_lend(self->numbers)) ||
        !refused(self, yoke_reclaim(self->numbers))) {
        return 31;
    }
    return 0;
}

static int call_kernels(const setting *self)
{
    yoke_kernel *kernel = NULL;
    yoke_future *future = NULL;
    size_t count = 77;

    if (!refused(self,
                 yoke_kernel_create(&kernel, self->pool,
                                    &(yoke_kernel_options){.native = api_fill})) ||
        kernel != NULL) {
        return 40;
    }
    if (!refused(self, yoke_kernel_parameters(self->kernel, NULL, 0, &count)) ||
        count != 0) {
        return 41;
    }
    if (!refused(self, yoke_map(self->pool, self->kernel, yoke_range_1d(N),
                                yoke_inout(self->numbers, 4),
                                yoke_in_whole(self->gate, sizeof *self->gate))) ||
        !refused(self, yoke_map_async(
                           &future, self->pool, self->kernel, yoke_range_1d(N), NULL,
                           YOKE_ARGS(yoke_inout(self->numbers, 4),
                                     yoke_in_whole(self->gate, sizeof *self->gate)))) ||
        future != NULL) {
        return 42;
    }
    yoke_kernel_destroy(self->kernel);
    return 0;
}

static int call_pool(const setting *self)
{
    size_t count = 77;

    if (!refused(self, yoke_pool_workers(self->pool, NULL, 0, &count)) ||
        !refused(self, yoke_pool_stats(self->pool, NULL, 0, &count))) {
        return 50;
    }
    if (yoke_pool_poll(self->pool) != 0 || !refused(self, YOKE_EINVAL)) {
        return 51;
    }
    if (!refused(self, yoke_pool_close(self->pool)) ||
        !refused(self, yoke_pool_terminate(self->pool)) ||
        !refused(self, yoke_pool_close(self->pool))) {
        return 52;
    }
    return 0;
}

static int call_everything(void *arg)
{
    const setting *self = arg;
    int code = call_futures(self, self->running);

    code = code == 0 ? call_futures(self, self->ended) : code;
    code = code == 0 ? call_memory(self) : code;
    code = code == 0 ? call_kernels(self) : code;
    return code == 0 ? call_pool(self) : code;
}

static void test_all_calls_refused(void **state)
{
    setting self;

    (void)state;
    set_up(&self);
    assert_int_equal(yt_in_child(call_everything, &self, SECONDS), 0);
    tear_down(&self);
}

/* With the functions given to atexit(), unlike _exit(). */
static int exit_at_once(void *arg)
{
    (void)arg;
    exit(5);
}

static int exit_after_calls(void *arg)
{
    exit(call_everything(arg) == 0 ? 6 : 7);
}

static int abort_at_once(void *arg)
{
    (void)arg;
    abort();
}

static void test_child_ends(void **state)
{
    setting self;

    (void)state;
    set_up(&self);
    assert_int_equal(yt_in_child(exit_at_once, NULL, SECONDS), 5);
    assert_int_equal(yt_in_child(exit_after_calls, &self, SECONDS), 6);
    assert_true(yt_in_child(abort_at_once, NULL, SECONDS) < 0);
    tear_down(&self);
}

/* ---- while other threads are in the middle of calls ---- */

static atomic_bool stop;

static void *call_again_and_again(void *arg)
{
    yoke_pool *pool = arg;

    while (!atomic_load(&stop)) {
        (void)yoke_free(yoke_alloc(pool, 8));
        for (int i = 0; i < 1000; i++) {
            (void)yoke_pool_error(pool);
        }
    }
    return NULL;
}

static int poll_once(void *arg)
{
    return yoke_pool_poll(arg) == 0 && yoke_pool_close(arg) == YOKE_EINVAL ? 0 : 1;
}

static void test_threads_in_calls(void **state)
{
    yoke_pool *pool = api_open("cpu:1");
    pthread_t threads[3];

    (void)state;
    if (API_SANITIZED) {
        api_close(pool);
        skip();
    }
    atomic_store(&stop, false);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_again_and_again, pool),
                         0);
    }
    for (int i = 0; i < 200; i++) {
        assert_int_equal(yt_in_child(poll_once, pool, SECONDS), 0);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    api_check_works(pool);
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_all_calls_refused),
        yt_unit_test(test_child_ends),
        yt_unit_test(test_threads_in_calls),
    };

    return yt_run_group(tests);
}
