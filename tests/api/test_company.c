/* SPDX-License-Identifier: MIT */
/* Short jobs beside other programs that use the cores: correct, and not a time slice each. */
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "api_setup.h"
#include "base/clock.h"

enum { N = 20000, JOBS = 100, BUSY = 2, ATTEMPTS = 5, MOST_TIMES = 50 };

static int busy[BUSY];

static int keep_busy(void *arg)
{
    volatile unsigned turns = 0;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        turns = turns + 1;
    }
    return arg != NULL;
}

static int company_start(void **state)
{
    (void)state;
    for (int i = 0; i < BUSY; i++) {
        busy[i] = yt_start_child(keep_busy, NULL);
    }
    return 0;
}

static int company_stop(void **state)
{
    (void)state;
    for (int i = 0; i < BUSY; i++) {
        (void)kill(busy[i], SIGKILL);
        (void)yt_wait_child(busy[i], 30);
    }
    return 0;
}

static void add_one(const yoke_span *span, void *const args[])
{
    volatile uint32_t *numbers = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        numbers[i] = numbers[i] + 1;
    }
}

/* How long the jobs take, one after the other. */
static uint64_t time_jobs(yoke_pool *pool, yoke_kernel *kernel, uint32_t *numbers,
                          const yoke_map_options *options)
{
    const uint64_t start = yk_clock_ns();

    for (int i = 0; i < JOBS; i++) {
        assert_ok_pool(pool,
                       yoke_map_with(pool, kernel, yoke_range_1d(N), options,
                                     YOKE_ARGS(yoke_inout(numbers, sizeof *numbers))));
    }
    return yk_clock_ns() - start;
}

static uint64_t time_loop(uint32_t *numbers)
{
    void *const args[] = {numbers};
    const yoke_span span = {.end = N};
    const uint64_t start = yk_clock_ns();

    for (int i = 0; i < JOBS; i++) {
        add_one(&span, args);
    }
    return yk_clock_ns() - start;
}

/* A job took hundreds of times as long as the loop when each wait gave a time slice away. */
static void check_jobs(const char *devices, const yoke_map_options *options)
{
    yoke_pool *pool = api_open(devices);
    yoke_kernel *kernel = api_kernel(pool, "add_one", add_one);
    uint32_t *numbers = api_numbers(pool, N);
    bool is_fast = false;
    uint32_t done = 0;

    for (int i = 0; i < ATTEMPTS && !is_fast; i++) {
        const uint64_t loop = time_loop(numbers);
        const uint64_t jobs = time_jobs(pool, kernel, numbers, options);

        done += 2 * JOBS;
        assert_true(api_all(numbers, N, done));
        is_fast = jobs < MOST_TIMES * loop;
    }
    assert_true(is_fast);
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

static void test_waiting(void **state)
{
    (void)state;
    check_jobs("cpu:1", NULL);
    check_jobs("cpu:2", NULL);
    check_jobs("cpu", NULL);
}

static void test_helping(void **state)
{
    const yoke_map_options options = {.caller_helps = true};

    (void)state;
    check_jobs("cpu:2", &options);
}

/* Workers wait for each other, the program for the last of them. */
static void test_a_chain(void **state)
{
    yoke_pool *pool = api_open("cpu:2");
    yoke_kernel *kernel = api_kernel(pool, "add_one", add_one);
    uint32_t *numbers = api_numbers(pool, N);

    (void)state;
    for (int i = 0; i < 10 * JOBS; i++) {
        assert_ok_pool(pool,
                       yoke_map_async(NULL, pool, kernel, yoke_range_1d(N), NULL,
                                      YOKE_ARGS(yoke_inout(numbers, sizeof *numbers))));
    }
    assert_ok(yoke_pool_wait(pool, API_SECONDS));
    assert_true(api_all(numbers, N, 10 * JOBS));
    yoke_kernel_destroy(kernel);
    api_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_waiting, company_start, company_stop),
        cmocka_unit_test_setup_teardown(test_helping, company_start, company_stop),
        cmocka_unit_test_setup_teardown(test_a_chain, company_start, company_stop),
    };

    return yt_run_group(tests);
}
