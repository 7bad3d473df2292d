/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <stdlib.h>

#include "shm/residency.h"

enum { BASE = 0x100000, BLOCK = YK_RESIDENCY_PAGE, BYTES = 10 * BLOCK + 100 };

static yk_residency *make(void)
{
    yk_residency *table = calloc(1, yk_residency_size(BYTES));

    assert_non_null(table);
    yk_residency_init(table, 7, BASE, BYTES);
    return table;
}

static void describes_an_allocation(void **state)
{
    yk_residency *table = make();

    (void)state;
    assert_int_equal(table->count, 11);
    assert_int_equal(yk_residency_size(BYTES), sizeof *table + 11 * 16);
    assert_true(yk_residency_valid(table, BASE, BYTES));
    assert_false(yk_residency_valid(table, BASE + 1, BYTES));
    assert_false(yk_residency_valid(table, BASE, BYTES - 1));
    table->count++;
    assert_false(yk_residency_valid(table, BASE, BYTES));
    free(table);
}

static void knows_pages_of_bytes(void **state)
{
    static const struct {
        uint64_t low;
        uint64_t high;
        yk_pages touched;
        yk_pages covered;
    } cases[] = {
        {0, BLOCK, {0, 1}, {0, 1}},
        {0, 1, {0, 1}, {0, 0}},
        {1, BLOCK, {0, 1}, {1, 1}},
        {BLOCK - 1, 3 * BLOCK + 1, {0, 4}, {1, 3}},
        {10 * BLOCK, BYTES, {10, 11}, {10, 11}}, /* the last one is short */
        {10 * BLOCK, BYTES - 1, {10, 11}, {10, 10}},
        {10 * BLOCK + 1, BYTES, {10, 11}, {11, 11}},
        {5, 5, {0, 1}, {1, 1}},
    };
    yk_residency *table = make();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const yk_pages touched =
            yk_residency_touched(table, BASE + cases[i].low, BASE + cases[i].high);
        const yk_pages covered =
            yk_residency_covered(table, BASE + cases[i].low, BASE + cases[i].high);

        assert_int_equal(touched.first, cases[i].touched.first);
        assert_int_equal(touched.end, cases[i].touched.end);
        assert_int_equal(covered.first, cases[i].covered.first);
        assert_int_equal(covered.end, cases[i].covered.end);
    }
    free(table);
}

static void versions_rise_where_touched(void **state)
{
    yk_residency *table = make();

    (void)state;
    yk_residency_raise(table, BASE + BLOCK - 1, BASE + 3 * BLOCK + 1);
    yk_residency_raise(table, BASE + 2 * BLOCK, BASE + 3 * BLOCK);
    for (uint64_t b = 0; b < table->count; b++) {
        const uint64_t wanted = b > 3 ? 0 : b == 2 ? 2 : 1;

        assert_int_equal(yk_residency_version(table, b), wanted);
    }
    free(table);
}

static void pages_have_holders(void **state)
{
    const uint64_t me = yk_holder_pack(5, 2);
    const uint64_t other = yk_holder_pack(6, 2);
    yk_residency *table = make();
    yk_pages run;
    uint64_t address;

    (void)state;
    assert_int_equal(yk_holder_slot(me), 5);
    assert_int_equal(yk_holder_life(me), 2);
    assert_false(yk_residency_next_held(table, (yk_pages){0, 11}, me, &run));
    yk_residency_hold(table, BASE + 1, BASE + 5 * BLOCK + 1, me);
    yk_residency_hold(table, BASE + 9 * BLOCK, BASE + BYTES, me);
    yk_residency_hold(table, BASE + 7 * BLOCK, BASE + 8 * BLOCK, other);
    assert_true(yk_residency_next_held(table, (yk_pages){0, 11}, me, &run));
    assert_int_equal(run.first, 1);
    assert_int_equal(run.end, 5);
    assert_int_equal(yk_residency_bytes(table, run, &address), 4 * BLOCK);
    assert_int_equal(address, BASE + BLOCK);
    assert_true(yk_residency_next_held(table, (yk_pages){5, 11}, me, &run));
    assert_int_equal(run.first, 9);
    assert_int_equal(yk_residency_bytes(table, run, &address), BYTES - 9 * BLOCK);
    yk_residency_mark_written(table, run);
    assert_false(yk_residency_next_held(table, (yk_pages){5, 11}, me, &run));
    free(table);
}

static void holders_go_when_pages_are_replaced(void **state)
{
    const uint64_t me = yk_holder_pack(0, 0);
    yk_residency *table = make();

    (void)state;
    yk_residency_hold(table, BASE, BASE + 4 * BLOCK, me);
    yk_residency_raise(table, BASE + BLOCK - 1, BASE + 2 * BLOCK);
    assert_int_equal(yk_residency_holder(table, 0), me); /* the rest of it is there */
    assert_int_equal(yk_residency_holder(table, 1), 0);
    yk_residency_drop(table, 2, me);
    yk_residency_drop(table, 3, yk_holder_pack(1, 0));
    assert_int_equal(yk_residency_holder(table, 2), 0);
    assert_int_equal(yk_residency_version(table, 2), 1);
    assert_int_equal(yk_residency_holder(table, 3), me);
    assert_int_equal(yk_residency_version(table, 3), 0);
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describes_an_allocation),
        cmocka_unit_test(knows_pages_of_bytes),
        cmocka_unit_test(versions_rise_where_touched),
        cmocka_unit_test(pages_have_holders),
        cmocka_unit_test(holders_go_when_pages_are_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
