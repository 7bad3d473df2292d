/* SPDX-License-Identifier: MIT */
/* Times are made up, but for the last test: the memory of company is the process's own. */
#include "support/yoke_test.h"

#include <sys/mman.h>

#include "base/clock.h"
#include "shm/company.h"
#include "shm/eventcount.h"

static const uint64_t ms = YK_NS_PER_MS;

/* Gives a core away for a time slice, `after` the last company was forgotten; how long this
 * is remembered, in ms. */
static uint64_t remembered_ms(uint64_t *forgotten, uint64_t after)
{
    const uint64_t began = *forgotten + after;
    const uint64_t ended = began + 4 * ms;
    uint64_t held = 0;

    assert_false(yk_company_is_seen(began));
    yk_company_note(began, ended);
    while (yk_company_is_seen(ended + held * ms)) {
        held++;
    }
    *forgotten = ended + held * ms;
    return held;
}

static void test_short_looks(void **state)
{
    (void)state;
    for (uint64_t now = 1; now < 1000 * ms; now += ms / 4) {
        yk_company_note(now, now + ms / 4);
        assert_false(yk_company_is_seen(now + ms / 4));
    }
}

static void test_it_is_forgotten(void **state)
{
    uint64_t now = 10000 * ms;

    (void)state;
    assert_int_equal(remembered_ms(&now, 0), 100);
    assert_int_equal(remembered_ms(&now, 1000 * ms), 100);
}

/* Each time it costs a slice to find that nothing has changed. */
static void test_lasting_company(void **state)
{
    uint64_t now = 20000 * ms;

    (void)state;
    assert_int_equal(remembered_ms(&now, 0), 100);
    assert_int_equal(remembered_ms(&now, ms), 200);
    assert_int_equal(remembered_ms(&now, ms), 400);
    assert_int_equal(remembered_ms(&now, ms), 400);
    assert_int_equal(remembered_ms(&now, 1000 * ms), 100);
}

/* A core that is lost while company is known is news of it. */
static void test_company_that_stays(void **state)
{
    const uint64_t now = 40000 * ms;

    (void)state;
    yk_company_note(now, now + ms);
    yk_company_note(now + 90 * ms, now + 91 * ms);
    assert_true(yk_company_is_seen(now + 150 * ms));
    assert_false(yk_company_is_seen(now + 192 * ms));
}

/* ---- waiting in company ---- */

enum { ROUNDS = 3000 };

typedef struct table {
    yk_eventcount ball[2];
    _Atomic uint32_t turn;
} table;

static table *shared;

/* Waits without a limit: a lost wake-up hangs. */
static int play(void *arg)
{
    const uint32_t side = *(uint32_t *)arg;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        const uint64_t now = yk_clock_ns();

        yk_company_note(now - ms, now);
        for (;;) {
            const uint32_t ticket = yk_eventcount_ticket(&shared->ball[side]);

            if (atomic_load(&shared->turn) % 2 == side) {
                break;
            }
            yk_eventcount_wait_spinning(&shared->ball[side], ticket, 20000, UINT64_MAX);
        }
        atomic_fetch_add(&shared->turn, 1);
        yk_eventcount_signal(&shared->ball[1 - side]);
    }
    return 0;
}

static void test_no_wake_up_is_lost(void **state)
{
    uint32_t sides[2] = {0, 1};
    int pid;

    (void)state;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(shared, MAP_FAILED);
    pid = yt_start_child(play, &sides[1]);
    (void)play(&sides[0]);
    assert_int_equal(yt_wait_child(pid, 60), 0);
    assert_int_equal(atomic_load(&shared->turn), 2 * ROUNDS);
    assert_int_equal(munmap(shared, sizeof *shared), 0);
}

/* A wait without news gives up soon, since what it waits for may need the core. */
static void test_a_wait_gives_up_soon(void **state)
{
    yk_eventcount event = {0};
    uint64_t shortest = UINT64_MAX;

    (void)state;
    for (unsigned i = 0; i < 1000 && shortest > ms; i++) {
        const uint64_t now = yk_clock_ns();
        uint64_t took;

        yk_company_note(now - ms, now);
        assert_false(yk_eventcount_spin(&event, 0, 1000 * ms));
        took = yk_clock_ns() - now;
        shortest = took < shortest ? took : shortest;
    }
    assert_true(shortest <= ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_looks),        cmocka_unit_test(test_it_is_forgotten),
        cmocka_unit_test(test_lasting_company),    cmocka_unit_test(test_company_that_stays),
        cmocka_unit_test(test_no_wake_up_is_lost), cmocka_unit_test(test_a_wait_gives_up_soon),
    };

    return yt_run_group(tests);
}
