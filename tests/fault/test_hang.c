/* SPDX-License-Identifier: MIT */
/* Kernels that hang or take long: time limits, cancelling, stopped processes,
 * terminate. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fault_setup.h"

enum { ITEMS = 1000, HUNG = 500 };

/* What the test and a kernel tell each other, in the pool's memory. */
typedef struct signals {
    _Atomic int pid;   /* of the worker that is at the item */
    _Atomic int go_on; /* the kernel may leave the item */
    _Atomic int busy;  /* waits without sleeping */
} signals;

static void wait_inside(signals *with)
{
    atomic_store(&with->pid, getpid());
    while (atomic_load(&with->go_on) == 0) {
        const struct timespec pause = {0, 1000000};

        if (atomic_load(&with->busy) == 0) {
            (void)nanosleep(&pause, NULL);
        }
    }
}

/* Item HUNG is left changed while it waits. */
static void add_slowly(const yoke_span *span, void *const args[])
{
    uint32_t *x = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        x[i] += 5;
        if (i == HUNG) {
            wait_inside(args[1]);
        }
    }
}

typedef struct setting {
    yoke_pool *pool;
    yoke_kernel *kernel;
    uint32_t *array;
    signals *with;
} setting;

static setting set_up(const char *devices)
{
    const yoke_kernel_options options = {.name = "slow", .native = add_slowly};
    setting self = {.pool = ft_pool(devices, NULL)};

    assert_ok_pool(self.pool, yoke_kernel_create(&self.kernel, self.pool, &options));
    self.array = yoke_alloc(self.pool, ITEMS * sizeof *self.array);
    self.with = yoke_alloc(self.pool, sizeof *self.with);
    assert_non_null(self.array);
    assert_non_null(self.with);
    return self;
}

static void tear_down(setting *self)
{
    yoke_kernel_destroy(self->kernel);
    ft_close(self->pool);
}

static yoke_future *submit(setting *self, const yoke_map_options *options)
{
    yoke_future *future = NULL;

    assert_ok_pool(
        self->pool,
        yoke_map_async(&future, self->pool, self->kernel, yoke_range_1d(ITEMS), options,
                       YOKE_ARGS(yoke_inout(self->array, sizeof *self->array),
                                 yoke_in_whole(self->with, sizeof *self->with))));
    return future;
}

static bool has_arrived(void *arg)
{
    return atomic_load(&((setting *)arg)->with->pid) != 0;
}

static int wait_for_arrival(setting *self)
{
    assert_true(yt_wait_until(has_arrived, self, FT_SECONDS));
    return atomic_load(&self->with->pid);
}

/* Once more, with nothing in the way: every item is 5 more than before. */
static void check_pool_works(setting *self)
{
    uint32_t before[ITEMS];

    memcpy(before, self->array, sizeof before);
    atomic_store(&self->with->go_on, 1);
    assert_ok_pool(self->pool, ft_finish(submit(self, NULL)));
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(self->array[i], before[i] + 5);
    }
}

static void check_timeout(const char *devices, int busy)
{
    const yoke_map_options options = {.timeout = 0.3};
    setting self = set_up(devices);
    double start;

    atomic_store(&self.with->busy, busy);
    start = ft_now();
    assert_status_pool(self.pool, ft_finish(submit(&self, &options)), YOKE_EDEADLINE);
    /* On a loaded machine; it is 0.1 s late on an idle one. */
    assert_true(ft_now() - start < 5);
    assert_contains(yoke_pool_error(self.pool), "slow");
    assert_contains(yoke_pool_error(self.pool), "time limit");
    assert_true(ft_recovers(self.pool, 1));
    assert_int_equal(ft_restarts(self.pool), 1);
    for (size_t i = 0; i < ITEMS; i++) {
        assert_true(self.array[i] == 0 || self.array[i] == 5);
    }
    assert_int_equal(self.array[HUNG], 0);
    check_pool_works(&self);
    tear_down(&self);
}

static void test_timeout(void **state)
{
    (void)state;
    check_timeout("cpu:2", 0);
    check_timeout("cpu:1", 1);
    check_timeout("fake:2/private", 0);
}

/* Whether the text names the items in which the worker hangs, and that worker. */
static bool has_named(const char *text, const char *worker)
{
    const char *found = text;

    while ((found = strstr(found, " items [")) != NULL) {
        unsigned long long begin = 0;
        unsigned long long end = 0;
        double seconds = -1;
        char name[32] = "";

        if (sscanf(found, " items [%llu, %llu) have been running on %31s for %lf s", &begin, &end,
                   name, &seconds) == 4 &&
            begin <= HUNG && HUNG < end && strcmp(name, worker) == 0 && seconds >= 0) {
            return true;
        }
        found++;
    }
    return false;
}

/* On a loaded machine the worker may need some time to get there. */
static void check_names(const char *devices, const char *worker)
{
    yoke_map_options options = {.timeout = 0.3};
    setting self = set_up(devices);

    for (bool named = false; !named; options.timeout *= 2) {
        assert_status_pool(self.pool, ft_finish(submit(&self, &options)), YOKE_EDEADLINE);
        named = has_named(yoke_pool_error(self.pool), worker);
        if (!named) {
            print_message("%s\n", yoke_pool_error(self.pool));
            assert_true(options.timeout < FT_SECONDS);
        }
    }
    tear_down(&self);
}

