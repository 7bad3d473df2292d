/* SPDX-License-Identifier: MIT */
/* Waiting for several event counts at once, across processes. Sleeps have no limit here: a lost
 * wake-up hangs. */
#include "support/yoke_test.h"

#include <signal.h>
#include <sys/mman.h>

#include "shm/hub.h"

enum { EVENTS = 8, ROUNDS = 3000, WAITERS = 3 };

typedef struct table {
    yk_hub hub;
    yk_eventcount events[EVENTS];
    _Atomic uint32_t filled[EVENTS]; /* what is waited for */
    yk_eventcount taken;
    _Atomic uint32_t takes;
    _Atomic uint32_t asleep;
    _Atomic uint32_t stopped; /* never */
} table;

static table *shared;

static int map_table(void **state)
{
    (void)state;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED ? -1 : 0;
}

static int unmap_table(void **state)
{
    (void)state;
    return munmap(shared, sizeof *shared);
}

static uint32_t mask_of_all(void)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < EVENTS; i++) {
        mask |= yk_hub_bit(&shared->events[i]);
    }
    return mask;
}

/* Takes one, after it has linked all. */
static bool take_any(void)
{
    for (unsigned i = 0; i < EVENTS; i++) {
        uint32_t one = 1;

        yk_eventcount_link(&shared->events[i]);
        if (atomic_compare_exchange_strong(&shared->filled[i], &one, 0)) {
            return true;
        }
    }
    return false;
}

/* Until it is killed. */
static int take_for_ever(void *arg)
{
    const uint32_t mask = mask_of_all();

    (void)arg;
    while (atomic_load(&shared->stopped) == 0) {
        const uint32_t ticket = yk_hub_ticket(&shared->hub);

        if (take_any()) {
            atomic_fetch_add(&shared->takes, 1);
            (void)yk_eventcount_signal(&shared->taken);
        } else {
            yk_hub_wait(&shared->hub, ticket, mask, UINT64_MAX);
        }
    }
    return 0;
}

static void fill_one(unsigned i)
{
    atomic_store(&shared->filled[i], 1);
    if (yk_eventcount_signal(&shared->events[i])) {
        yk_hub_signal(&shared->hub, &shared->events[i]);
    }
}

static bool all_are_taken(void *count)
{
    return atomic_load(&shared->takes) == *(uint32_t *)count;
}

static void run_with(unsigned waiters)
{
    int pids[WAITERS];

    atomic_store(&shared->takes, 0);
    for (unsigned i = 0; i < waiters; i++) {
        pids[i] = yt_start_child(take_for_ever, NULL);
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const uint32_t wanted = round + 1;
        uint32_t ticket = yk_eventcount_ticket(&shared->taken);

        fill_one(round * 5 % EVENTS);
        while (atomic_load(&shared->takes) != wanted) {
            yk_eventcount_wait(&shared->taken, ticket, UINT64_MAX);
            ticket = yk_eventcount_ticket(&shared->taken);
        }
    }
    assert_true(all_are_taken(&(uint32_t){ROUNDS}));
    for (unsigned i = 0; i < waiters; i++) {
        assert_int_equal(kill(pids[i], SIGKILL), 0);
        assert_int_equal(yt_wait_child(pids[i], 60), -SIGKILL);
    }
}

static void test_one_waiter(void **state)
{
    (void)state;
    run_with(1);
}

static void test_several_waiters(void **state)
{
    (void)state;
    run_with(WAITERS);
}

/* Those that were killed asleep have left links; others take no harm. */
static void test_after_deaths(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        const int pid = yt_start_child(take_for_ever, NULL);

        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(yt_wait_child(pid, 60), -SIGKILL);
    }
    run_with(2);
}

/* A link lasts until the next signal, and is not part of a ticket. */
static void test_link(void **state)
{
    yk_eventcount *event = &shared->events[0];
    const uint32_t ticket = yk_eventcount_ticket(event);

    (void)state;
    (void)yk_eventcount_signal(event);
    assert_int_not_equal(yk_eventcount_ticket(event), ticket);
    assert_false(yk_eventcount_signal(event));
    {
        const uint32_t now = yk_eventcount_ticket(event);

        yk_eventcount_link(event);
        assert_int_equal(yk_eventcount_ticket(event), now);
        assert_false(yk_eventcount_has_sleeper(event));
        yk_eventcount_awake(event);
        assert_true(yk_eventcount_signal(event));
        assert_false(yk_eventcount_signal(event));
        yk_eventcount_link(event);
        assert_true(yk_eventcount_repair(event));
        assert_false(yk_eventcount_repair(event));
    }
}

static int sleep_on_first(void *arg)
{
    const uint32_t ticket = yk_hub_ticket(&shared->hub);

    (void)arg;
    atomic_store(&shared->asleep, 1);
    while (atomic_load(&shared->filled[0]) == 0) {
        yk_hub_wait(&shared->hub, ticket, yk_hub_bit(&shared->events[0]), UINT64_MAX);
    }
    return 0;
}

static bool is_about_to_sleep(void *arg)
{
    (void)arg;
    return atomic_load(&shared->asleep) != 0;
}

/* A repair wakes whatever is waited for. */
static void test_repair(void **state)
{
    const int pid = yt_start_child(sleep_on_first, NULL);

    (void)state;
    assert_true(yt_wait_until(is_about_to_sleep, NULL, 60));
    atomic_store(&shared->filled[0], 1);
    yk_hub_repair(&shared->hub);
    assert_int_equal(yt_wait_child(pid, 60), 0);
}

static void test_limit(void **state)
{
    (void)state;
    yk_hub_wait(&shared->hub, yk_hub_ticket(&shared->hub), UINT32_MAX, 1000000);
    yk_hub_wait(&shared->hub, yk_hub_ticket(&shared->hub), UINT32_MAX, 0);
    yk_hub_wait(&shared->hub, yk_hub_ticket(&shared->hub) + 1, UINT32_MAX, UINT64_MAX);
}

#define hub_test(function)                                                             \
    cmocka_unit_test_setup_teardown(function, map_table, unmap_table)

int main(void)
{
    const struct CMUnitTest tests[] = {
        hub_test(test_one_waiter), hub_test(test_several_waiters),
        hub_test(test_after_deaths), hub_test(test_link),
        hub_test(test_repair),     hub_test(test_limit),
    };

    return yt_run_group(tests);
}
