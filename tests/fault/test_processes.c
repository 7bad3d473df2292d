/* SPDX-License-Identifier: MIT */
/* The supervisor dies, the application dies: nothing hangs, nothing stays. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fault_setup.h"
#include "pool/pool.h"

enum { ITEMS = 1000, WAITERS = 3 };

static void hang(const yoke_span *span, void *const args[])
{
    _Atomic int *arrived = args[1];

    (void)span;
    atomic_store(arrived, 1);
    for (;;) {
        (void)pause();
    }
}

typedef struct setting {
    yoke_pool *pool;
    yoke_kernel *kernel;
    uint32_t *array;
    _Atomic int *arrived;
    yoke_future *future;
} setting;

static bool has_arrived(void *arg)
{
    return atomic_load(((setting *)arg)->arrived) != 0;
}

/* A pool with a job that hangs. False if that fails: no asserts, it is also used in
 * child processes. */
static bool set_up(setting *self)
{
    const yoke_pool_options options = {.devices = "cpu:2", .arena_bytes = 1 << 30};
    const yoke_kernel_options kernel = {.name = "hang", .native = hang};

    memset(self, 0, sizeof *self);
    if (yoke_pool_create(&self->pool, &options) != YOKE_OK ||
        yoke_kernel_create(&self->kernel, self->pool, &kernel) != YOKE_OK) {
        return false;
    }
    self->array = yoke_alloc(self->pool, ITEMS * sizeof *self->array);
    self->arrived = yoke_alloc(self->pool, sizeof *self->arrived);
    return self->array != NULL && self->arrived != NULL &&
           yoke_map_async(
               &self->future, self->pool, self->kernel, yoke_range_1d(ITEMS), NULL,
               YOKE_ARGS(yoke_out(self->array, sizeof *self->array),
                         yoke_in_whole(self->arrived, sizeof *self->arrived))) ==
               YOKE_OK &&
           yt_wait_until(has_arrived, self, FT_SECONDS);
}

/* ---- the supervisor ---- */

typedef struct waiter {
    pthread_t thread;
    yoke_future *future;
    yoke_status status;
} waiter;

static void *wait_for_it(void *arg)
{
    waiter *self = arg;

    self->status = yoke_future_wait(self->future, FT_SECONDS);
    return NULL;
}

static void test_supervisor_killed(void **state)
{
    setting self;
    waiter waiters[WAITERS];
    yoke_kernel *kernel = NULL;
    yoke_worker_info info;
    const yoke_kernel_options options = {.name = "hang", .native = hang};

    (void)state;
    assert_true(set_up(&self));
    for (int i = 0; i < WAITERS; i++) {
        waiters[i].future = self.future;
        assert_int_equal(
            pthread_create(&waiters[i].thread, NULL, wait_for_it, &waiters[i]), 0);
    }
    assert_int_equal(kill(self.pool->liveness.supervisor, SIGKILL), 0);
    for (int i = 0; i < WAITERS; i++) {
        (void)pthread_join(waiters[i].thread, NULL);
        assert_status(waiters[i].status, YOKE_EBROKEN);
    }
    assert_contains(yoke_future_error(self.future), "supervisor");
    assert_status(ft_finish(self.future), YOKE_EBROKEN);
    assert_status(yoke_map(self.pool, self.kernel, yoke_range_1d(ITEMS),
                           yoke_out(self.array, 4), yoke_in_whole(self.arrived, 4)),
                  YOKE_EBROKEN);
    assert_contains(yoke_pool_error(self.pool), "supervisor");
    assert_status(yoke_kernel_create(&kernel, self.pool, &options), YOKE_EBROKEN);
    assert_null(kernel);
    assert_ok(yoke_pool_workers(self.pool, &info, 1, NULL));
    assert_int_equal(info.state, YOKE_WORKER_FAILED);
    assert_int_equal(info.pid, 0);
    assert_ok(yoke_free(self.array));
    yoke_kernel_destroy(self.kernel);
    assert_status(yoke_pool_close(self.pool), YOKE_EBROKEN);
    assert_true(yt_nothing_alive());
}

/* The pool is closed without any call before that. */
static void test_supervisor_killed_before_close(void **state)
{
    setting self;

    (void)state;
    assert_true(set_up(&self));
    assert_int_equal(kill(self.pool->liveness.supervisor, SIGKILL), 0);
    assert_status(yoke_pool_close(self.pool), YOKE_EBROKEN);
    assert_status(ft_finish(self.future), YOKE_EBROKEN);
    assert_true(yt_nothing_alive());
}

