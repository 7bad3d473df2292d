/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <stdlib.h>

#include "sched/policy.h"

enum { MOST = 40 };

static double random_speed(void)
{
    switch (rand() % 6) {
    case 0:
        return 0;
    case 1:
        return -1;
    case 2:
        return 1e-12 * rand();
    case 3:
        return 1e6 * rand() / (double)RAND_MAX;
    default:
        return rand() / (double)RAND_MAX;
    }
}

static bool any_takes_part(const double *speeds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (speeds[i] >= 0) {
            return true;
        }
    }
    return false;
}

/* Shares by speed alone. */
static void share(uint32_t count, const double *speeds, size_t n, yk_tiles *shares)
{
    yk_taker takers[MOST] = {{0, 0}};

    for (size_t i = 0; i < n; i++) {
        takers[i].speed = speeds[i];
    }
    yk_policy_shares(count, takers, n, shares);
}

/* In order, without gap or overlap, all of them. */
static void check_shares(uint32_t count, const double *speeds, size_t n)
{
    yk_tiles shares[MOST];
    const bool some = any_takes_part(speeds, n);
    uint32_t at = 0;

    share(count, speeds, n, shares);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(shares[i].begin, at);
        assert_true(shares[i].end >= at && shares[i].end <= count);
        if (some && speeds[i] < 0) {
            assert_int_equal(yk_tiles_count(shares[i]), 0);
        }
        at = shares[i].end;
    }
    assert_int_equal(at, count);
}

static void test_shares_cover_all_tiles_once(void **state)
{
    double speeds[MOST];

    (void)state;
    srand(11);
    for (int round = 0; round < 20000; round++) {
        const size_t n = 1 + (size_t)(rand() % MOST);
        const uint32_t count = rand() % 3 == 0
                                   ? (uint32_t)(rand() % 5)
                                   : (uint32_t)(rand() % (YK_MAX_TILES + 1));

        for (size_t i = 0; i < n; i++) {
            speeds[i] = random_speed();
        }
        check_shares(count, speeds, n);
    }
}

static void test_shares_are_proportional(void **state)
{
    static const double unequal[] = {1, 2, 1};
    static const double unknown[] = {3, 0, 1};
    static const double absent[] = {1, -1, 1};
    yk_tiles shares[3];

    (void)state;
    share(400, unequal, 3, shares);
    assert_int_equal(yk_tiles_count(shares[0]), 100);
    assert_int_equal(yk_tiles_count(shares[1]), 200);
    share(600, unknown, 3, shares); /* as fast as 3 and 1 on average */
    assert_int_equal(yk_tiles_count(shares[1]), 200);
    assert_int_equal(yk_tiles_count(shares[2]), 100);
    share(10, absent, 3, shares);
    assert_int_equal(yk_tiles_count(shares[0]), 5);
    assert_int_equal(yk_tiles_count(shares[1]), 0);
}

static void test_chunks(void **state)
{
    (void)state;
    srand(12);
    for (int round = 0; round < 20000; round++) {
        const uint32_t left = 1 + (uint32_t)(rand() % YK_MAX_TILES);
        const double speed = random_speed();
        const double time = yk_policy_chunk_time(rand() % 2, 0);
        const uint32_t chunk = yk_policy_chunk(left, speed, 0, time);

        assert_true(chunk >= 1 && chunk <= YK_MAX_TILES);
        if (speed > 0 && chunk > 1) {
            assert_true((double)chunk <= speed * time + 1);
        }
    }
    assert_int_equal(yk_policy_chunk(6400, 0, 0, 5e5), 100); /* speed unknown: few */
    assert_int_equal(yk_policy_chunk(5, 0, 0, 5e5), 1);
    assert_int_equal(yk_policy_chunk(6400, 1e-4, 0, 5e5), 50);
    assert_true(yk_policy_chunk_time(1, 0) > yk_policy_chunk_time(0, 0));
}

static void test_busy(void **state)
{
    (void)state;
    assert_true(yk_policy_busy(100, 0.1, 400) == 600);
    assert_true(yk_policy_busy(100, 0.1, 1500) == 1500);
    assert_true(yk_policy_busy(100, 0, 30) == 30);
    srand(13);
    for (int round = 0; round < 1000; round++) {
        assert_true(yk_policy_busy((uint32_t)rand(), random_speed(), rand()) >= 0);
    }
}

