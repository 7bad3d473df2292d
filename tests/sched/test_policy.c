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

static uint32_t chunk_of(uint32_t left, double speed, double overhead, double time)
{
    return yk_policy_chunk(left, &(yk_speeds){speed, 0}, overhead, time);
}

static void test_chunk(void **state)
{
    const yk_speeds cheap_part = {1e-4, 1e-5};

    (void)state;
    assert_int_equal(chunk_of(6400, 1e-4, 0, 5e5), 50);
    assert_int_equal(chunk_of(6400, 0, 0, 5e5), 1); /* unknown: the least */
    assert_int_equal(chunk_of(80, 1e-4, 0, 5e5), 10);
    assert_int_equal(chunk_of(1, 1e-4, 0, 5e5), 1);
    /* No launch of 20 us for less than a millisecond, nor twice where once will do. */
    assert_int_equal(chunk_of(150, 1e-4, 2e4, 5e6), 100);
    assert_int_equal(chunk_of(90, 1e-4, 2e4, 5e6), 90);
    assert_int_equal(yk_policy_chunk(6400, &cheap_part, 0, 5e5), 10);
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
        const uint32_t chunk = chunk_of(left, speed, overhead, time);

        assert_true(chunk >= 1 && chunk <= left);
        assert_true(speed <= 0 || chunk == 1 || chunk <= speed * time);
        assert_true(chunk <= chunk_of(left + 1, speed, overhead, time));
        assert_true(chunk <= chunk_of(left, speed, overhead, 2 * time));
        assert_true(chunk <= chunk_of(left, speed, 2 * overhead, time));
        if (speed > 0) {
            assert_true(chunk <= chunk_of(left, 2 * speed, overhead, time));
        }
    }
}

/* Through a whole work range: little time lost to overhead, and a short last chunk. */
static void test_chunks_of_a_work_range(void **state)
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
            last = chunk_of(left, speed, overhead, time);
            chunks++;
        }
        assert_true((chunks - 1) * overhead <= 0.021 * tiles / speed);
        assert_true(last / speed <= 50 * overhead + 1 / speed);
    }
}

/* ---- stealing ---- */

/* A device that has a job to itself: launches that occupy all of it, none of them long. */
static void test_lone_chunks(void **state)
{
    (void)state;
    assert_int_equal(yk_policy_lone_chunk(2048, 4.4e-6, 5e7, 16), 208);
    assert_int_equal(yk_policy_lone_chunk(2048, 1, 5e7, 16), 2048);
    assert_int_equal(yk_policy_lone_chunk(7, 1e-9, 5e7, 16), 7);
    assert_int_equal(yk_policy_lone_chunk(7, 1e-9, 5e7, 1), 1);
    for (int round = 0; round < 10000; round++) {
        const uint32_t left = 1 + (uint32_t)rand() % 65536;
        const uint32_t step = 1 + (uint32_t)rand() % 100;
        const double speed = device_speed();
        const uint32_t chunk = yk_policy_lone_chunk(left, speed, 5e7, step);

        assert_between(chunk, 1, left);
        assert_true(chunk == left || chunk % step == 0);
        assert_true(chunk <= speed * 5e7 + step);
    }
}

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

static yk_victim victim_of(uint32_t left, double speed)
{
    return (yk_victim){.left = left, .speeds = {speed, speed}};
}

static yk_victim gone_victim(uint32_t left, double speed)
{
    return (yk_victim){.left = left, .speeds = {speed, speed}, .is_gone = 1};
}

static yk_victim random_victim(void)
{
    return (yk_victim){
        .left = rand() % 3 == 0 ? 0 : (uint32_t)(rand() % 1000),
        .speeds = {rand() % 2 == 0 ? device_speed() : random_speed(), random_speed()},
        .busy_ns = rand() % 1000000,
        .is_gone = rand() % 5 == 0,
    };
}

static double time_left(const yk_victim *victim)
{
    return victim->busy_ns + victim->left / victim->speeds.now;
}

static void test_pick_who_ends_last(void **state)
{
    yk_victim victims[3] = {victim_of(10, 1e-3), victim_of(100, 1), gone_victim(0, 1)};

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
    for (uint32_t i = 0; i < VICTIMS; i++) {
        victims[i] = victim_of(1000 + i, 1e-3);
    }
    for (uint64_t thief = 0; thief < THIEVES; thief++) {
        visits[yk_policy_pick(victims, VICTIMS, 123456789 ^ thief)]++;
    }
    for (size_t i = 0; i < VICTIMS; i++) {
        assert_between(visits[i], THIEVES / VICTIMS / 2, THIEVES / VICTIMS * 2);
    }
}

