/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <stdlib.h>

#include "sched/tiling.h"
#include "shm/work_range.h"

static uint64_t random_number(unsigned bits)
{
    const uint64_t wide =
        (uint64_t)rand() << 31 ^ (uint64_t)rand() << 62 ^ (uint64_t)rand();

    return wide & ((UINT64_C(1) << (1 + (unsigned)rand() % bits)) - 1);
}

/* Tiles follow each other from 0 to the last item, all but the last of the same size.
 */
static void check_tiling(const yk_tiling *tiling, uint64_t items)
{
    const uint32_t looks = tiling->count < 100 ? tiling->count : 100;
    uint64_t begin;
    uint64_t end;

    assert_int_equal(tiling->items, items);
    assert_true(tiling->count >= 1 && tiling->count <= YK_MAX_TILES);
    for (uint32_t i = 0; i < looks; i++) {
        const uint32_t tile =
            i < 50 ? i : tiling->count - (looks - i); /* the first and the last ones */
        uint64_t next;
        uint64_t ignored;

        yk_tiling_items(tiling, tile, tile + 1, &begin, &end);
        assert_true(begin < end);
        if (tile + 1 < tiling->count) {
            assert_int_equal(end - begin, tiling->tile_items);
            yk_tiling_items(tiling, tile + 1, tile + 2, &next, &ignored);
            assert_int_equal(next, end);
        }
    }
    yk_tiling_items(tiling, 0, tiling->count, &begin, &end);
    assert_int_equal(begin, 0);
    assert_int_equal(end, items);
}

static void test_random_ranges(void **state)
{
    (void)state;
    srand(21);
    for (int round = 0; round < 20000; round++) {
        const uint64_t items = 1 + random_number(47);
        const uint64_t group = random_number(12);
        const uint64_t grain =
            rand() % 4 == 0 ? UINT64_MAX >> (rand() % 64) : random_number(20);
        const uint64_t max_count = rand() % 2 == 0 ? 0 : random_number(20);
        const yk_tiling tiling = yk_tiling_choose(
            items, &(yk_tiling_limits){.group = group,
                                       .grain = grain,
                                       .max_count = max_count,
                                       .workers = (uint32_t)rand() % 600});

        check_tiling(&tiling, items);
        if (group > 1) {
            assert_int_equal(tiling.tile_items % group, 0);
        }
        assert_true(tiling.tile_items >= grain || tiling.tile_items >= items);
    }
}

static void test_limits(void **state)
{
    const uint64_t max_count = UINT64_C(1) << 48;
    yk_tiling tiling =
        yk_tiling_choose(max_count, &(yk_tiling_limits){.group = 0, .grain = 0});

    (void)state;
    check_tiling(&tiling, max_count);
    tiling = yk_tiling_choose(1, &(yk_tiling_limits){.group = 0, .grain = 0});
    check_tiling(&tiling, 1);
    tiling = yk_tiling_choose(
        max_count, &(yk_tiling_limits){.group = UINT64_C(1) << 31, .grain = UINT64_MAX});
    check_tiling(&tiling, max_count);
    tiling = yk_tiling_choose(
        1, &(yk_tiling_limits){.group = UINT64_C(1) << 31, .grain = UINT64_MAX});
    check_tiling(&tiling, 1);
}

/* A few rows of an image are that many tiles. */
static void test_small_ranges_are_cut_finely(void **state)
{
    const yk_tiling tiling =
        yk_tiling_choose(30, &(yk_tiling_limits){.group = 0, .grain = 0});

    (void)state;
    assert_int_equal(tiling.count, 30);
    assert_int_equal(
        yk_tiling_choose(30, &(yk_tiling_limits){.group = 0, .grain = 7}).count, 5);
    assert_int_equal(
        yk_tiling_choose(32, &(yk_tiling_limits){.group = 8, .grain = 0}).count, 4);
}

static uint32_t count_for(uint64_t items, uint32_t workers)
{
    return yk_tiling_choose(items, &(yk_tiling_limits){.workers = workers}).count;
}

/* Balance wants a number for each worker, and unlike devices some at all events. */
static void test_no_more_than_useful(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4096; workers *= 2) {
        const uint32_t count = count_for(UINT64_C(1) << 30, workers);

        assert_between(count, 1024, YK_MAX_TILES);
        assert_true(count >= 64 * workers || count == YK_MAX_TILES);
        assert_true(count <= 256 * workers || count <= 2048);
    }
    for (uint64_t items = 2000; items < 1000000; items = items * 3 / 2) {
        assert_between(count_for(items, 2), 1000, 2048);
    }
}

/* Tiles of a long range start at cache lines, unless there would be too few. */
static void test_alignment(void **state)
{
    (void)state;
    assert_int_equal(
        yk_tiling_choose(10000000, &(yk_tiling_limits){.workers = 2}).tile_items % 64,
        0);
    assert_int_equal(
        yk_tiling_choose(100000, &(yk_tiling_limits){.workers = 2}).tile_items, 64);
    assert_int_equal(count_for(4096, 2), 2048);
}

