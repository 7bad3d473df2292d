/* SPDX-License-Identifier: MIT */
/* Chunks, stealing and speeds; for shares see test_shares.c. */
#include "support/yoke_test.h"

#include <math.h>
#include <stdlib.h>

#include "sched/policy.h"

enum { MOST = 40 };

static double fraction(void)
{
    return rand() / (double)RAND_MAX;
}

static double random_speed(void)
{
    const double speeds[] = {
        0, -1, 1e-12 * rand(), 1e6 * fraction(), fraction(), 1e-4 * fraction()};

    return speeds[rand() % 6];
}

/* Log-uniform over three decades, as unlike devices are. */
static double device_speed(void)
{
    return 1e-6 * pow(1000, fraction());
}

/* ---- chunks ---- */

static void test_chunk_time(void **state)
{
    (void)state;
    assert_true(yk_policy_chunk_time(0, 0) == 5e5);
    assert_true(yk_policy_chunk_time(1, 0) == 5e6);
    for (double overhead = 1; overhead < 1e9; overhead *= 3) {
        assert_true(yk_policy_chunk_time(0, overhead) >= 50 * overhead);
        assert_true(yk_policy_chunk_time(0, overhead) <=
                    yk_policy_chunk_time(1, overhead));
    }
}

static void test_chunk(void **state)
{
    (void)state;
    assert_int_equal(yk_policy_chunk(6400, 1e-4, 0, 5e5), 50);
    assert_int_equal(yk_policy_chunk(6400, 0, 0, 5e5), 1); /* unknown: the least */
    assert_int_equal(yk_policy_chunk(60, 1e-4, 0, 5e5), 30);
    assert_int_equal(yk_policy_chunk(1, 1e-4, 0, 5e5), 1);
    /* No launch of 20 us for less than a millisecond, nor twice where once will do. */
    assert_int_equal(yk_policy_chunk(150, 1e-4, 2e4, 5e6), 100);
    assert_int_equal(yk_policy_chunk(90, 1e-4, 2e4, 5e6), 90);
}

static void test_chunks_are_possible_and_monotone(void **state)
{
    (void)state;
    srand(12);
    for (int round = 0; round < 20000; round++) {
        const uint32_t left = 1 + (uint32_t)(rand() % YK_MAX_TILES);
        const double speed = random_speed();
        const double overhead = rand() % 2 == 0 ? 0 : 1e5 * fraction();
        const double time = yk_policy_chunk_time(rand() % 2, overhead);
        const uint32_t chunk = yk_policy_chunk(left, speed, overhead, time);

        assert_true(chunk >= 1 && chunk <= left);
        assert_true(speed <= 0 || chunk == 1 || chunk <= speed * time);
        assert_true(chunk <= yk_policy_chunk(left + 1, speed, overhead, time));
        assert_true(chunk <= yk_policy_chunk(left, speed, overhead, 2 * time));
        assert_true(chunk <= yk_policy_chunk(left, speed, 2 * overhead, time));
        if (speed > 0) {
            assert_true(chunk <= yk_policy_chunk(left, 2 * speed, overhead, time));
        }
    }
}

/* Through a whole home: little time lost to overhead, and a short last chunk. */
static void test_chunks_of_a_home(void **state)
{
    (void)state;
    srand(13);
    for (int round = 0; round < 1000; round++) {
        const double speed = 1e-3;
        const double overhead = 2e4 * fraction() + 100;
        const double time = yk_policy_chunk_time(rand() % 2, overhead);
        const uint32_t tiles = 1 + (uint32_t)(rand() % YK_MAX_TILES);
        uint32_t chunks = 0;
        uint32_t last = 0;

        for (uint32_t left = tiles; left > 0; left -= last) {
            last = yk_policy_chunk(left, speed, overhead, time);
            chunks++;
        }
        assert_true((chunks - 1) * overhead <= 0.021 * tiles / speed);
        assert_true(last / speed <= 50 * overhead + 1 / speed);
    }
}

/* ---- stealing ---- */

