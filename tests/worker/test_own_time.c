/* SPDX-License-Identifier: MIT */
/* What a thread has needed, beside others that want its processor. */
#include "worker/own_time.h"

#include <sched.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "support/yoke_test.h"

enum { TAKEN_NS = 20 * YK_NS_PER_MS };

static int spin_forever(void *arg)
{
    volatile bool forever = true;

    (void)arg;
    while (forever) {
    }
    return 0;
}

/* Two processes that compute on one processor: each has it half of the time. */
static void test_shared_processor(void **state)
{
    cpu_set_t before;
    cpu_set_t one;
    yk_own_time began;
    yk_own_time now;
    uint64_t own;
    int child;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    child = yt_start_child(spin_forever, NULL);
    do {
        began = yk_own_time_now();
        do {
            now = yk_own_time_now();
        } while (now.clock_ns - began.clock_ns < now.cpu_ns - began.cpu_ns + TAKEN_NS);
        own = yk_own_time_since(&began);
    } while (yk_own_time_now().waits != began.waits); /* for a page, say */
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(yt_wait_child(child, 60), -SIGKILL);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_between(own, now.cpu_ns - began.cpu_ns,
                   yk_own_time_now().cpu_ns - began.cpu_ns);
}

/* Time in which it waits is its own. */
static void test_waiting(void **state)
{
    const struct timespec nap = {0, TAKEN_NS};
    const yk_own_time began = yk_own_time_now();

    (void)state;
    assert_int_equal(nanosleep(&nap, NULL), 0);
    assert_true(yk_own_time_since(&began) >= TAKEN_NS);
}

static void test_nothing(void **state)
{
    const yk_own_time began = yk_own_time_now();

    (void)state;
    assert_true(yk_own_time_since(&began) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yt_unit_test(test_shared_processor),
        yt_unit_test(test_waiting),
        yt_unit_test(test_nothing),
    };

    return yt_run_group(tests);
}