static void test_supervisor_killed_before_terminate(void **state)
{
    setting self;
    yoke_status status;

    (void)state;
    assert_true(set_up(&self));
    assert_int_equal(kill(self.pool->liveness.supervisor, SIGKILL), 0);
    assert_ok(yoke_pool_terminate(self.pool));
    status = ft_finish(self.future);
    assert_true(status == YOKE_EBROKEN || status == YOKE_ECANCELED);
    assert_true(yt_nothing_alive());
}

static bool is_full(void *arg)
{
    const yk_job_set *live = &((yoke_pool *)arg)->control->live;
    uint32_t slot = 0;

    while (slot < YK_LEAST_JOBS && yk_job_set_has(live, slot)) {
        slot++;
    }
    return slot == YK_LEAST_JOBS;
}

static int kill_when_full(void *arg)
{
    yoke_pool *pool = arg;

    return yt_wait_until(is_full, pool, FT_SECONDS)
               ? kill(pool->liveness.supervisor, SIGKILL)
               : 1;
}

/* With all slots in use the next submission waits, and must not wait for ever. */
static void test_supervisor_killed_full(void **state)
{
    setting self;
    yoke_future *futures[YK_LEAST_JOBS];
    size_t count = 0;
    yoke_status status = YOKE_OK;
    int pid;

    (void)state;
    assert_true(set_up(&self));
    self.pool->control->max_jobs = YK_LEAST_JOBS;
    pid = yt_start_child(kill_when_full, self.pool);
    assert_true(pid > 0);
    while (status == YOKE_OK && count < YK_LEAST_JOBS) {
        status = yoke_map_async(
            &futures[count], self.pool, self.kernel, yoke_range_1d(ITEMS), NULL,
            YOKE_ARGS(yoke_out(self.array, 4), yoke_in_whole(self.arrived, 4)));
        count += status == YOKE_OK;
    }
    assert_int_equal(yt_wait_child(pid, 10), 0);
    assert_status(status, YOKE_EBROKEN);
    while (count > 0) {
        assert_status(ft_finish(futures[--count]), YOKE_EBROKEN);
    }
    assert_status(ft_finish(self.future), YOKE_EBROKEN);
    assert_status(yoke_pool_close(self.pool), YOKE_EBROKEN);
    assert_true(yt_nothing_alive());
}

/* ---- the application ---- */

enum { MOST_PIDS = 8 };

typedef struct report {
    int count;
    pid_t pids[MOST_PIDS];
} report;

typedef struct application {
    int to_parent;
    int (*part)(const setting *self);
} application;

static int run_application(void *arg)
{
    const application *self = arg;
    setting with;
    report pids = {.count = 0};
    yoke_worker_info info[MOST_PIDS];
    size_t count = 0;

    if (!set_up(&with) ||
        yoke_pool_workers(with.pool, info, MOST_PIDS, &count) != YOKE_OK) {
        return 90;
    }
    pids.pids[pids.count++] = with.pool->liveness.supervisor;
    for (size_t i = 0; i < count && pids.count < MOST_PIDS; i++) {
        pids.pids[pids.count++] = info[i].pid;
    }
    if (write(self->to_parent, &pids, sizeof pids) != (ssize_t)sizeof pids) {
        return 91;
    }
    return self->part(&with);
}

/* A process that is only waiting to be reaped runs nothing. */
static bool runs(pid_t pid)
{
    char path[64];
    char program[64];

    (void)snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    return readlink(path, program, sizeof program) > 0;
}

static bool all_gone(void *arg)
{
    const report *pids = arg;

    for (int i = 0; i < pids->count; i++) {
        if (runs(pids->pids[i])) {
            return false;
        }
    }
    return true;
}

/* Starts an application, reads what processes its pool has. */
static int start_application(int (*part)(const setting *self), report *pids)
{
    int ends[2];
    application self = {.part = part};
    int pid;

    assert_int_equal(pipe(ends), 0);
    self.to_parent = ends[1];
    pid = yt_start_child(run_application, &self);
    assert_true(pid > 0);
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], pids, sizeof *pids), sizeof *pids);
    (void)close(ends[0]);
    assert_int_equal(pids->count, 3);
    return pid;
}

static int wait_for_death(const setting *self)
{
    (void)yoke_future_wait(self->future, YOKE_FOREVER);
    return 92;
}