static void test_timeout_names_items(void **state)
{
    (void)state;
    check_names("cpu:1", "cpu0");
    check_names("fake:1/private", "fake0");
}

/* The limit of one job does not end another. */
static void test_timeout_of_one(void **state)
{
    const yoke_map_options options = {.timeout = 0.3};
    setting self = set_up("cpu:2");
    ft_job *other = ft_job_create(self.pool, FT_INOUT, ITEMS, false, true);
    yoke_future *future = submit(&self, &options);

    (void)state;
    for (int turn = 0; turn < 20; turn++) {
        ft_job_run(other, NULL);
    }
    assert_status(ft_finish(future), YOKE_EDEADLINE);
    ft_job_run(other, NULL);
    ft_job_destroy(other);
    tear_down(&self);
}

/* A job that is never started has a limit, too. */
static void test_timeout_in_queue(void **state)
{
    const yoke_map_options options = {.timeout = 0.2};
    setting self = set_up("cpu:1");
    yoke_future *first = submit(&self, NULL);
    yoke_future *second;

    (void)state;
    (void)wait_for_arrival(&self);
    second = submit(&self, &options);
    assert_status(ft_finish(second), YOKE_EDEADLINE);
    assert_status(yoke_future_wait(first, 0), YOKE_ETIMEDOUT);
    atomic_store(&self.with->go_on, 1);
    assert_ok(ft_finish(first));
    assert_int_equal(ft_restarts(self.pool), 0);
    tear_down(&self);
}

static void test_cancel(void **state)
{
    setting self = set_up("cpu:2");
    yoke_future *future = submit(&self, NULL);

    (void)state;
    (void)wait_for_arrival(&self);
    assert_ok(yoke_future_cancel(future));
    /* What runs is finished first. */
    assert_status(yoke_future_wait(future, 0.05), YOKE_ETIMEDOUT);
    atomic_store(&self.with->go_on, 1);
    assert_status(ft_finish(future), YOKE_ECANCELED);
    assert_int_equal(ft_restarts(self.pool), 0);
    assert_int_equal(self.array[HUNG], 5);
    check_pool_works(&self);
    tear_down(&self);
}

static void test_terminate(void **state)
{
    setting self = set_up("cpu:2");
    yoke_future *futures[3];

    (void)state;
    futures[0] = submit(&self, NULL);
    atomic_store(&self.with->busy, 1);
    (void)wait_for_arrival(&self);
    futures[1] = submit(&self, NULL);
    futures[2] = submit(&self, NULL);
    yoke_kernel_destroy(self.kernel);
    assert_ok(yoke_pool_terminate(self.pool));
    for (size_t i = 0; i < 3; i++) {
        assert_true(yoke_future_is_done(futures[i]));
        assert_status(ft_finish(futures[i]), YOKE_ECANCELED);
    }
    assert_status(yoke_pool_close(self.pool), YOKE_ECLOSED);
    assert_status(yoke_pool_terminate(self.pool), YOKE_ECLOSED);
    assert_true(yt_nothing_alive());
}

static void test_terminate_stopped(void **state)
{
    setting self = set_up("cpu:2");
    yoke_future *future = submit(&self, NULL);

    (void)state;
    assert_int_equal(kill(wait_for_arrival(&self), SIGSTOP), 0);
    assert_ok(yoke_pool_terminate(self.pool));
    assert_status(ft_finish(future), YOKE_ECANCELED);
    assert_true(yt_nothing_alive());
}

/* A stopped worker is only slow. */
static void test_stopped(void **state)
{
    setting self = set_up("cpu:2");
    yoke_future *future = submit(&self, NULL);
    const int pid = wait_for_arrival(&self);

    (void)state;
    assert_int_equal(kill(pid, SIGSTOP), 0);
    atomic_store(&self.with->go_on, 1);
    assert_status(yoke_future_wait(future, 0.3), YOKE_ETIMEDOUT);
    assert_int_equal(kill(pid, SIGCONT), 0);
    assert_ok_pool(self.pool, ft_finish(future));
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(self.array[i], 5);
    }
    assert_int_equal(ft_restarts(self.pool), 0);
    tear_down(&self);
}

static void test_stopped_past_limit(void **state)
{
    const yoke_map_options options = {.timeout = 0.5};
    setting self = set_up("cpu:2");
    yoke_future *future = submit(&self, &options);

    (void)state;
    assert_int_equal(kill(wait_for_arrival(&self), SIGSTOP), 0);
    assert_status_pool(self.pool, ft_finish(future), YOKE_EDEADLINE);
    assert_true(ft_recovers(self.pool, 1));
    assert_int_equal(self.array[HUNG], 0);
    check_pool_works(&self);
    tear_down(&self);
}

/* Workers that are stopped do not keep the pool from closing. */
static void test_close_stopped(void **state)
{
    setting self = set_up("cpu:2");
    const pid_t pid = ft_worker(self.pool, "cpu").pid;

    (void)state;
    assert_int_equal(kill(pid, SIGSTOP), 0);
    tear_down(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_timeout),          yt_unit_test(test_timeout_of_one),
        yt_unit_test(test_timeout_in_queue), yt_unit_test(test_timeout_names_items),
        yt_unit_test(test_cancel),
        yt_unit_test(test_terminate),        yt_unit_test(test_terminate_stopped),
        yt_unit_test(test_stopped),          yt_unit_test(test_stopped_past_limit),
        yt_unit_test(test_close_stopped),
    };

    return yt_run_group(tests);
}
