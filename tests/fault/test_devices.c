/* SPDX-License-Identifier: MIT */
/* Pretended devices that crash, fail or hang. */
#include <signal.h>
#include <stdatomic.h>

#include "fault_setup.h"
#include "pool/pool.h"
#include "protocol/fault_point.h"

enum { ITEMS = 3000 };

/* Every kind of job is right with this device among the workers, before, while and
 * after it loses a process. It may be late and get nothing to do, so often enough. */
static void run_all_kinds(const char *devices)
{
    enum { LEAST = 5, MOST = 100000 };
    yoke_pool *pool = ft_pool(devices, NULL);

    for (int kind = 0; kind < FT_KINDS; kind++) {
        ft_job *job = ft_job_create(pool, (ft_kind)kind, ITEMS, false, true);

        for (int turn = 0; turn < LEAST ||
                           (turn < MOST && kind == FT_KINDS - 1 && ft_restarts(pool) == 0);
             turn++) {
            ft_job_run(job, NULL);
        }
        ft_job_destroy(job);
    }
    assert_true(ft_recovers(pool, 1));
    ft_close(pool);
}

static void test_crash(void **state)
{
    (void)state;
    run_all_kinds("cpu:2,fake:1/crash=3");
    run_all_kinds("cpu:1,fake:2/private/crash=2");
}

static void test_fail(void **state)
{
    (void)state;
    run_all_kinds("cpu:2,fake:1/fail=3");
    run_all_kinds("cpu:1,fake:2/private/fail=2");
}

/* A device that never finishes anything is given up, and says why. */
static void test_quarantine(void **state)
{
    yoke_pool *pool = ft_pool("cpu:1,fake:1/fail=1", NULL);
    ft_job *job = ft_job_create(pool, FT_INOUT, ITEMS, false, true);
    yoke_worker_info fake;
    int turns = 0;

    (void)state;
    do {
        ft_job_run(job, NULL);
        fake = ft_worker(pool, "fake");
    } while (fake.state != YOKE_WORKER_FAILED && turns++ < 100000);
    assert_int_equal(fake.state, YOKE_WORKER_FAILED);
    assert_contains(fake.reason, "fails at chunk");
    assert_int_equal(fake.pid, 0);
    ft_job_run(job, NULL);
    ft_job_destroy(job);
    ft_close(pool);
}

/* No worker is left: an error, not a hang. */
static void test_only_bad_devices(void **state)
{
    static const char *const devices[] = {"fake:1/crash=1", "fake:2/fail=1",
                                          "fake:2/private/crash=1"};

    (void)state;
    for (size_t d = 0; d < sizeof devices / sizeof devices[0]; d++) {
        yoke_pool *pool = ft_pool(devices[d], NULL);
        ft_job *job = ft_job_create(pool, FT_OUT, ITEMS, false, true);
        yoke_future *future = NULL;
        yoke_status status;

        assert_ok_pool(pool, ft_job_submit(job, NULL, &future));
        status = ft_finish(future);
        assert_true(status == YOKE_ECRASHED || status == YOKE_ENODEVICE ||
                    status == YOKE_EDEVICE);
        assert_contains(yoke_pool_error(pool), "fill");
        ft_job_destroy(job);
        ft_close(pool);
    }
}

static void test_hang(void **state)
{
    const yoke_map_options limited = {.timeout = 0.3};
    const yoke_map_options cpus = {.devices = "cpu"};
    yoke_pool *pool = ft_pool("cpu:1,fake:1/hang=1", NULL);
    ft_job *job = ft_job_create(pool, FT_INOUT, ITEMS, false, true);
    yoke_future *future = NULL;
    yoke_status status = YOKE_OK;

    (void)state;
    /* The fake one may come too late to take anything. */
    for (int turn = 0; turn < 100000 && status == YOKE_OK; turn++) {
        assert_ok_pool(pool, ft_job_submit(job, &limited, &future));
        status = ft_finish(future);
    }
    assert_status_pool(pool, status, YOKE_EDEADLINE);
    assert_contains(yoke_pool_error(pool), "change");
    assert_true(ft_recovers(pool, 1));
    ft_job_destroy(job);
    job = ft_job_create(pool, FT_INOUT, ITEMS, false, true);
    ft_job_run(job, &cpus);
    ft_job_destroy(job);
    ft_close(pool);
}

/* The only worker is killed from outside, again and again, while it starts: the open job waits
 * for it, and later jobs find it. */
static void test_killed_starts(void **state)
{
    yoke_pool *pool = ft_pool("fake:1", NULL);
    ft_job *job = ft_job_create(pool, FT_INOUT, ITEMS, false, true);
    yoke_future *future = NULL;
    unsigned kills = 0;

    (void)state;
    atomic_store(&pool->control->fault.more, 4);
    atomic_store(&pool->control->fault.countdown, 1);
    atomic_store(&pool->control->fault.point, YK_FAULT_START);
    do {
        const yoke_worker_info fake = ft_worker(pool, "fake");

        kills = fake.pid > 0 && kill(fake.pid, SIGKILL) == 0;
    } while (kills == 0);
    assert_ok_pool(pool, ft_job_submit(job, NULL, &future));
    assert_ok_pool(pool, ft_finish(future));
    assert_true(ft_recovers(pool, 5));
    ft_job_run(job, NULL);
    ft_job_destroy(job);
    ft_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_crash),      yt_unit_test(test_fail),
        yt_unit_test(test_quarantine), yt_unit_test(test_only_bad_devices),
        yt_unit_test(test_hang),
        yt_unit_test(test_killed_starts),
    };

    return yt_run_group(tests);
}
