/* SPDX-License-Identifier: MIT */
/* Across processes, in shared memory; between threads see tests/tsan. */
#include "support/yoke_test.h"

#include <signal.h>
#include <sys/mman.h>

#include "shm/eventcount.h"

enum { ROUNDS = 3000 };

static const uint64_t second = UINT64_C(1000000000);

typedef struct table {
    yk_eventcount ball[2];
    _Atomic uint32_t turn;
    yk_eventcount never;
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

/* Waits without a limit: a lost wake-up hangs. */
static void play(uint32_t side, bool spinning)
{
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (;;) {
            const uint32_t ticket = yk_eventcount_ticket(&shared->ball[side]);

            if (atomic_load(&shared->turn) % 2 == side) {
                break;
            }
            if (spinning && round % 2 == 0) {
                yk_eventcount_wait_spinning(&shared->ball[side], ticket, 20000, UINT64_MAX);
            } else {
                yk_eventcount_wait(&shared->ball[side], ticket, UINT64_MAX);
            }
        }
        atomic_fetch_add(&shared->turn, 1);
        yk_eventcount_signal(&shared->ball[1 - side]);
    }
}

static int play_second(void *arg)
{
    play(1, *(bool *)arg);
    return 0;
}

static void test_ping_pong(void **state)
{
    (void)state;
    for (int spinning = 0; spinning < 2; spinning++) {
        bool how = spinning != 0;
        int pid;

        atomic_store(&shared->turn, 0);
        pid = yt_start_child(play_second, &how);
        play(0, how);
        assert_int_equal(yt_wait_child(pid, 30), 0);
        assert_int_equal(atomic_load(&shared->turn), 2 * ROUNDS);
        assert_int_equal(yk_eventcount_ticket(&shared->ball[0]),
                         ROUNDS * 4 * (spinning + 1));
    }
}

static void test_a_signal_before_the_wait(void **state)
{
    yk_eventcount event = {0};
    const uint32_t ticket = yk_eventcount_ticket(&event);

    (void)state;
    yk_eventcount_signal(&event);
    yk_eventcount_wait(&event, ticket, UINT64_MAX);
    yk_eventcount_wait_spinning(&event, ticket, second, UINT64_MAX);
    assert_int_not_equal(yk_eventcount_ticket(&event), ticket);
}

static void test_a_limit(void **state)
{
    yk_eventcount event = {0};
    const uint32_t ticket = yk_eventcount_ticket(&event);

    (void)state;
    yk_eventcount_wait(&event, ticket, 1000);
    yk_eventcount_wait_spinning(&event, ticket, 1000, 1000);
    yk_eventcount_wait(&event, ticket, 0);
    assert_int_equal(yk_eventcount_ticket(&event), ticket); /* nothing was signalled */
}

static int sleep_for_good(void *arg)
{
    (void)arg;
    for (;;) {
        yk_eventcount_wait(&shared->never, yk_eventcount_ticket(&shared->never), UINT64_MAX);
    }
    return 0;
}

static bool is_asleep(void *arg)
{
    (void)arg;
    return atomic_load(&shared->never.word) == 1;
}

/* A waiter that died stays marked until the next signal; signals go on to work. */
static void test_death_of_a_waiter(void **state)
{
    int pid = yt_start_child(sleep_for_good, NULL);
    uint32_t ticket;

    (void)state;
    assert_true(yt_wait_until(is_asleep, NULL, 30));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(yt_wait_child(pid, 30), -SIGKILL);
    assert_int_equal(atomic_load(&shared->never.word), 1);
    ticket = yk_eventcount_ticket(&shared->never);
    yk_eventcount_signal(&shared->never);
    yk_eventcount_wait(&shared->never, ticket, UINT64_MAX);
    assert_int_equal(atomic_load(&shared->never.word), 4);
    ticket = yk_eventcount_ticket(&shared->never);
    yk_eventcount_repair(&shared->never);
    yk_eventcount_wait(&shared->never, ticket, UINT64_MAX);
    assert_int_equal(atomic_load(&shared->never.word), 8);
}

static int sleep_once(void *arg)
{
    (void)arg;
    yk_eventcount_wait(&shared->never, yk_eventcount_ticket(&shared->never), UINT64_MAX);
    return 0;
}

static bool is_marked(void *arg)
{
    (void)arg;
    return atomic_load(&shared->never.word) % 2 == 1;
}

/* A changer that has counted its signal and dies before the system call. */
static void test_death_of_a_changer(void **state)
{
    int pid = yt_start_child(sleep_once, NULL);

    (void)state;
    assert_true(yt_wait_until(is_marked, NULL, 30));
    atomic_fetch_add(&shared->never.word, 3); /* a signal, and the mark is gone */
    yk_eventcount_repair(&shared->never);
    assert_int_equal(yt_wait_child(pid, 30), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ping_pong),
        cmocka_unit_test(test_a_signal_before_the_wait),
        cmocka_unit_test(test_a_limit),
        cmocka_unit_test(test_death_of_a_waiter),
        cmocka_unit_test(test_death_of_a_changer),
    };

    return yt_run_group_with(tests, map_table, unmap_table);
}
