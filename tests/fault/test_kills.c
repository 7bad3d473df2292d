/* SPDX-License-Identifier: MIT */
/* Workers are killed at random while many jobs run: every result is exact. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "fault_setup.h"

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
        if (info[victim].pid > 1 && kill(info[victim].pid, SIGKILL) == 0) {
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_cpus),
        yt_unit_test(test_cpus_fast),
        yt_unit_test(test_pretended_devices),
    };

    return yt_run_group(tests);
}
