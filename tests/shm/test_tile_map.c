/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <stdlib.h>
#include <string.h>

#include "shm/tile_map.h"

enum { COUNT = 500 };

static yk_tile map[COUNT + 2];
static uint16_t model[COUNT + 2];

static void check_against_model(void)
{
    uint32_t done = 0;
    bool full = true;
    uint32_t at = 0;
    yk_tiles run = {0, 0};

    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(atomic_load(&map[i]), model[i]);
        done += model[i] != YK_TILE_OPEN && model[i] != YK_TILE_GIVEN_UP;
        full &= model[i] != YK_TILE_OPEN;
    }
    assert_int_equal(yk_tile_map_done(map, COUNT), done);
    assert_int_equal(yk_tile_map_is_full(map, COUNT), full);
    /* The runs of open tiles are all of the open tiles, as long as can be. */
    while (yk_tile_map_next_open(map, run.end, COUNT, &run)) {
        for (; at < run.begin; at++) {
            assert_int_not_equal(model[at], YK_TILE_OPEN);
        }
        for (; at < run.end; at++) {
            assert_int_equal(model[at], YK_TILE_OPEN);
        }
        assert_true(run.end == COUNT || model[run.end] != YK_TILE_OPEN);
    }
    for (; at < COUNT; at++) {
        assert_int_not_equal(model[at], YK_TILE_OPEN);
    }
}

static void test_random_marks(void **state)
{
    (void)state;
    srand(3);
    for (int round = 0; round < 20; round++) {
        memset(map, 0x77, sizeof map);
        memset(model, 0, sizeof model);
        yk_tile_map_clear(map, COUNT);
        check_against_model();
        for (int step = 0; step < 60; step++) {
            const uint32_t begin = (uint32_t)(rand() % COUNT);
            const uint32_t end = begin + (uint32_t)(rand() % 30);
            const yk_tiles tiles = {begin, end < COUNT ? end : COUNT};
            const bool only_open = rand() % 2;
            const uint16_t by = rand() % 8 == 0 ? (uint16_t)YK_TILE_GIVEN_UP
                                                : (uint16_t)(1 + rand() % 512);

            (only_open ? yk_tile_map_mark_open : yk_tile_map_mark)(map, tiles, by);
            for (uint32_t i = tiles.begin; i < tiles.end; i++) {
                model[i] = only_open && model[i] != YK_TILE_OPEN ? model[i] : by;
            }
            check_against_model();
        }
        /* Beyond the end nothing was touched. */
        assert_int_equal(atomic_load(&map[COUNT]), 0x7777);
    }
}

static void test_full(void **state)
{
    (void)state;
    yk_tile_map_clear(map, COUNT);
    yk_tile_map_mark(map, (yk_tiles){0, COUNT}, 1);
    assert_true(yk_tile_map_is_full(map, COUNT));
    atomic_store(&map[COUNT - 1], YK_TILE_OPEN);
    assert_false(yk_tile_map_is_full(map, COUNT));
    atomic_store(&map[COUNT - 1], YK_TILE_GIVEN_UP);
    assert_true(yk_tile_map_is_full(map, COUNT));
    assert_int_equal(yk_tile_map_done(map, COUNT), COUNT - 1);
    assert_true(yk_tile_map_is_full(map, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_marks),
        cmocka_unit_test(test_full),
    };

    return yt_run_group(tests);
}
