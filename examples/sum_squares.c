/* SPDX-License-Identifier: MIT */
/* A heavy function over a short list, one call per item: each device takes the next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char usage[] = "usage: sum_squares [N...]\n"
                            "For each N the sum of i * i for i < N; without arguments "
                            "for 1000000, 2000000 and 3000000.\n";

/* The same by the formula, modulo 2^64 as the kernel. */
static uint64_t expected_sum(uint64_t n)
{
    unsigned __int128 sum = n;

    if (n == 0) {
        return 0;
    }
    sum = sum * (n - 1) / 2;
    return (uint64_t)((sum % 3 == 0) ? sum / 3 * (2 * (unsigned __int128)n - 1)
                                     : sum * ((2 * (unsigned __int128)n - 1) / 3));
}

static void read_limits(uint64_t *limits, size_t count, char **texts)
{
    for (size_t i = 0; i < count; i++) {
        limits[i] = texts == NULL ? (i + 1) * 1000000
                                  : example_number(texts[i], "N", 0, 100000000000ul);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    const size_t count = argc > 1 ? (size_t)argc - 1 : 3;
    yoke_pool *pool = example_pool();
    yoke_kernel *kernel = example_kernel(pool, "sum_squares");
    uint64_t *limits = example_alloc(pool, count * sizeof *limits);
    uint64_t *sums = example_alloc(pool, count * sizeof *sums);
    bool ok = true;

    read_limits(limits, count, argc > 1 ? argv + 1 : NULL);
    const double start = example_seconds();
    const yoke_status status =
        yoke_map(pool, kernel, yoke_range_1d(count), yoke_out(sums, sizeof *sums),
                 yoke_in(limits, sizeof *limits));
    const double seconds = example_seconds() - start;
    example_check(pool, status, "sum_squares");

    for (size_t i = 0; i < count; i++) {
        printf("%llu: %llu\n", (unsigned long long)limits[i],
               (unsigned long long)sums[i]);
        ok = ok && sums[i] == expected_sum(limits[i]);
    }
    char size[32];
    snprintf(size, sizeof size, "%zu", count);
    const int result = example_summary(pool, "sum_squares", size, seconds, ok);
    yoke_kernel_destroy(kernel);
    example_close(pool);
    return result;
}
