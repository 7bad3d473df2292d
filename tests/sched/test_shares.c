/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <math.h>
#include <stdlib.h>

#include "sched/policy.h"

enum { MOST = 4096 };

static yk_participant participants[MOST];
static yk_tiles shares[MOST];

static double fraction(void)
{
    return rand() / (double)RAND_MAX;
}

static yk_participant random_participant(void)
{
    const double speeds[] = {
        0, -1, 1e-12 * rand(), 1e6 * fraction(), fraction(), 1e-4 * fraction()};
    const double delays[] = {0, 0, 1e3 * fraction(), 1e6 * fraction(), -5};

    return (yk_participant){.speed = speeds[rand() % 6], .delay_ns = delays[rand() % 5]};
}

/* Log-uniform over three decades, as unlike devices are. */
static yk_participant device(void)
{
    return (yk_participant){.speed = 1e-6 * pow(1000, fraction()),
                      .delay_ns = rand() % 2 == 0 ? 0 : 1e6 * fraction()};
}

static bool any_takes_part(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (participants[i].speed >= 0) {
            return true;
        }
    }
    return false;
}

/* In order, without gap or overlap, all of them, and none to those who stand aside. */
static void check_shares(uint32_t count, size_t n)
{
    const bool some = any_takes_part(n);
    uint32_t at = 0;

    for (size_t i = 0; i < n; i++) {
        assert_int_equal(shares[i].begin, at);
        assert_true(shares[i].end >= at && shares[i].end <= count);
        if (some && participants[i].speed < 0) {
            assert_int_equal(yk_tiles_count(shares[i]), 0);
        }
        at = shares[i].end;
    }
    assert_int_equal(at, count);
}

static void test_all_tiles_once(void **state)
{
    (void)state;
    srand(11);
    for (int round = 0; round < 20000; round++) {
        const size_t n = 1 + (size_t)(rand() % 40);
        const uint32_t count = rand() % 3 == 0
                                   ? (uint32_t)(rand() % 5)
                                   : (uint32_t)(rand() % (YK_MAX_TILES + 1));

        for (size_t i = 0; i < n; i++) {
            participants[i] = random_participant();
        }
        yk_policy_shares(count, participants, n, shares);
        check_shares(count, n);
    }
}

static void test_extreme_numbers(void **state)
{
    static const double extremes[] = {0, 5e-324, 1e-300, 1, 1e300, HUGE_VAL};

    (void)state;
    srand(12);
    for (int round = 0; round < 5000; round++) {
        const size_t n = 1 + (size_t)(rand() % 4);

        for (size_t i = 0; i < n; i++) {
            participants[i] = (yk_participant){.speed = extremes[rand() % 6],
                                   .delay_ns = extremes[rand() % 6]};
        }
        yk_policy_shares(1000, participants, n, shares);
        check_shares(1000, n);
    }
}

static uint32_t share_of(size_t i)
{
    return yk_tiles_count(shares[i]);
}

static void test_in_proportion_to_speeds(void **state)
{
    static const yk_participant unequal[] = {{1, 0, 0, 0}, {2, 0, 0, 0}, {1, 0, 0, 0}};
    static const yk_participant unknown[] = {{3, 0, 0, 0}, {0, 0, 0, 0}, {1, 0, 0, 0}};
    static const yk_participant absent[] = {{1, 0, 0, 0}, {-1, 0, 0, 0}, {1, 0, 0, 0}};
    static const yk_participant strangers[] = {{0, 0, 0, 0}, {0, 1e9, 0, 0}, {0, 0, 0, 0}};

    (void)state;
    yk_policy_shares(400, unequal, 3, shares);
    assert_int_equal(share_of(0), 100);
    assert_int_equal(share_of(1), 200);
    yk_policy_shares(600, unknown, 3, shares); /* as fast as 3 and 1 on average */
    assert_int_equal(share_of(1), 200);
    assert_int_equal(share_of(2), 100);
    yk_policy_shares(10, absent, 3, shares);
    assert_int_equal(share_of(0), 5);
    assert_int_equal(share_of(1), 0);
    yk_policy_shares(9, strangers, 3, shares); /* no speed to compare a delay with */
    assert_int_equal(share_of(1), 3);
}

static void test_late_starters_get_less(void **state)
{
    static const yk_participant late[] = {{0.01, 0, 0, 0}, {0.01, 1000, 0, 0}};
    static const yk_participant unknown[] = {{0.01, 0, 0, 0}, {0, 1e9, 0, 0}};

    (void)state;
    yk_policy_shares(100, late, 2, shares);
    assert_int_equal(share_of(0), 55);
    assert_int_equal(share_of(1), 45);
    yk_policy_shares(10, late, 2, shares); /* not worth a wake-up */
    assert_int_equal(share_of(0), 10);
    yk_policy_shares(100, unknown, 2, shares);
    assert_int_equal(share_of(0), 100);
}

static double finish(size_t i, uint32_t tiles)
{
    return tiles == 0 ? 0 : participants[i].delay_ns + tiles / participants[i].speed;
}

/* The earliest end of all ways to deal out `count` tiles. */
static double best_end(size_t i, size_t n, uint32_t count)
{
    double best = HUGE_VAL;

    if (i + 1 == n) {
        return finish(i, count);
    }
    for (uint32_t tiles = 0; tiles <= count; tiles++) {
        best = fmin(best, fmax(finish(i, tiles), best_end(i + 1, n, count - tiles)));
    }
    return best;
}

static double end_of_shares(size_t n)
{
    double end = 0;

    for (size_t i = 0; i < n; i++) {
        end = fmax(end, finish(i, share_of(i)));
    }
    return end;
}

