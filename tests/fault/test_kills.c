/* SPDX-License-Identifier: MIT */
/* Workers are killed at random while many jobs run: every result is exact. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "fault_setup.h"
#include "pool/pool.h"

enum { ITEMS = 2000, JOBS = 8, CHAIN = 6 };

/* How long a test kills. */
#define KILL_SECONDS 4.0

typedef struct killer {
    pthread_t thread;
    yoke_pool *pool;
    atomic_bool stop;
    unsigned pause_ms;
    unsigned killed;
} killer;

static void pause_ms(unsigned ms)
{
    const struct timespec time = {0, (long)ms * 1000000};

    (void)nanosleep(&time, NULL);
}

static void *kill_at_random(void *arg)
{
    killer *self = arg;
    unsigned seed = 12345;

    while (!atomic_load(&self->stop)) {
        yoke_worker_info info[FT_MAX_WORKERS];
        size_t count = 0;
        size_t victim;

        pause_ms(1 + (unsigned)rand_r(&seed) % self->pause_ms);
        if (yoke_pool_workers(self->pool, info, FT_MAX_WORKERS, &count) != YOKE_OK ||
            count == 0) {
            continue;
        }
        victim = (size_t)rand_r(&seed) % count;
        /* who is killed twice while it starts is given up: how soon depends on the machine */
        if (info[victim].state != YOKE_WORKER_STARTING && info[victim].pid > 1 &&
            kill(info[victim].pid, SIGKILL) == 0) {
            self->killed++;
        }
    }
    return NULL;
}

static void start_killing(killer *self, yoke_pool *pool, unsigned pause)
{
    self->pool = pool;
    self->pause_ms = pause;
    self->killed = 0;
    atomic_store(&self->stop, false);
    assert_int_equal(pthread_create(&self->thread, NULL, kill_at_random, self), 0);
}

static void stop_killing(killer *self)
{
    atomic_store(&self->stop, true);
    (void)pthread_join(self->thread, NULL);
}

/* Submits every job CHAIN times without waiting: in-place ones depend on each other. */
static void submit_all(ft_job *jobs[JOBS], yoke_future *futures[JOBS][CHAIN])
{
    for (int c = 0; c < CHAIN; c++) {
        for (int j = 0; j < JOBS; j++) {
            futures[j][c] = NULL;
            assert_ok(ft_job_submit(jobs[j], NULL, &futures[j][c]));
        }
    }
}

static void finish_all(yoke_pool *pool, ft_job *jobs[JOBS],
                       yoke_future *futures[JOBS][CHAIN])
{
    for (int j = 0; j < JOBS; j++) {
        for (int c = 0; c < CHAIN; c++) {
            const yoke_status status = ft_finish(futures[j][c]);

            if (status != YOKE_OK) {
                print_error("job %d, link %d: %s\n", j, c, yoke_pool_error(pool));
            }
            assert_ok(status);
        }
        assert_int_equal(ft_job_wrong(jobs[j]), -1);
    }
}

static void kill_during_jobs(const char *devices, bool source, unsigned pause)
{
    yoke_pool *pool = ft_pool(devices, NULL);
    yoke_future *futures[JOBS][CHAIN];
    ft_job *jobs[JOBS];
    const double end = ft_now() + KILL_SECONDS;
    static killer hand;

    for (int j = 0; j < JOBS; j++) {
        jobs[j] = ft_job_create(pool, (ft_kind)(j % FT_KINDS), ITEMS, source, !source);
    }
    start_killing(&hand, pool, pause);
    do {
        submit_all(jobs, futures);
        finish_all(pool, jobs, futures);
    } while (ft_now() < end);
    stop_killing(&hand);
    assert_true(hand.killed > 5);
    assert_true(ft_recovers(pool, 5));
    for (int j = 0; j < JOBS; j++) {
        ft_job_run(jobs[j], NULL);
        ft_job_destroy(jobs[j]);
    }
    ft_close(pool);
}

static void test_cpus(void **state)
{
    (void)state;
    kill_during_jobs("cpu:3", false, 20);
}

static void test_cpus_fast(void **state)
{
    (void)state;
    kill_during_jobs("cpu:2", false, 3);
}

static void test_pretended_devices(void **state)
{
    (void)state;
    kill_during_jobs("cpu:2,fake:1x0.5/private", false, 60);
}

/* ---- processor time ---- */

#define BURN_SECONDS 0.1

/* Until this process has used that much more processor time. */
static void burn_time(const yoke_span *span, void *const args[])
{
    const clock_t begin = clock();

    (void)span;
    (void)args;
    while ((double)(clock() - begin) < BURN_SECONDS * CLOCKS_PER_SEC) {
    }
}

/* The time of the only worker. */
static double time_used(yoke_pool *pool)
{
    yoke_worker_stats stats[2];
    size_t count = 0;

    assert_ok_pool(pool, yoke_pool_stats(pool, stats, 2, &count));
    assert_int_equal(count, 2); /* and the caller */
    assert_true(stats[1].user_seconds == 0 && stats[1].system_seconds == 0);
    return stats[0].user_seconds + stats[0].system_seconds;
}

/* What dead processes have used stays in the sum, which never goes down. */
static void test_processor_time(void **state)
{
    const yoke_kernel_options options = {.name = "burn", .native = burn_time};
    yoke_pool *pool = ft_pool("cpu:1", NULL);
    yoke_kernel *kernel = NULL;
    uint32_t *x = yoke_alloc(pool, sizeof *x);
    double last = 0;

    (void)state;
    assert_ok_pool(pool, yoke_kernel_create(&kernel, pool, &options));
    for (unsigned i = 1; i <= 3; i++) {
        double now;

        assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(1), yoke_out(x, 4)));
        now = time_used(pool);
        /* the system may give a living process's in steps of 10 ms */
        assert_true(now >= i * BURN_SECONDS - 0.02);
        assert_true(now >= last);
        last = now;
        assert_int_equal(kill(ft_worker(pool, "cpu").pid, SIGKILL), 0);
        for (unsigned look = 0; look < 200; look++) {
            now = time_used(pool);
            assert_true(now >= last);
            last = now;
        }
        assert_true(ft_recovers(pool, i));
        now = time_used(pool);
        assert_true(now >= last && now >= i * BURN_SECONDS);
        last = now;
    }
    yoke_kernel_destroy(kernel);
    ft_close(pool);
}

static bool has_lost_supervisor(void *pool)
{
    return yk_pool_supervisor_ended(pool);
}

/* The supervisor dies between reaping the worker and counting its time. */
static void test_time_of_the_lost(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1", "worker-reaped");
    const double before = time_used(pool);

    (void)state;
    assert_int_equal(kill(ft_worker(pool, "cpu").pid, SIGKILL), 0);
    assert_true(yt_wait_until(has_lost_supervisor, pool, FT_SECONDS));
    assert_true(time_used(pool) >= 0 && before >= 0);
    assert_status(yoke_pool_close(pool), YOKE_EBROKEN);
    assert_true(yt_nothing_alive());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_cpus),
        yt_unit_test(test_cpus_fast),
        yt_unit_test(test_pretended_devices),
        yt_unit_test(test_processor_time),
        yt_unit_test(test_time_of_the_lost),
    };

    return yt_run_group(tests);
}
