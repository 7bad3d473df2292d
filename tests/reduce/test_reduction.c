/* SPDX-License-Identifier: MIT */
/* The host forms: every operation on every type against its plainest form, to the bit;
 * error bounds against exact sums; NaN, zeros and infinities. */
#include "support/yoke_test.h"

#include <float.h>
#include <stdio.h>

#include "reduce/reduction.h"
#include "support/plain_reduce.h"

enum { BLOCK = YOKE_REDUCE_BLOCK, MOST = 9 * BLOCK + 100 };

/* Runs the host form over the blocks in pieces, from the last to the first. */
static yoke_reduced run(yoke_reduce_operation operation, yoke_type type, const void *x,
                        const void *y, size_t n, size_t piece)
{
    const yk_reduction *reduction = yk_reduction_find(operation, type);
    const size_t blocks = n / BLOCK;
    const size_t items = blocks > 0 ? blocks : 1;
    const size_t done = blocks * BLOCK * plain_size(type);
    void *partials = calloc(items, reduction->partial_bytes);
    uint64_t last = items - 1;
    uint32_t full = blocks > 0;
    uint32_t rest = (uint32_t)(n % BLOCK);
    void *args[] = {
        partials, (void *)(uintptr_t)x, (void *)((uintptr_t)x + done), &last, &full,
        &rest,    (void *)(uintptr_t)y, (void *)((uintptr_t)y + done)};
    yoke_reduced result;

    for (size_t end = items; end > 0;) {
        const size_t begin = end > piece ? end - piece : 0;
        const yoke_span span = {.begin = begin, .end = end, .split = 1};

        reduction->native(&span, args);
        end = begin;
    }
    memset(&result, 0xA5, sizeof result);
    reduction->finish(partials, items, &result);
    free(partials);
    return result;
}

static void expect(yoke_reduce_operation operation, yoke_type type, const void *x,
                   const void *y, size_t n, size_t piece)
{
    const yoke_reduced got = run(operation, type, x, y, n, piece);
    const yoke_reduced right = plain_reduce(operation, type, x, y, n);

    if (!plain_same(got, right)) {
        fail_msg("operation %d, type %d, %zu elements: %a at %llu, not %a at %llu",
                 (int)operation, (int)type, n, got.value.f,
                 (unsigned long long)got.index, right.value.f,
                 (unsigned long long)right.index);
    }
}

static const size_t sizes[] = {1,
                               2,
                               63,
                               64,
                               65,
                               511,
                               512,
                               513,
                               1000,
                               BLOCK - 1,
                               BLOCK,
                               BLOCK + 1,
                               2 * BLOCK - 1,
                               2 * BLOCK,
                               7 * BLOCK + 77,
                               MOST};

static void test_all(void **state)
{
    (void)state;
    for (int t = 1; t <= PLAIN_TYPES; t++) {
        char *x = malloc(MOST * 8 + 8);
        char *y = malloc(MOST * 8 + 8);
        const size_t shift = plain_size((yoke_type)t);

        plain_fill((yoke_type)t, x, MOST + 1, 1);
        plain_fill((yoke_type)t, y, MOST + 1, 2);
        for (int o = 1; o <= PLAIN_OPERATIONS; o++) {
            if (!plain_exists((yoke_reduce_operation)o, (yoke_type)t)) {
                continue;
            }
            for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
                expect((yoke_reduce_operation)o, (yoke_type)t, x, y, sizes[s], 100);
                expect((yoke_reduce_operation)o, (yoke_type)t, x + shift, y, sizes[s],
                       1);
                expect((yoke_reduce_operation)o, (yoke_type)t, x, y + shift, sizes[s],
                       2);
            }
        }
        free(x);
        free(y);
    }
}

static void test_table(void **state)
{
    size_t count = 0;

    (void)state;
    for (int o = -1; o <= PLAIN_OPERATIONS + 1; o++) {
        for (int t = -1; t <= PLAIN_TYPES + 1; t++) {
            const yk_reduction *found =
                yk_reduction_find((yoke_reduce_operation)o, (yoke_type)t);
            const bool exists = o >= 1 && o <= PLAIN_OPERATIONS && t >= 1 &&
                                t <= PLAIN_TYPES &&
                                plain_exists((yoke_reduce_operation)o, (yoke_type)t);

            assert_int_equal(found != NULL, exists);
            if (exists) {
                assert_between(yk_reduction_index(found), 0, YK_REDUCTION_COUNT - 1);
                assert_int_equal(found->element_bytes, plain_size((yoke_type)t));
                assert_int_equal(found->takes_two, o == YOKE_REDUCE_DOT);
                assert_int_equal(found->needs_double, t == YOKE_TYPE_DOUBLE);
                assert_int_equal(found->has_identity,
                                 !plain_is_extreme((yoke_reduce_operation)o));
                count++;
            }
        }
    }
    assert_int_equal(count, YK_REDUCTION_COUNT);
}

