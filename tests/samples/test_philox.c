/* SPDX-License-Identifier: MIT */
#include "sample_setup.h"

typedef struct words2 {
    uint32_t w[2];
} words2;

typedef struct words4 {
    uint32_t w[4];
} words4;

static words4 philox(words4 c, words2 key)
{
    for (uint32_t round = 0; round < 10; round++) {
        const uint64_t a = UINT64_C(0xD2511F53) * c.w[0];
        const uint64_t b = UINT64_C(0xCD9E8D57) * c.w[2];
        const uint32_t k0 = key.w[0] + round * UINT32_C(0x9E3779B9);
        const uint32_t k1 = key.w[1] + round * UINT32_C(0xBB67AE85);
        c = (words4){{(uint32_t)(b >> 32) ^ c.w[1] ^ k0, (uint32_t)b,
                      (uint32_t)(a >> 32) ^ c.w[3] ^ k1, (uint32_t)a}};
    }
    return c;
}

/* The known answers published with the Random123 library. */
static void gives_the_known_answers(void **state)
{
    static const struct {
        words4 counter;
        words2 key;
        words4 expected;
    } answers[] = {
        {{{0, 0, 0, 0}}, {{0, 0}}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
        {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
         {{0xffffffff, 0xffffffff}},
         {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
        {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
         {{0xa4093822, 0x299f31d0}},
         {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
    };
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "philox_fill");
    words4 *numbers = setup_array(pool, sizeof *numbers);

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(1),
                                      yoke_out(numbers, sizeof *numbers),
                                      yoke_scalar(answers[i].counter),
                                      yoke_scalar(answers[i].key)));
        assert_memory_equal(numbers, &answers[i].expected, sizeof *numbers);
    }
    setup_close(pool, kernel);
}

static void counts_on(void **state)
{
    enum { N = 5001 };
    const words4 counter = {{UINT32_MAX - 100, 5, 6, 7}};
    const words2 key = {{1, 2}};
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "philox_fill");
    words4 *numbers = setup_array(pool, N * sizeof *numbers);

    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(N),
                                  yoke_out(numbers, sizeof *numbers),
                                  yoke_scalar(counter), yoke_scalar(key)));
    for (uint32_t i = 0; i < N; i++) {
        const words4 c = {{counter.w[0] + i, 5, 6, 7}};
        const words4 expected = philox(c, key);
        assert_memory_equal(&numbers[i], &expected, sizeof expected);
    }
    setup_close(pool, kernel);
}

static uint32_t is_hit(uint32_t a, uint32_t b)
{
    const uint64_t x = a >> 1;
    const uint64_t y = b >> 1;

    return x * x + y * y < UINT64_C(1) << 62;
}

static void throws_darts(void **state)
{
    enum { N = 301, DRAWS = 53 };
    const words2 key = {{2026, 11}};
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "philox_pi");
    uint32_t *hits = setup_array(pool, N * sizeof *hits);

    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(N),
                                  yoke_out(hits, sizeof *hits),
                                  yoke_scalar((uint32_t)DRAWS), yoke_scalar(key)));
    for (uint32_t i = 0; i < N; i++) {
        uint32_t expected = 0;
        for (uint32_t draw = 0; draw < DRAWS; draw++) {
            const words4 r = philox((words4){{draw, i, 0, 0}}, key);
            expected += is_hit(r.w[0], r.w[1]) + is_hit(r.w[2], r.w[3]);
        }
        assert_int_equal(hits[i], expected);
    }
    setup_close(pool, kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SAMPLE_TESTS(gives_the_known_answers),
                                       SAMPLE_TESTS(counts_on),
                                       SAMPLE_TESTS(throws_darts)};

    return yt_run_group(tests);
}
