/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include <stdlib.h>

#include "shared/residency.h"

enum { BASE = 0x100000, BLOCK = YK_RESIDENCY_BLOCK, BYTES = 10 * BLOCK + 100 };

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

static void knows_blocks_of_bytes(void **state)
{
    static const struct {
        uint64_t low;
        uint64_t high;
        yk_blocks touched;
        yk_blocks covered;
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
        const yk_blocks touched =
            yk_residency_touched(table, BASE + cases[i].low, BASE + cases[i].high);
        const yk_blocks covered =
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describes_an_allocation),
        cmocka_unit_test(knows_blocks_of_bytes),
        cmocka_unit_test(versions_rise_where_touched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