static void test_busy(void **state)
{
    (void)state;
    assert_true(yk_policy_busy(100, 0.1, 400) == 600);
    assert_true(yk_policy_busy(100, 0.1, 1500) == 500);
    assert_true(yk_policy_busy(100, 0, 30) == 30);
    srand(14);
    for (int round = 0; round < 1000; round++) {
        assert_true(yk_policy_busy((uint32_t)rand(), random_speed(), rand()) >= 0);
    }
}

static yk_victim random_victim(void)
{
    return (yk_victim){
        .left = rand() % 3 == 0 ? 0 : (uint32_t)(rand() % 1000),
        .speed = rand() % 2 == 0 ? device_speed() : random_speed(),
        .busy_ns = rand() % 1000000,
        .is_gone = rand() % 5 == 0,
    };
}

static double time_left(const yk_victim *victim)
{
    return victim->busy_ns + victim->left / victim->speed;
}

static void test_pick_who_ends_last(void **state)
{
    yk_victim victims[3] = {{.left = 10, .speed = 1e-3},
                            {.left = 100, .speed = 1},
                            {.left = 0, .is_gone = 1}};

    (void)state;
    for (uint64_t salt = 0; salt < 100; salt++) {
        victims[1].busy_ns = 0;
        victims[2].left = 0;
        assert_int_equal(yk_policy_pick(victims, 3, salt), 0); /* 10 us, not 100 ns */
        victims[1].busy_ns = 1e6;
        assert_int_equal(yk_policy_pick(victims, 3, salt), 1);
        victims[2].left = 1;
        assert_int_equal(yk_policy_pick(victims, 3, salt), 2);
        assert_int_equal(yk_policy_pick(victims, 0, salt), 0);
    }
}

static void test_pick_among_random_victims(void **state)
{
    (void)state;
    srand(15);
    for (int round = 0; round < 20000; round++) {
        yk_victim victims[MOST];
        const size_t n = (size_t)(rand() % MOST);
        bool any = false;
        size_t picked;

        for (size_t i = 0; i < n; i++) {
            victims[i] = random_victim();
            any |= victims[i].left > 0;
        }
        picked = yk_policy_pick(victims, n, (uint64_t)rand());
        assert_int_equal(picked == n, !any);
        assert_true(picked == n || victims[picked].left > 0);
    }
}

/* A thousand thieves at once meet at no victim more often than a fair die has them. */
static void test_thieves_part(void **state)
{
    enum { VICTIMS = 32, THIEVES = 1024 };
    yk_victim victims[VICTIMS];
    int visits[VICTIMS] = {0};

    (void)state;
    for (size_t i = 0; i < VICTIMS; i++) {
        victims[i] = (yk_victim){.left = 1000 + (uint32_t)i, .speed = 1e-3};
    }
    for (uint64_t thief = 0; thief < THIEVES; thief++) {
        visits[yk_policy_pick(victims, VICTIMS, 123456789 ^ thief)]++;
    }
    for (size_t i = 0; i < VICTIMS; i++) {
        assert_in_range(visits[i], THIEVES / VICTIMS / 2, THIEVES / VICTIMS * 2);
    }
}

static void test_loot(void **state)
{
    const yk_victim even = {.left = 100, .speed = 0.001};
    const yk_victim nearly_done = {.left = 1, .speed = 1};
    const yk_victim slow = {.left = 1, .speed = 1e-6};
    const yk_victim unknown = {.left = 7};
    const yk_victim gone = {.left = 33, .speed = 1, .is_gone = 1};
    const yk_victim empty = {.left = 0, .speed = 1, .is_gone = 1};

    (void)state;
    assert_int_equal(yk_policy_loot(&even, 0.001, 0), 50);
    assert_int_equal(yk_policy_loot(&even, 0.003, 0), 75); /* three times as fast */
    assert_int_equal(yk_policy_loot(&even, 0.001, 20000), 40);
    assert_int_equal(yk_policy_loot(&even, 0.001, 200000), 0);
    assert_int_equal(yk_policy_loot(&nearly_done, 0.001, 20000), 0);
    assert_int_equal(yk_policy_loot(&slow, 0.001, 20000), 1);
    assert_int_equal(yk_policy_loot(&unknown, 1, 20000), 4);
    assert_int_equal(yk_policy_loot(&gone, 1e-9, 1e9), 17);
    assert_int_equal(yk_policy_loot(&empty, 1, 0), 0);
}