static void test_nothing_ends_earlier(void **state)
{
    (void)state;
    srand(13);
    for (int round = 0; round < 4000; round++) {
        const size_t n = 1 + (size_t)(rand() % 4);
        const uint32_t count = (uint32_t)(rand() % 13);
        double fastest = 0;

        for (size_t i = 0; i < n; i++) {
            participants[i] = device();
            fastest = fmax(fastest, participants[i].speed);
        }
        yk_policy_shares(count, participants, n, shares);
        check_shares(count, n);
        /* To a thousandth of a tile. */
        assert_true(end_of_shares(n) <= best_end(0, n, count) + 1e-3 / fastest);
    }
}

/* The slowest have nothing if that costs the others next to nothing. */
static void test_slowest_are_left_out(void **state)
{
    static const yk_participant like[] = {{1e-3, 0, 0, 0}, {1e-3, 0, 0, 0}};
    static const yk_participant unlike[] = {{1, 0, 0, 0}, {1e-3, 0, 0, 0}};
    static const yk_participant less_unlike[] = {{1, 0, 0, 0}, {0.05, 0, 0, 0}};

    (void)state;
    yk_policy_shares(2, like, 2, shares);
    assert_int_equal(share_of(1), 1);
    yk_policy_shares(1500, unlike, 2, shares);
    assert_int_equal(share_of(1), 0);
    yk_policy_shares(3000, unlike, 2, shares);
    assert_int_equal(share_of(1), 2);
    yk_policy_shares(21, less_unlike, 2, shares);
    assert_int_equal(share_of(1), 1);
}

/* None but the slowest would end before the others with one tile more. */
static void test_many_workers_end_together(void **state)
{
    (void)state;
    srand(14);
    for (int round = 0; round < 50; round++) {
        const size_t n = 2 + (size_t)(rand() % (MOST - 1));
        const uint32_t count = 16 * (uint32_t)n;
        double fastest = 0;
        double end;

        for (size_t i = 0; i < n; i++) {
            participants[i] = device();
            fastest = fmax(fastest, participants[i].speed);
        }
        yk_policy_shares(count, participants, n, shares);
        check_shares(count, n);
        end = end_of_shares(n);
        for (size_t i = 0; i < n; i++) {
            assert_true(finish(i, share_of(i) + (participants[i].speed * end < 3 ? 3 : 1)) >
                        end - 1e-3 / fastest);
        }
    }
}

static void test_nobody_starts_after_the_end(void **state)
{
    (void)state;
    srand(15);
    for (int round = 0; round < 5000; round++) {
        const size_t n = 1 + (size_t)(rand() % 40);
        const uint32_t count = (uint32_t)(rand() % 500);
        double work = count;
        double speed = 0;

        for (size_t i = 0; i < n; i++) {
            participants[i] = device();
            work += participants[i].speed * participants[i].delay_ns;
            speed += participants[i].speed;
        }
        yk_policy_shares(count, participants, n, shares);
        for (size_t i = 0; i < n; i++) {
            /* Whole tiles may end later than water, by less than one each. */
            if (participants[i].delay_ns > (work + (double)n) / speed) {
                assert_int_equal(share_of(i), 0);
            }
        }
    }
}

/* ---- speeds seen at a short sample ---- */

static void test_a_glimpse_does_not_leave_anybody_out(void **state)
{
    yk_participant some[] = {{.speed = 1e-3, .known_ns = 1e6, .known_tiles = 1000},
                       {.speed = 1e-9, .known_ns = 1e4, .known_tiles = 2},
                       {.speed = 1e-6, .known_ns = 5e5, .known_tiles = 1},
                       {.speed = 1, .known_ns = 10, .known_tiles = 5},
                       {.speed = 1e-9, .known_ns = 1e9, .known_tiles = 0.01},
                       {.speed = -1, .known_ns = 1e12, .known_tiles = 9},
                       {.speed = 0}};
    const double mean = (1e-3 + 1e-6) / 2;

    (void)state;
    yk_policy_discount_short_samples(some, 7);
    assert_true(some[0].speed == 1e-3);
    assert_true(fabs(some[1].speed - mean) < 1e-9);
    assert_true(some[2].speed == 1e-6); /* slow, and known to be */
    assert_true(some[3].speed == 1);    /* more than expected is no reason to doubt */
    assert_true(fabs(some[4].speed - mean) < 1e-9); /* it may have been held up */
    assert_true(some[5].speed == -1);
    assert_true(some[6].speed == 0);
}

static void test_glimpses_are_compared_with_each_other(void **state)
{
    yk_participant some[] = {{.speed = 1e-3, .known_ns = 300, .known_tiles = 0.5},
                       {.speed = 1e-6, .known_ns = 2, .known_tiles = 0.5}};

    (void)state;
    yk_policy_discount_short_samples(some, 2);
    assert_true(some[0].speed == 1e-3);
    assert_true(some[1].speed == 1e-6);
    yk_policy_discount_short_samples(some, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_tiles_once),
        cmocka_unit_test(test_extreme_numbers),
        cmocka_unit_test(test_in_proportion_to_speeds),
        cmocka_unit_test(test_late_starters_get_less),
        cmocka_unit_test(test_nothing_ends_earlier),
        cmocka_unit_test(test_slowest_are_left_out),
        cmocka_unit_test(test_many_workers_end_together),
        cmocka_unit_test(test_nobody_starts_after_the_end),
        cmocka_unit_test(test_a_glimpse_does_not_leave_anybody_out),
        cmocka_unit_test(test_glimpses_are_compared_with_each_other),
    };

    return yt_run_group(tests);
}
