/* SPDX-License-Identifier: MIT */
#include "sample_setup.h"

static void sums_a_list(void **state)
{
    static const uint64_t list[] = {0, 1, 2, 3, 1000, 100000, 12345, 77};
    enum { N = sizeof list / sizeof list[0] };
    yoke_pool *pool = setup_pool(state);
    yoke_kernel *kernel = setup_kernel(state, pool, "sum_squares");
    uint64_t *limits = setup_array(pool, sizeof list);
    uint64_t *sums = setup_array(pool, sizeof list);

    memcpy(limits, list, sizeof list);
    assert_ok_pool(pool, yoke_map(pool, kernel, yoke_range_1d(N),
                                  yoke_out(sums, sizeof *sums),
                                  yoke_in(limits, sizeof *limits)));
    for (size_t k = 0; k < N; k++) {
        uint64_t expected = 0;
        for (uint64_t i = 0; i < list[k]; i++) {
            expected += i * i;
        }
        assert_true(sums[k] == expected);
    }
    setup_close(pool, kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SAMPLE_TESTS(sums_a_list)};

    return yt_run_group(tests);
}