static void test_application_killed(void **state)
{
    report pids;
    const int pid = start_application(wait_for_death, &pids);

    (void)state;
    assert_false(all_gone(&pids));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(yt_wait_child(pid, 10), -SIGKILL);
    assert_true(yt_wait_until(all_gone, &pids, 10));
}

static int leave(const setting *self)
{
    (void)self;
    return 7;
}

/* It ends without closing its pool. */
static void test_application_exits(void **state)
{
    report pids;
    const int pid = start_application(leave, &pids);

    (void)state;
    assert_int_equal(yt_wait_child(pid, 10), 7);
    assert_true(yt_wait_until(all_gone, &pids, 10));
}

/* Its own child has all of its descriptors, and stays until the test ends it by closing
 * the pipe that it reads. */
static int held[2];

static int fork_and_die(const setting *self)
{
    char byte;

    (void)self;
    if (fork() == 0) {
        (void)close(held[1]);
        (void)!read(held[0], &byte, 1);
        _exit(0);
    }
    (void)kill(getpid(), SIGKILL);
    return 93;
}

static void test_application_forked_before(void **state)
{
    report pids;
    int pid;

    (void)state;
    assert_int_equal(pipe(held), 0);
    pid = start_application(fork_and_die, &pids);
    assert_int_equal(yt_wait_child(pid, 10), -SIGKILL);
    assert_true(yt_wait_until(all_gone, &pids, 10));
    assert_false(yt_is_clean(0)); /* the child is still there, and the pipe */
    (void)close(held[0]);
    (void)close(held[1]);
    assert_true(yt_nothing_alive());
}

static int become_another(const setting *self)
{
    (void)self;
    (void)execlp("sleep", "sleep", "1000", (char *)NULL);
    return 94;
}

static void test_application_executes(void **state)
{
    report pids;
    const int pid = start_application(become_another, &pids);

    (void)state;
    assert_true(yt_wait_until(all_gone, &pids, 10));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(yt_wait_child(pid, 10), -SIGKILL);
}

/* The thread that made the pool ends: the pool does not. */
static void *make_pool(void *arg)
{
    const yoke_pool_options options = {.devices = "cpu:2"};

    (void)yoke_pool_create(arg, &options);
    return NULL;
}

static void test_thread_ends(void **state)
{
    yoke_pool *pool = NULL;
    pthread_t thread;
    ft_job *job;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, make_pool, &pool), 0);
    (void)pthread_join(thread, NULL);
    assert_non_null(pool);
    job = ft_job_create(pool, FT_INOUT, ITEMS, false, true);
    ft_job_run(job, NULL);
    assert_int_equal(ft_restarts(pool), 0);
    ft_job_destroy(job);
    ft_close(pool);
}

/* ---- a worker dies while it writes why a job fails ---- */

static void test_text_never_finished(void **state)
{
    setting self;
    ft_workers workers;
    yk_job *job;
    uint64_t word;

    (void)state;
    assert_true(set_up(&self));
    job = yk_job_at(self.pool->control, self.future->ref);
    word = yk_state_pack(self.future->ref.generation, YK_TEXT_WRITING);
    atomic_store(&job->error_state, word);
    ft_look(self.pool, &workers);
    for (size_t i = 0; i < workers.count; i++) {
        assert_int_equal(kill(workers.info[i].pid, SIGKILL), 0);
    }
    assert_true(ft_recovers(self.pool, 2));
    assert_ok(yoke_future_cancel(self.future));
    ft_look(self.pool, &workers);
    for (size_t i = 0; i < workers.count; i++) {
        (void)kill(workers.info[i].pid, SIGKILL);
    }
    assert_status(yoke_future_wait(self.future, 10), YOKE_ECANCELED);
    assert_string_equal(yoke_future_error(self.future), "cancelled");
    yoke_future_destroy(self.future);
    yoke_kernel_destroy(self.kernel);
    ft_close(self.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_supervisor_killed),
        yt_unit_test(test_supervisor_killed_before_close),
        yt_unit_test(test_supervisor_killed_before_terminate),
        yt_unit_test(test_supervisor_killed_full),
        yt_unit_test(test_application_killed),
        yt_unit_test(test_application_exits),
        yt_unit_test(test_application_forked_before),
        yt_unit_test(test_application_executes),
        yt_unit_test(test_thread_ends),
        yt_unit_test(test_text_never_finished),
    };

    return yt_run_group(tests);
}