static void test_survey(void **state)
{
    const yk_victim victims[] = {victim_of(30, 1), victim_of(0, 3), victim_of(5, 0),
                                 gone_victim(5, 100)};
    const yk_summary summary = yk_policy_summarize(victims, 4);

    (void)state;
    assert_true(summary.rest_ns ==
                10); /* 40 tiles for the two that live and are known */
    assert_true(summary.mean == 2);
    assert_true(yk_policy_summarize(victims, 0).mean == 0);
}

/* What a thief takes if all workers have long been busy elsewhere. */
static uint32_t steal_amount_of(yk_victim victim, double speed, double overhead)
{
    const yk_thief thief = {{speed, speed}, overhead};
    const yk_summary summary = {HUGE_VAL, 0};

    return yk_policy_steal_amount(&victim, &thief, &summary);
}

static void test_steal_amount(void **state)
{
    const yk_victim even = victim_of(100, 0.001);

    (void)state;
    assert_int_equal(steal_amount_of(even, 0.001, 0), 50);
    assert_int_equal(steal_amount_of(even, 0.003, 0), 75); /* three times as fast */
    assert_int_equal(steal_amount_of(even, 0.001, 20000), 40);
    assert_int_equal(steal_amount_of(even, 0.001, 200000), 0);
    assert_int_equal(steal_amount_of(victim_of(1, 1), 0.001, 20000), 0); /* nearly through */
    assert_int_equal(steal_amount_of(victim_of(1, 1e-6), 0.001, 20000), 1);
    assert_int_equal(steal_amount_of(victim_of(7, 0), 1, 20000), 4);
    assert_int_equal(steal_amount_of(gone_victim(33, 1), 1e-9, 1e9), 17);
    assert_int_equal(steal_amount_of(gone_victim(0, 1), 1, 0), 0);
}

/* A thief of unknown speed takes one tile, and none if that would be late even for a worker
 * like the victim. */
static void test_loot_of_unknown_thief(void **state)
{
    (void)state;
    assert_int_equal(steal_amount_of(victim_of(100, 0.001), 0, 20000), 1);
    assert_int_equal(steal_amount_of(victim_of(100, 0.001), 0, 200000), 0);
}

/* Tiles that cost the victim ten times the usual will cost the thief as much. */
static void test_loot_of_costly_tiles(void **state)
{
    const yk_victim victim = {.left = 100, .speeds = {0.001, 0.01}};
    const yk_thief thief = {{0.05, 0.01}, 0};
    const yk_summary summary = {HUGE_VAL, 0};

    (void)state;
    assert_true(fabs(yk_policy_speed_there(&victim, &thief) - 0.001) < 1e-9);
    assert_int_equal(yk_policy_steal_amount(&victim, &thief, &summary), 50);
}

/* A slow thief leaves to the others what they can do before it has done one tile; it helps if
 * enough is left for all. Some worker always takes the tiles that have no owner. */
static void test_slow_thieves_hold_back(void **state)
{
    const yk_thief slow = {{1e-5, 1e-5}, 0};
    const yk_thief fast = {{1e-2, 1e-2}, 0};
    const yk_victim victim = victim_of(1000, 1e-3);
    const yk_victim gone = gone_victim(1, 1e-3);
    const yk_summary soon = {1e5, 1e-3};
    const yk_summary late = {1e6, 1e-3};
    const yk_summary end = {0, 1e-3};

    (void)state;
    assert_int_equal(yk_policy_steal_amount(&victim, &slow, &soon), 0);
    assert_true(yk_policy_steal_amount(&victim, &slow, &late) > 0);
    assert_int_equal(yk_policy_steal_amount(&gone, &slow, &end), 0);
    assert_int_equal(yk_policy_steal_amount(&gone, &fast, &end), 1);
}

/* A worker that is late has shown that it was not as fast as it seemed. */
static void test_slow_thief_of_one_who_is_late(void **state)
{
    const yk_thief slow = {{1e-5, 1e-5}, 0};
    const yk_summary soon = {1e5, 1e-3};
    yk_victim victim = victim_of(1, 1e-3);

    (void)state;
    victim.busy_ns = 9e4;
    assert_int_equal(yk_policy_steal_amount(&victim, &slow, &soon), 0);
    victim.busy_ns = 1.1e5;
    assert_int_equal(yk_policy_steal_amount(&victim, &slow, &soon), 1);
}

/* However costly the tiles, the last one alive takes them. */
static void test_somebody_takes_what_nobody_owns(void **state)
{
    (void)state;
    srand(19);
    for (int round = 0; round < 20000; round++) {
        yk_victim all[MOST];
        const size_t n = 2 + (size_t)(rand() % (MOST - 1));
        yk_summary summary;
        uint32_t steal_amount = 0;

        all[0] = (yk_victim){
            .left = 1, .speeds = {device_speed(), device_speed()}, .is_gone = 1};
        for (size_t i = 1; i < n; i++) {
            all[i] = (yk_victim){.speeds = {device_speed(), device_speed()}};
        }
        summary = yk_policy_summarize(all, n);
        for (size_t i = 1; i < n; i++) {
            const yk_thief thief = {all[i].speeds, 1e6};

            steal_amount += yk_policy_steal_amount(&all[0], &thief, &summary);
        }
        assert_true(steal_amount > 0);
    }
}