/* All elements as large as what a search starts from. */
static void test_equal_elements(void **state)
{
    float *x = malloc(MOST * sizeof *x);
    int64_t *k = malloc(MOST * sizeof *k);

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        x[i] = INFINITY;
        k[i] = INT64_MIN;
    }
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        expect(YOKE_REDUCE_ARGMIN, YOKE_TYPE_FLOAT, x, x, sizes[s], 1);
        expect(YOKE_REDUCE_ARGMAX, YOKE_TYPE_FLOAT, x, x, sizes[s], 1);
        expect(YOKE_REDUCE_ARGMAX, YOKE_TYPE_INT64, k, k, sizes[s], 1);
        expect(YOKE_REDUCE_MIN, YOKE_TYPE_FLOAT, x, x, sizes[s], 1);
    }
    k[MOST - 1] = INT64_MIN + 1;
    expect(YOKE_REDUCE_ARGMAX, YOKE_TYPE_INT64, k, k, MOST, 1);
    free(x);
    free(k);
}

static bool is_the_nan(double value)
{
    const double nan = (double)NAN;

    return memcmp(&value, &nan, sizeof nan) == 0;
}

/* Wherever a NaN is, and whichever, the result is the one NaN and the first one's place. */
static void test_nan(void **state)
{
    const size_t places[] = {0, 1, 64, 700, BLOCK - 1, BLOCK, 3 * BLOCK + 5, MOST - 1};
    float *x = malloc(MOST * sizeof *x);

    (void)state;
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        plain_fill(YOKE_TYPE_FLOAT, x, MOST, p);
        x[places[p]] = -(float)NAN;
        x[MOST - 1] = (float)NAN;
        for (int o = 1; o <= PLAIN_OPERATIONS; o++) {
            const yoke_reduced got =
                run((yoke_reduce_operation)o, YOKE_TYPE_FLOAT, x, x, MOST, 3);

            assert_true(is_the_nan(got.value.f));
            assert_int_equal(got.index,
                             plain_has_place((yoke_reduce_operation)o) ? places[p] : 0);
        }
    }
    free(x);
}

static void test_zeros(void **state)
{
    float *x = malloc(MOST * sizeof *x);

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        x[i] = -0.0f;
    }
    for (int o = 1; o <= PLAIN_OPERATIONS; o++) {
        const yoke_reduced got =
            run((yoke_reduce_operation)o, YOKE_TYPE_FLOAT, x, x, MOST, 2);

        assert_int_equal(signbit(got.value.f) != 0,
                         plain_has_place((yoke_reduce_operation)o)); /* as it is */
        assert_int_equal(got.index, 0);
    }
    x[5] = 0.0f;
    assert_int_equal(run(YOKE_REDUCE_ARGMAX, YOKE_TYPE_FLOAT, x, x, MOST, 2).index, 0);
    assert_int_equal(run(YOKE_REDUCE_ARGMIN, YOKE_TYPE_FLOAT, x, x, MOST, 2).index, 0);
    free(x);
}

static void test_infinities(void **state)
{
    double *x = malloc(MOST * sizeof *x);

    (void)state;
    plain_fill(YOKE_TYPE_DOUBLE, x, MOST, 3);
    x[77] = INFINITY;
    assert_true(run(YOKE_REDUCE_SUM, YOKE_TYPE_DOUBLE, x, x, MOST, 2).value.f ==
                INFINITY);
    assert_true(
        run(YOKE_REDUCE_SUM_COMPENSATED, YOKE_TYPE_DOUBLE, x, x, MOST, 2).value.f ==
        INFINITY);
    x[BLOCK] = -INFINITY;
    assert_true(
        is_the_nan(run(YOKE_REDUCE_SUM, YOKE_TYPE_DOUBLE, x, x, MOST, 2).value.f));
    assert_true(is_the_nan(
        run(YOKE_REDUCE_SUM_COMPENSATED, YOKE_TYPE_DOUBLE, x, x, MOST, 2).value.f));
    free(x);
}

/* ---- errors ---- */

/* Exact: floats of these sizes are multiples of 2^-80 below 2^40. */
static __int128 fixed(double value)
{
    return (__int128)ldexp(value, 40) * ((__int128)1 << 40);
}

static double from_fixed(__int128 value)
{
    return ldexp((double)value, -80);
}

/* Terms that cancel almost wholly: condition numbers of 1e4 and more. */
static void fill_ill(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = plain_random(i / 2 + 99);
        const float large = (float)(bits >> 44) / 64;
        const float small = (float)(plain_random(i + 5) >> 45) / (1 << 30);

        x[i] = i % 2 == 0 ? large : -large + small;
    }
}