static yk_victim random_victim(void)
{
    return (yk_victim){
        .left = rand() % 3 == 0 ? 0 : (uint32_t)(rand() % 1000),
        .speed = random_speed(),
        .busy_ns = rand() % 1000000,
        .is_gone = rand() % 5 == 0,
    };
}

static void test_pick(void **state)
{
    yk_victim victims[3] = {{.left = 10, .speed = 1e-3},
                            {.left = 100, .speed = 1},
                            {.left = 0, .is_gone = 1}};

    (void)state;
    assert_int_equal(yk_policy_pick(victims, 3), 0); /* 10 us against 100 ns */
    victims[1].busy_ns = 1e6;
    assert_int_equal(yk_policy_pick(victims, 3), 1);
    victims[2].left = 1;
    assert_int_equal(yk_policy_pick(victims, 3), 2);
    assert_int_equal(yk_policy_pick(victims, 0), 0);
    srand(14);
    for (int round = 0; round < 20000; round++) {
        yk_victim some[MOST];
        const size_t n = (size_t)(rand() % MOST);
        bool any = false;
        size_t picked;

        for (size_t i = 0; i < n; i++) {
            some[i] = random_victim();
            any |= some[i].left > 0;
        }
        picked = yk_policy_pick(some, n);
        assert_int_equal(picked == n, !any);
        assert_true(picked == n || some[picked].left > 0);
    }
}

static void test_loot(void **state)
{
    const yk_victim even = {.left = 100, .speed = 0.001};
    const yk_victim nearly_done = {.left = 1, .speed = 1};
    const yk_victim unknown = {.left = 7};
    const yk_victim gone = {.left = 33, .speed = 1, .is_gone = 1};

    (void)state;
    assert_int_equal(yk_policy_loot(&even, 0.001, 0), 50);
    assert_true(yk_policy_loot(&even, 0.003, 0) == 75); /* three times as fast */
    assert_int_equal(yk_policy_loot(&nearly_done, 0.001, 20000), 0);
    assert_int_equal(yk_policy_loot(&unknown, 1, 20000), 4);
    assert_int_equal(yk_policy_loot(&gone, 1e-9, 1e9), 33);
    srand(15);
    for (int round = 0; round < 50000; round++) {
        const yk_victim victim = random_victim();
        const double speed = random_speed();
        const uint32_t loot =
            victim.left > 0 ? yk_policy_loot(&victim, speed, rand() % 100000) : 0;

        assert_true(loot <= victim.left);
        if (victim.is_gone) {
            assert_int_equal(loot, victim.left);
        }
    }
}

/* Nobody steals the last tile that its owner would finish sooner. */
static void test_loot_pays(void **state)
{
    (void)state;
    srand(16);
    for (int round = 0; round < 20000; round++) {
        const yk_victim victim = {.left = 1 + (uint32_t)(rand() % 50),
                                  .speed = 1e-6 + 1e-3 * rand() / (double)RAND_MAX,
                                  .busy_ns = rand() % 100000};
        const double speed = 1e-6 + 1e-3 * rand() / (double)RAND_MAX;
        const double overhead = 20000;
        const uint32_t loot = yk_policy_loot(&victim, speed, overhead);
        const double alone = victim.busy_ns + victim.left / victim.speed;

        if (loot > 0) {
            assert_true(overhead + loot / speed <= alone * (1 + 1e-9));
        }
    }
}

static void test_learning(void **state)
{
    double estimate = 0;

    (void)state;
    estimate = yk_policy_learn(estimate, 8);
    assert_true(estimate == 8);
    estimate = yk_policy_learn(estimate, 4);
    assert_true(estimate > 4 && estimate < 8);
    for (int i = 0; i < 100; i++) {
        estimate = yk_policy_learn(estimate, 4);
    }
    assert_true(estimate > 3.99 && estimate < 4.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_cover_all_tiles_once),
        cmocka_unit_test(test_shares_are_proportional),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_pick),
        cmocka_unit_test(test_loot),
        cmocka_unit_test(test_loot_pays),
        cmocka_unit_test(test_learning),
    };

    return yt_run_group(tests);
}
