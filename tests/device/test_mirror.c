/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <stdlib.h>

#include "device/mirror.h"

enum { BASE = 0x100000, BLOCK = YK_RESIDENCY_PAGE, BYTES = 8 * BLOCK + 100 };

static yk_residency *table;
static yk_mirror mirror;

static int set_up(void **state)
{
    (void)state;
    table = calloc(1, yk_residency_size(BYTES));
    yk_residency_init(table, 3, BASE, BYTES);
    return table == NULL || !yk_mirror_init(&mirror, table);
}

static int tear_down(void **state)
{
    (void)state;
    yk_mirror_fini(&mirror);
    yk_mirror_fini(&mirror);
    free(table);
    return 0;
}

static yk_extent run(uint64_t low, uint64_t high)
{
    return yk_extent_run(BASE + low, high - low);
}

/* Brings an extent; the bytes that were missing, and in how many pieces. */
static uint64_t bring(yk_extent extent, size_t *pieces)
{
    yk_mirror_walk walk = {0, 0};
    yk_extent piece;
    uint64_t bytes = 0;

    for (*pieces = 0; yk_mirror_next(&mirror, table, &extent, &walk, &piece);) {
        (*pieces)++;
        bytes += yk_extent_bytes(&piece);
    }
    return bytes;
}

#define assert_brings(extent, wanted_bytes, wanted_pieces)                             \
    do {                                                                               \
        size_t pieces;                                                                 \
        assert_int_equal(bring((extent), &pieces), (wanted_bytes));                    \
        assert_int_equal(pieces, (wanted_pieces));                                     \
    } while (0)

static void whole_pages_are_brought_once(void **state)
{
    (void)state;
    assert_brings(run(0, BYTES), BYTES, 1);
    assert_brings(run(0, BYTES), 0, 0);
    assert_brings(run(100, 5000), 0, 0);
}

static void pieces_of_pages_are_brought_each_time(void **state)
{
    (void)state;
    assert_brings(run(10, 3 * BLOCK + 20), 3 * BLOCK + 10, 1);
    /* 1 and 2 are there; the first and the last were only touched. */
    assert_brings(run(10, 3 * BLOCK + 20), BLOCK - 10 + 20, 2);
    assert_brings(run(BLOCK, 3 * BLOCK), 0, 0);
    assert_brings(run(0, 10), 10, 1);
}

static void what_others_change_is_brought_again(void **state)
{
    (void)state;
    assert_brings(run(0, BYTES), BYTES, 1);
    yk_residency_raise(table, BASE + 2 * BLOCK + 7, BASE + 2 * BLOCK + 8);
    yk_residency_raise(table, BASE + 5 * BLOCK, BASE + 7 * BLOCK);
    assert_brings(run(0, BYTES), 3 * BLOCK, 2);
    assert_brings(run(0, BYTES), 0, 0);
    yk_residency_raise(table, BASE + 8 * BLOCK, BASE + BYTES);
    assert_brings(run(5 * BLOCK, BYTES), 100, 1);
}

static void results_are_held_as_far_as_they_cover_pages(void **state)
{
    const yk_extent own = run(BLOCK / 2, 3 * BLOCK + BLOCK / 2);

    (void)state;
    yk_residency_raise(table, own.address, own.address + own.bytes);
    yk_mirror_hold(&mirror, table, &own);
    assert_brings(own, BLOCK, 2);
    /* A second change, of which the mirror does not hear. */
    yk_residency_raise(table, own.address, own.address + own.bytes);
    assert_brings(own, 3 * BLOCK, 1);
}

static void long_rows_go_one_by_one(void **state)
{
    const yk_extent rows = {BASE, BLOCK + 4, 2, 4 * BLOCK, 1, 0};

    (void)state;
    assert_brings(rows, 2 * (BLOCK + 4), 2);
    assert_brings(rows, 8, 2);
    yk_mirror_hold(&mirror, table, &rows);
    assert_brings(run(0, BLOCK), 0, 0);
    yk_mirror_forget(&mirror);
    assert_brings(run(0, BLOCK), BLOCK, 1);
}

static void short_rows_go_together(void **state)
{
    const yk_extent rows = {BASE + 4, 100, 5, 200, 1, 0};

    (void)state;
    assert_brings(rows, 500, 1);
    assert_brings(rows, 500, 1);
    yk_mirror_hold(&mirror, table, &rows);
    assert_brings(run(0, BLOCK), BLOCK, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole_pages_are_brought_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(pieces_of_pages_are_brought_each_time, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_others_change_is_brought_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(results_are_held_as_far_as_they_cover_pages,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_rows_go_one_by_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(short_rows_go_together, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