/* Other idle workers get something, too. */
static void test_loot_is_shared(void **state)
{
    const yk_victim victim = victim_of(1000, 1e-3);
    const yk_thief thief = {{1e-3, 1e-3}, 0};
    const yk_summary hundred_idle = {1000 / 0.1, 1e-3};

    (void)state;
    assert_int_equal(yk_policy_steal_amount(&victim, &thief, &hundred_idle), 20);
}

static void test_loot_is_possible(void **state)
{
    (void)state;
    srand(16);
    for (int round = 0; round < 50000; round++) {
        const yk_victim victim = random_victim();
        const yk_thief thief = {{random_speed(), random_speed()}, rand() % 100000};
        const yk_summary summary = {1e6 * fraction(), fraction()};

        assert_true(yk_policy_steal_amount(&victim, &thief, &summary) <= victim.left);
    }
}

/* Thief and victim together end earlier than the victim alone, and no other number of
 * tiles would have them end earlier still. */
static void test_loot_is_best(void **state)
{
    (void)state;
    srand(17);
    for (int round = 0; round < 20000; round++) {
        yk_victim victim = victim_of(1 + (uint32_t)(rand() % 50), device_speed());
        const double speed = device_speed();
        const double overhead = rand() % 100000;
        uint32_t steal_amount;
        double best;
        double end;

        victim.busy_ns = rand() % 1000000;
        steal_amount = steal_amount_of(victim, speed, overhead);
        best = time_left(&victim);
        end = best;
        for (uint32_t k = 1; k <= victim.left; k++) {
            const double both =
                fmax(overhead + k / speed,
                     victim.busy_ns + (victim.left - k) / victim.speeds.now);

            best = fmin(best, both);
            end = k == steal_amount ? both : end;
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

static void test_usual_speed(void **state)
{
    (void)state;
    assert_true(yk_policy_learn_usual(0, 8) == 8);
    assert_true(yk_policy_learn_usual(8, 4) == 6);
}

static void test_overhead_does_not_count(void **state)
{
    (void)state;
    assert_true(yk_policy_measured(100, 1100, 100) == 0.1);
    assert_true(yk_policy_measured(1, 1100, 1099) < 0.01); /* it may vary */
    assert_true(yk_policy_measured(1, 0, 100) == 1);
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

/* A worker that is away may stay there for ever: however slow a thief is beside it, it takes the
 * last tile, also one without an owner. */
static void test_slow_thief_beside_one_who_is_away(void **state)
{
    const yk_thief slow = {{1e-6, 1e-6}, 3000};
    yk_victim victims[] = {victim_of(0, 1), victim_of(0, 1e-6), gone_victim(1, 1)};
    yk_summary summary = yk_policy_summarize(victims, 3);

    (void)state;
    assert_int_equal(yk_policy_steal_amount(&victims[2], &slow, &summary), 0);
    victims[0].is_away = 1;
    summary = yk_policy_summarize(victims, 3);
    assert_int_equal(yk_policy_steal_amount(&victims[2], &slow, &summary), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunk_time),
        cmocka_unit_test(test_chunk),
        cmocka_unit_test(test_chunks_are_possible_and_monotone),
        cmocka_unit_test(test_chunks_of_a_work_range),
        cmocka_unit_test(test_lone_chunks),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_pick_who_ends_last),
        cmocka_unit_test(test_pick_among_random_victims),
        cmocka_unit_test(test_thieves_part),
        cmocka_unit_test(test_survey),
        cmocka_unit_test(test_steal_amount),
        cmocka_unit_test(test_loot_of_unknown_thief),
        cmocka_unit_test(test_loot_of_costly_tiles),
        cmocka_unit_test(test_slow_thieves_hold_back),
        cmocka_unit_test(test_slow_thief_of_one_who_is_late),
        cmocka_unit_test(test_slow_thief_beside_one_who_is_away),
        cmocka_unit_test(test_somebody_takes_what_nobody_owns),
        cmocka_unit_test(test_loot_is_shared),
        cmocka_unit_test(test_loot_is_possible),
        cmocka_unit_test(test_loot_is_best),
        cmocka_unit_test(test_learning),
        cmocka_unit_test(test_one_bad_measurement),
        cmocka_unit_test(test_usual_speed),
        cmocka_unit_test(test_overhead_does_not_count),
        cmocka_unit_test(test_device_slows_down),
        cmocka_unit_test(test_noise),
    };

    return yt_run_group(tests);
}