/* What the user wants at most; group, grain and what the words can hold count for more. */
static void test_most(void **state)
{
    yk_tiling_limits limits = {.max_count = 1, .workers = 2};

    (void)state;
    assert_int_equal(yk_tiling_choose(65536, &limits).count, 65536);
    assert_int_equal(yk_tiling_choose(65537, &limits).tile_items, 2);
    limits.max_count = 50;
    assert_int_equal(yk_tiling_choose(1000000, &limits).tile_items, 50);
    limits.max_count = 1000000;
    assert_between(yk_tiling_choose(1000000, &limits).tile_items, 400, 600);
    limits = (yk_tiling_limits){.max_count = 10, .group = 16};
    assert_int_equal(yk_tiling_choose(1000, &limits).tile_items, 16);
    limits = (yk_tiling_limits){.max_count = 10, .grain = 20};
    assert_int_equal(yk_tiling_choose(1000, &limits).tile_items, 20);
}

/* ---- where chunks are cut ---- */

static yk_tiling flat(uint64_t items)
{
    return yk_tiling_choose(items, &(yk_tiling_limits){.workers = 2, .is_flat = 1});
}

/* 4096 elements in tiles of two: what is taken ends where vectors do. */
static void test_chunks_end_at_vectors(void **state)
{
    const yk_tiling tiling = flat(4096);

    (void)state;
    assert_int_equal(tiling.tile_items, 2);
    assert_int_equal(yk_tiling_even_front(&tiling, (yk_tiles){0, 1024}, 100), 96);
    assert_int_equal(yk_tiling_even_front(&tiling, (yk_tiles){96, 1024}, 100), 96);
    /* A cut that was not even is made good. */
    assert_int_equal(yk_tiling_even_front(&tiling, (yk_tiles){3, 1024}, 100), 93);
    assert_int_equal(yk_tiling_even_front(&tiling, (yk_tiles){992, 1001}, 30), 9);
    assert_int_equal(yk_tiling_even_back(&tiling, (yk_tiles){0, 1000}, 100), 104);
    /* Little that is wanted is rounded to less than a cache line, or not at all. */
    assert_int_equal(yk_tiling_even_front(&tiling, (yk_tiles){0, 1024}, 5), 8);
    assert_int_equal(yk_tiling_even_front(&tiling, (yk_tiles){0, 1024}, 3), 3);
    assert_int_equal(yk_tiling_even_back(&tiling, (yk_tiles){0, 1024}, 1), 1);
}

static void test_other_chunks_end_anywhere(void **state)
{
    const yk_tiling_limits rows = {.workers = 2};
    const yk_tiling_limits single = {.workers = 2, .is_flat = 1, .max_count = 1};
    const yk_tiling tilings[] = {yk_tiling_choose(4096, &rows),
                                 yk_tiling_choose(4096, &single), flat(1 << 24),
                                 yk_tiling_whole(4096)};

    (void)state;
    for (size_t i = 0; i < sizeof tilings / sizeof tilings[0]; i++) {
        assert_int_equal(yk_tiling_even_front(&tilings[i], (yk_tiles){5, 900}, 77), 77);
        assert_int_equal(yk_tiling_even_back(&tilings[i], (yk_tiles){5, 900}, 77), 77);
    }
}

/* What is taken is never nothing, nor more than there is, nor far more than was wanted. */
static void test_even_chunks_are_possible(void **state)
{
    (void)state;
    srand(5);
    for (int round = 0; round < 100000; round++) {
        const yk_tiling tiling = flat(1 + random_number(24));
        const uint32_t begin = (uint32_t)rand() % tiling.count;
        const yk_tiles work_range = {
            begin, begin + 1 + (uint32_t)rand() % (tiling.count - begin)};
        const uint32_t wanted = 1 + (uint32_t)rand() % yk_tiles_count(work_range);
        const uint32_t front = yk_tiling_even_front(&tiling, work_range, wanted);
        const uint32_t back = yk_tiling_even_back(&tiling, work_range, wanted);

        assert_between(front, 1, yk_tiles_count(work_range));
        assert_between(back, 1, yk_tiles_count(work_range));
        assert_true(front <= 2 * wanted + 1);
        assert_true(back <= 2 * wanted + 1);
    }
}

static void test_whole(void **state)
{
    const yk_tiling tiling = yk_tiling_whole(12345);

    (void)state;
    assert_int_equal(tiling.count, 1);
    check_tiling(&tiling, 12345);
}

/* An item each, as long as there are tiles enough, whatever vector loops want. */
static void test_fine(void **state)
{
    static const uint64_t items[] = {1, 63, 3000, 65536, 65537, 1000000};

    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        const yk_tiling tiling = yk_tiling_choose(
            items[i], &(yk_tiling_limits){.workers = 2, .is_flat = 1, .is_fine = 1});

        check_tiling(&tiling, items[i]);
        assert_int_equal(tiling.tile_items, (items[i] + 65535) / 65536);
        assert_int_equal(tiling.row_tiles, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_ranges),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_small_ranges_are_cut_finely),
        cmocka_unit_test(test_no_more_than_useful),
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_most),
        cmocka_unit_test(test_fine),
        cmocka_unit_test(test_chunks_end_at_vectors),
        cmocka_unit_test(test_other_chunks_end_anywhere),
        cmocka_unit_test(test_even_chunks_are_possible),
        cmocka_unit_test(test_whole),
    };

    return yt_run_group(tests);
}