/* Who does not know how slow it is takes one tile, and none if that would be late even
 * for a worker like the victim. */
static void test_loot_of_unknown_thief(void **state)
{
    const yk_victim victim = {.left = 100, .speed = 0.001};

    (void)state;
    assert_int_equal(yk_policy_loot(&victim, 0, 20000), 1);
    assert_int_equal(yk_policy_loot(&victim, 0, 200000), 0);
}

static void test_loot_is_possible(void **state)
{
    (void)state;
    srand(16);
    for (int round = 0; round < 50000; round++) {
        const yk_victim victim = random_victim();
        const uint32_t loot = yk_policy_loot(&victim, random_speed(), rand() % 100000);

        assert_true(loot <= victim.left);
        assert_true(!victim.is_gone || victim.left == 0 || loot > 0);
    }
}

/* Thief and victim together end earlier than the victim alone, and no other number of
 * tiles would have them end earlier still. */
static void test_loot_is_best(void **state)
{
    (void)state;
    srand(17);
    for (int round = 0; round < 20000; round++) {
        const yk_victim victim = {.left = 1 + (uint32_t)(rand() % 50),
                                  .speed = device_speed(),
                                  .busy_ns = rand() % 1000000};
        const double speed = device_speed();
        const double overhead = rand() % 100000;
        const uint32_t loot = yk_policy_loot(&victim, speed, overhead);
        double best = time_left(&victim);
        double end = best;

        for (uint32_t k = 1; k <= victim.left; k++) {
            const double both = fmax(overhead + k / speed,
                                     victim.busy_ns + (victim.left - k) / victim.speed);

            best = fmin(best, both);
            end = k == loot ? both : end;
        }
        assert_true(end <= best * (1 + 1e-9));
    }
}

/* ---- speeds ---- */

static double learned(double estimate, double measured, int times)
{
    for (int i = 0; i < times; i++) {
        estimate = yk_policy_learn(estimate, measured);
    }
    return estimate;
}

static void test_learning(void **state)
{
    (void)state;
    assert_true(yk_policy_learn(0, 8) == 8);
    assert_true(learned(8, 4, 1) > 4 && learned(8, 4, 1) < 8);
    assert_true(fabs(learned(8, 4, 100) - 4) < 0.01);
}

static void test_one_bad_measurement(void **state)
{
    (void)state;
    /* However long the chunk was held up. */
    assert_true(learned(1, 1e-9, 1) >= 0.75);
    assert_true(learned(learned(1, 1e-9, 1), 1, 2) > 0.85);
    /* Nothing known before: the next ones set it right. */
    assert_true(learned(learned(0, 0.01, 1), 1, 2) > 0.7);
    assert_true(learned(learned(0, 0.01, 1), 1, 5) > 0.85);
}

static void test_device_slows_down(void **state)
{
    (void)state;
    assert_true(learned(1, 0.5, 6) < 0.6);
    assert_true(learned(1, 0.1, 10) < 0.2);
}

/* Noise of a tenth each way does not pull the estimate away. */
static void test_noise(void **state)
{
    double estimate = 1;
    double sum = 0;

    (void)state;
    srand(18);
    for (int i = 0; i < 10000; i++) {
        estimate = yk_policy_learn(estimate, 0.9 + 0.2 * fraction());
        sum += estimate;
        assert_true(estimate > 0.9 && estimate < 1.1);
    }
    assert_true(fabs(sum / 10000 - 1) < 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunk_time),
        cmocka_unit_test(test_chunk),
        cmocka_unit_test(test_chunks_are_possible_and_monotone),
        cmocka_unit_test(test_chunks_of_a_home),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_pick_who_ends_last),
        cmocka_unit_test(test_pick_among_random_victims),
        cmocka_unit_test(test_thieves_part),
        cmocka_unit_test(test_loot),
        cmocka_unit_test(test_loot_of_unknown_thief),
        cmocka_unit_test(test_loot_is_possible),
        cmocka_unit_test(test_loot_is_best),
        cmocka_unit_test(test_learning),
        cmocka_unit_test(test_one_bad_measurement),
        cmocka_unit_test(test_device_slows_down),
        cmocka_unit_test(test_noise),
    };

    return yt_run_group(tests);
}