/* m u / (1 - m u) as documented. */
static double bound(size_t n, double u, double *m)
{
    const size_t blocks = n < BLOCK ? 1 : (n + BLOCK - 1) / BLOCK;

    *m = 30 + ceil(log2((double)blocks));
    return *m * u / (1 - *m * u);
}

static void test_error_of_sums(void **state)
{
    const size_t n = 200 * BLOCK + 4000;
    const double u = ldexp(1, -24);
    float *x = malloc(n * sizeof *x);
    __int128 exact = 0;
    __int128 absolute = 0;
    double m;
    double straight;

    (void)state;
    fill_ill(x, n);
    for (size_t i = 0; i < n; i++) {
        exact += fixed((double)x[i]);
        absolute += fixed(fabs((double)x[i]));
    }
    straight = fabs(run(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, x, n, 7).value.f -
                    from_fixed(exact));
    assert_true(from_fixed(absolute) > 1e4 * fabs(from_fixed(exact)));
    assert_true(straight <= bound(n, u, &m) * from_fixed(absolute));
    (void)bound(n, u, &m);
    const double compensated =
        fabs(run(YOKE_REDUCE_SUM_COMPENSATED, YOKE_TYPE_FLOAT, x, x, n, 7).value.f -
             from_fixed(exact));
    assert_true(compensated <=
                u * fabs(from_fixed(exact)) + 3 * m * m * u * u * from_fixed(absolute));
    assert_true(compensated < straight); /* on this data, which is always the same */
    free(x);
}

/* Positive terms: where adding one after the other in a float stops at 2^24. */
static void test_many_ones(void **state)
{
    const size_t n = ((size_t)1 << 25) + 12345;
    float *x = malloc(n * sizeof *x);
    double m;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        x[i] = 1.0f;
    }
    const double sum = run(YOKE_REDUCE_SUM, YOKE_TYPE_FLOAT, x, x, n, 100).value.f;

    assert_true(fabs(sum - (double)n) <= bound(n, ldexp(1, -24), &m) * (double)n);
    assert_true(fabs(sum - (double)n) <= 4); /* half a unit in the last place is 2 */
    assert_true(run(YOKE_REDUCE_SUM_COMPENSATED, YOKE_TYPE_FLOAT, x, x, n, 9).value.f ==
                (double)(float)n);
    free(x);
}

static void test_error_of_squares(void **state)
{
    const size_t n = 100 * BLOCK + 1;
    float *x = malloc(n * sizeof *x);
    float *y = malloc(n * sizeof *y);
    long double squares = 0;
    long double product = 0;
    long double absolute = 0;
    double m;

    (void)state;
    fill_ill(x, n);
    plain_fill(YOKE_TYPE_FLOAT, y, n, 8);
    for (size_t i = 0; i < n; i++) {
        squares += (long double)x[i] * x[i];
        product += (long double)x[i] * y[i];
        absolute += fabsl((long double)x[i] * y[i]);
    }
    (void)bound(n, ldexp(1, -24), &m);
    const long double factor = (long double)((m + 1) * ldexp(1, -24) * 1.0001);

    assert_true(
        fabsl(run(YOKE_REDUCE_SUM_OF_SQUARES, YOKE_TYPE_FLOAT, x, x, n, 3).value.f -
              squares) <= factor * squares);
    assert_true(fabsl(run(YOKE_REDUCE_DOT, YOKE_TYPE_FLOAT, x, y, n, 3).value.f -
                      product) <= factor * absolute);
    free(x);
    free(y);
}

/* ---- pairs ---- */

/* Partial results are texts of pairs: brackets show the order. */
typedef struct words {
    char text[256];
} words;

static void join(void *into, const void *from, void *context)
{
    words *a = into;
    const words *b = from;
    words joined;

    (void)snprintf(joined.text, sizeof joined.text, "(%.100s%.100s)", a->text, b->text);
    *a = joined;
    ++*(int *)context;
}

static void check_pairs(size_t count, const char *expected)
{
    words list[8];
    int calls = 0;

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(list[i].text, sizeof list[i].text, "%c", (char)('a' + i));
    }
    yk_reduce_pairs(list, count, sizeof list[0], join, &calls);
    assert_string_equal(list[0].text, expected);
    assert_int_equal(calls, count - 1);
}

static void test_pairs(void **state)
{
    (void)state;
    check_pairs(1, "a");
    check_pairs(2, "(ab)");
    check_pairs(3, "((ab)c)");
    check_pairs(5, "(((ab)(cd))e)");
    check_pairs(7, "(((ab)(cd))((ef)g))");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_equal_elements),
        cmocka_unit_test(test_nan),
        cmocka_unit_test(test_zeros),
        cmocka_unit_test(test_infinities),
        cmocka_unit_test(test_error_of_sums),
        cmocka_unit_test(test_many_ones),
        cmocka_unit_test(test_error_of_squares),
        cmocka_unit_test(test_pairs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
