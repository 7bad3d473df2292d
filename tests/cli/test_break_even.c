/* SPDX-License-Identifier: MIT */
#include "support/yoke_test.h"

#include "cli/break_even.h"

/* Times that are known: a loop of 10 ns an item, a pool of twice that speed after a start. */
typedef struct known {
    double start_ns;
    size_t lucky; /* a size at which the pool looks faster than it is */
    size_t fails; /* a size that cannot be measured */
    size_t last;
    int calls;
} known;

static bool tell(yk_rivals *rivals, void *context)
{
    known *k = context;

    k->calls++;
    assert_true(rivals->items > k->last);
    k->last = rivals->items;
    if (rivals->items == k->fails) {
        return false;
    }
    rivals->loop_ns = 10 * (double)rivals->items;
    rivals->pool_ns =
        rivals->items == k->lucky ? 0 : k->start_ns + 5 * (double)rivals->items;
    return true;
}

static void test_finds_the_size(void **state)
{
    known k = {.start_ns = 5000};
    yk_rivals found;

    (void)state;
    assert_true(yk_break_even(&found, tell, &k, 1 << 20, 1e9));
    assert_between(found.items, 1001, 1401); /* 1000 are as fast */
    assert_true(found.pool_ns < found.loop_ns);
    k = (known){.start_ns = -1};
    assert_true(yk_break_even(&found, tell, &k, 1 << 20, 1e9));
    assert_int_equal(found.items, 1);
}

static void test_one_lucky_size_is_not_enough(void **state)
{
    known k = {.start_ns = 5000, .lucky = 5};
    yk_rivals found;

    (void)state;
    assert_true(yk_break_even(&found, tell, &k, 1 << 20, 1e9));
    assert_between(found.items, 1001, 1401);
}

static void test_never(void **state)
{
    known k = {.start_ns = 1e12};
    yk_rivals found;

    (void)state;
    assert_true(yk_break_even(&found, tell, &k, 1000, 1e12));
    assert_int_equal(found.items, 0);
    assert_true(k.last <= 1000);
    k = (known){.start_ns = 1e12};
    assert_true(yk_break_even(&found, tell, &k, 1 << 20, 500));
    assert_int_equal(found.items, 0);
    assert_between(k.last, 50, 71);
}

static void test_failure_ends_it(void **state)
{
    known k = {.start_ns = 5000, .fails = 3};
    yk_rivals found;

    (void)state;
    assert_false(yk_break_even(&found, tell, &k, 1 << 20, 1e9));
    assert_int_equal(k.calls, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_the_size),
        cmocka_unit_test(test_one_lucky_size_is_not_enough),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_failure_ends_it),
    };

    return yt_run_group(tests);
}
