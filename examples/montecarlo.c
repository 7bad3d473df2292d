/* SPDX-License-Identifier: MIT */
/*
 * Pi from random points in a square. The generator is a function of a counter, each
 * item has its own counters and the counts are integers: the answer is the same, to the
 * last bit, on any devices in any number.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

enum { DRAWS = 2048, POINTS_PER_DRAW = 2 };

/* The generator's key, laid out as OpenCL's uint2. */
typedef struct seed {
    uint32_t words[2];
} seed;

static const char usage[] =
    "usage: montecarlo [--items N] [--seed N]\n"
    "Estimates pi from 4096 random points for each of N items.\n";

static void parse(int argc, char **argv, size_t *items, seed *key)
{
    static const struct option options[] = {{"items", required_argument, NULL, 'n'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "n:s:h", options, NULL)) != -1) {
        if (option == 'n') {
            *items = example_number(optarg, "items", 1, 1ul << 28);
        } else if (option == 's') {
            key->words[0] = (uint32_t)example_number(optarg, "seed", 0, UINT32_MAX);
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE);
        }
    }
}

/* Philox4x32-10, once, in its simplest form. */
static void philox(uint32_t w[4], seed key)
{
    for (uint32_t round = 0; round < 10; round++) {
        const uint64_t a = UINT64_C(0xD2511F53) * w[0];
        const uint64_t b = UINT64_C(0xCD9E8D57) * w[2];
        w[0] = (uint32_t)(b >> 32) ^ w[1] ^ (key.words[0] + round * 0x9E3779B9u);
        w[2] = (uint32_t)(a >> 32) ^ w[3] ^ (key.words[1] + round * 0xBB67AE85u);
        w[1] = (uint32_t)b;
        w[3] = (uint32_t)a;
    }
}

static uint32_t is_inside(uint32_t a, uint32_t b)
{
    const uint64_t x = a >> 1;
    const uint64_t y = b >> 1;

    return x * x + y * y < UINT64_C(1) << 62;
}

static uint32_t expected_hits(size_t item, seed key)
{
    uint32_t hits = 0;

    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        uint32_t w[4] = {draw, (uint32_t)item, (uint32_t)((uint64_t)item >> 32), 0};
        philox(w, key);
        hits += is_inside(w[0], w[1]) + is_inside(w[2], w[3]);
    }
    return hits;
}

/* Compares some items with the simple form, and checks pi within five standard deviations. */
static bool is_right(const uint32_t *hits, size_t items, seed key, double pi)
{
    const double points = (double)items * (double)DRAWS * (double)POINTS_PER_DRAW;
    const double deviation = 4.0 * sqrt(M_PI_4 * (1.0 - M_PI_4) / points);

    for (size_t i = 0; i < items; i += 1 + items / 64) {
        if (hits[i] != expected_hits(i, key)) {
            fprintf(stderr, "item %zu is wrong\n", i);
            return false;
        }
    }
    return fabs(pi - M_PI) < 5.0 * deviation;
}

int main(int argc, char **argv)
{
    size_t items = 1 << 15;
    seed key = {{1, 0}};

    parse(argc, argv, &items, &key);
    yoke_pool *pool = example_pool();
    yoke_kernel *kernel = example_kernel(pool, "philox_pi");
    uint32_t *hits = example_alloc(pool, items * sizeof *hits);
    yoke_future *future = NULL;
    uint64_t total = 0;

    const double start = example_seconds();
    example_check(
        pool,
        yoke_map_async(&future, pool, kernel, yoke_range_1d(items), NULL,
                       YOKE_ARGS(yoke_out(hits, sizeof *hits),
                                 yoke_scalar((uint32_t)DRAWS), yoke_scalar(key))),
        "montecarlo");
    example_wait(future, "montecarlo");
    const double seconds = example_seconds() - start;

    for (size_t i = 0; i < items; i++) {
        total += hits[i];
    }
    const double points = (double)items * (double)DRAWS * (double)POINTS_PER_DRAW;
    const double pi = 4.0 * (double)total / points;
    printf("%llu of %.0f points inside: pi is about %.6f\n", (unsigned long long)total,
           points, pi);
    char size[32];
    snprintf(size, sizeof size, "%.0f", points);
    const int result = example_summary(pool, "montecarlo", size, seconds,
                                       is_right(hits, items, key, pi));
    yoke_kernel_destroy(kernel);
    example_close(pool);
    return result;
}
