/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <stdlib.h>
#include <string.h>

#include "shm/work_range.h"

static void test_words(void **state)
{
    static const yk_tiles tiles[] = {
        {0, 0}, {0, 1}, {5, 9}, {0, YK_MAX_TILES}, {YK_MAX_TILES, YK_MAX_TILES}};
    static const uint32_t generations[] = {0,        1,         77, (1U << 30) - 1,
                                           1U << 30, UINT32_MAX};

    (void)state;
    for (size_t g = 0; g < sizeof generations / sizeof generations[0]; g++) {
        for (size_t t = 0; t < sizeof tiles / sizeof tiles[0]; t++) {
            const uint64_t word = yk_work_range_pack(generations[g], tiles[t]);

            assert_true(yk_work_range_valid(word));
            assert_true(yk_work_range_is_of(word, generations[g]));
            assert_false(yk_work_range_is_of(word, generations[g] + 1));
            assert_int_equal(yk_work_range_unpack(word).begin, tiles[t].begin);
            assert_int_equal(yk_work_range_unpack(word).end, tiles[t].end);
        }
    }
    assert_false(yk_work_range_valid(yk_work_range_pack(1, (yk_tiles){6, 5})));
    assert_false(yk_work_range_valid(yk_work_range_pack(1, (yk_tiles){0, YK_MAX_TILES + 1})));
}

static void test_front_and_back(void **state)
{
    yk_work_range work_range = 0;
    yk_tiles taken;

    (void)state;
    yk_work_range_set(&work_range, 3, (yk_tiles){10, 20});
    assert_true(yk_work_range_take_front(&work_range, 3, 4, &taken));
    assert_int_equal(taken.begin, 10);
    assert_int_equal(taken.end, 14);
    assert_true(yk_work_range_take_back(&work_range, 3, 1, &taken));
    assert_int_equal(taken.begin, 19);
    assert_int_equal(taken.end, 20);
    assert_true(yk_work_range_take_back(&work_range, 3, UINT32_MAX, &taken));
    assert_int_equal(taken.begin, 14);
    assert_int_equal(taken.end, 19);
    assert_false(yk_work_range_take_front(&work_range, 3, 1, &taken));
    assert_false(yk_work_range_take_back(&work_range, 3, 1, &taken));
}

/* A process that still uses the slot's old generation gets and changes nothing. */
static void test_generations(void **state)
{
    yk_work_range work_range = 0;
    yk_tiles taken;

    (void)state;
    yk_work_range_set(&work_range, 8, (yk_tiles){0, 100});
    assert_false(yk_work_range_take_front(&work_range, 7, 1, &taken));
    assert_false(yk_work_range_take_back(&work_range, 9, 1, &taken));
    assert_false(yk_work_range_refill(&work_range, 7, (yk_tiles){0, 1}));
    assert_int_equal(yk_tiles_count(yk_work_range_peek(&work_range, 7)), 0);
    assert_int_equal(yk_tiles_count(yk_work_range_peek(&work_range, 8)), 100);
}

static void test_refill(void **state)
{
    yk_work_range work_range = 0;
    yk_tiles taken;

    (void)state;
    yk_work_range_set(&work_range, 1, (yk_tiles){0, 1});
    assert_false(yk_work_range_refill(&work_range, 1, (yk_tiles){5, 9}));
    assert_true(yk_work_range_take_front(&work_range, 1, 1, &taken));
    assert_true(yk_work_range_refill(&work_range, 1, (yk_tiles){5, 9}));
    assert_false(yk_work_range_refill(&work_range, 1, (yk_tiles){5, 9}));
    assert_int_equal(yk_work_range_peek(&work_range, 1).begin, 5);
    assert_int_equal(yk_work_range_peek(&work_range, 1).end, 9);
}

/* Random takes from several work ranges: every tile comes out once. */
static void test_every_tile_comes_out_once(void **state)
{
    enum { HOMES = 5 };
    static unsigned char out[YK_MAX_TILES];

    (void)state;
    srand(7);
    for (uint32_t round = 1; round < 200; round++) {
        const uint32_t count = 1 + (uint32_t)(rand() % YK_MAX_TILES);
        yk_work_range work_ranges[HOMES];
        uint32_t got = 0;

        memset(out, 0, sizeof out);
        for (uint32_t i = 0; i < HOMES; i++) {
            yk_work_range_set(&work_ranges[i], round,
                        (yk_tiles){count * i / HOMES, count * (i + 1) / HOMES});
        }
        while (got < count) {
            yk_work_range *work_range = &work_ranges[rand() % HOMES];
            const uint32_t max_count = 1 + (uint32_t)(rand() % 3000);
            yk_tiles taken;

            if (!(rand() % 2 ? yk_work_range_take_front(work_range, round, max_count, &taken)
                             : yk_work_range_take_back(work_range, round, max_count, &taken))) {
                continue;
            }
            assert_true(yk_work_range_valid(atomic_load(work_range)));
            assert_true(yk_tiles_count(taken) > 0 && yk_tiles_count(taken) <= max_count);
            for (uint32_t t = taken.begin; t < taken.end; t++, got++) {
                assert_int_equal(out[t]++, 0);
            }
        }
        assert_int_equal(got, count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_front_and_back),
        cmocka_unit_test(test_generations),
        cmocka_unit_test(test_refill),
        cmocka_unit_test(test_every_tile_comes_out_once),
    };

    return yt_run_group(tests);
}
