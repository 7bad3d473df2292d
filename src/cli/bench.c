/* SPDX-License-Identifier: MIT */
/* `yoke bench --break-even`: how large a job has to be for the pool to pay. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/break_even.h"
#include "cli/command.h"
#include "yoke/yoke.h"

static const char help[] =
    "usage: yoke bench --break-even [OPTIONS]\n"
    "\n"
    "Measures how large a job has to be on this machine for a pool to be faster than\n"
    "a plain loop in one thread, compiled alike. Takes some seconds.\n"
    "\n"
    "options:\n"
    "  --devices D  which devices the pool uses (default: $YOKE_DEVICES, else "
    "cpu,gpu)\n"
    "  --tsv        columns separated by tabs, times in nanoseconds\n"
    "  -h, --help   show this help\n"
    "\n"
    "columns:\n"
    "  WORK   what is computed for each item, and how long that takes\n"
    "  WHEN   at once: one job right after the other; rested: after the workers have\n"
    "         gone to sleep\n"
    "  ITEMS  the least number of items from which on the pool is faster\n"
    "  LOOP   what the loop takes for so many\n"
    "  POOL   what the pool takes\n";

enum {
    MOST_ITEMS = 1 << 24,
    WARM_ROUNDS = 21,
    RESTED_ROUNDS = 7,
    UNTIMED_ROUNDS = 10,
    MOST_ROUNDS = WARM_ROUNDS,
};

/* No job that takes a loop longer than this is needed to make a pool pay, or none will. */
static const double most_ns = 2e7;

/* Longer than workers look for work before they sleep. */
static const long rest_ns = 5000000;

/* ---- what is computed ---- */

typedef void loop_body(size_t begin, size_t end, float *out, const float *in,
                       uint32_t turns);

/* A chain of multiply-adds for each item: needs nothing but a core. */
static void bench_compute(size_t begin, size_t end, float *out, const float *in,
                          uint32_t turns)
{
    for (size_t i = begin; i < end; i++) {
        float x = in[i];

        for (uint32_t turn = 0; turn < turns; turn++) {
            x = x * 0.999f + 0.5f;
        }
        out[i] = x;
    }
}

/* Two numbers in and one out for each item: needs memory. */
static void bench_saxpy(size_t begin, size_t end, float *out, const float *in,
                        uint32_t turns)
{
    const float a = (float)turns;

    for (size_t i = begin; i < end; i++) {
        out[i] = a * in[i] + in[MOST_ITEMS + i];
    }
}

static void run_native(loop_body *body, const yoke_span *span, void *const args[])
{
    body(span->begin, span->end, args[0], args[1], *(const uint32_t *)args[3]);
}

static void bench_native_compute(const yoke_span *span, void *const args[])
{
    run_native(bench_compute, span, args);
}

static void bench_native_saxpy(const yoke_span *span, void *const args[])
{
    run_native(bench_saxpy, span, args);
}

typedef struct work {
    const char *name;
    loop_body *body;
    yoke_native *native;
    double item_ns; /* what an item is to take; 0: as it comes */
} work;

static const work works[] = {
    {"a * x + y", bench_saxpy, bench_native_saxpy, 0},
    {"10 ns an item", bench_compute, bench_native_compute, 10},
    {"100 ns an item", bench_compute, bench_native_compute, 100},
    {"1 us an item", bench_compute, bench_native_compute, 1000},
    {"10 us an item", bench_compute, bench_native_compute, 10000},
};

/* ---- measuring ---- */

typedef struct bench {
    yoke_pool *pool;
    yoke_kernel *kernel;
    const work *work;
    float *out;
    float *in;
    uint32_t turns;
    bool rested;
} bench;

static double now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int bench_compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, bench_compare);
    return values[count / 2];
}

static bool run_pool(const bench *b, size_t items)
{
    return yoke_map(b->pool, b->kernel, yoke_range_1d(items),
                    yoke_out(b->out, sizeof *b->out), yoke_in(b->in, sizeof *b->in),
                    yoke_in(b->in + MOST_ITEMS, sizeof *b->in),
                    yoke_scalar(b->turns)) == YOKE_OK;
}

static bool run_loop(const bench *b, size_t items)
{
    b->work->body(0, items, b->out, b->in, b->turns);
    return true;
}

static bool time_rounds(const bench *b, bool run(const bench *, size_t), size_t items,
                        double *ns)
{
    const struct timespec rest = {.tv_nsec = rest_ns};
    const int rounds = b->rested ? RESTED_ROUNDS : WARM_ROUNDS;
    double times[MOST_ROUNDS];

    for (int i = b->rested ? 0 : -UNTIMED_ROUNDS; i < rounds; i++) {
        double start;

        if (b->rested) {
            (void)nanosleep(&rest, NULL);
        }
        start = now_ns();
        if (!run(b, items)) {
            return false;
        }
        if (i >= 0) {
            times[i] = now_ns() - start;
        }
    }
    *ns = bench_median(times, (size_t)rounds);
    return true;
}

static bool bench_measure(yk_rivals *rivals, void *context)
{
    const bench *b = context;

    return time_rounds(b, run_loop, rivals->items, &rivals->loop_ns) &&
           time_rounds(b, run_pool, rivals->items, &rivals->pool_ns);
}

/* How many turns make an item take as long as it is to. A processor has several short items
 * under way at the same time, so the time is not in proportion to the turns. */
static uint32_t turns_for(const bench *b, double item_ns)
{
    enum { ITEMS = 1000, ROUNDS = 4 };
    bench trial = *b;
    double turns = item_ns;

    trial.rested = false;
    for (int round = 0; round < ROUNDS; round++) {
        double ns = 1;

        trial.turns = (uint32_t)(turns + 0.5);
        (void)time_rounds(&trial, run_loop, ITEMS, &ns);
        turns *= item_ns * (double)ITEMS / ns;
    }
    return (uint32_t)(turns + 0.5);
}

/* ---- printing ---- */

static void print_time(double ns)
{
    if (ns < 1e3) {
        printf("  %7.0f ns", ns);
    } else if (ns < 1e6) {
        printf("  %7.1f us", ns / 1e3);
    } else {
        printf("  %7.2f ms", ns / 1e6);
    }
}

static void bench_print_row(const bench *b, const yk_rivals *found, bool tsv)
{
    const char *when = b->rested ? "rested" : "at once";

    if (tsv) {
        printf("%s\t%s\t%zu\t%.0f\t%.0f\n", b->work->name, when, found->items,
               found->loop_ns, found->pool_ns);
        return;
    }
    printf("%-14s  %-7s", b->work->name, when);
    if (found->items == 0) {
        printf("  %10s\n", "never");
        return;
    }
    printf("  %10zu", found->items);
    print_time(found->loop_ns);
    print_time(found->pool_ns);
    putchar('\n');
}

static void print_head(bool tsv)
{
    if (tsv) {
        puts("WORK\tWHEN\tITEMS\tLOOP\tPOOL");
    } else {
        printf("%-14s  %-7s  %10s  %10s  %10s\n", "WORK", "WHEN", "ITEMS", "LOOP",
               "POOL");
    }
}

/* ---- the command ---- */

static bool bench_work(bench *b, bool tsv)
{
    const yoke_kernel_options options = {.name = b->work->name,
                                         .native = b->work->native};
    yk_rivals found;
    bool good = yoke_kernel_create(&b->kernel, b->pool, &options) == YOKE_OK;

    b->turns = b->work->item_ns > 0 ? turns_for(b, b->work->item_ns) : 2;
    for (int rested = 0; rested <= 1 && good; rested++) {
        b->rested = rested != 0;
        good = yk_break_even(&found, bench_measure, b, MOST_ITEMS, most_ns);
        if (good) {
            bench_print_row(b, &found, tsv);
        }
    }
    yoke_kernel_destroy(b->kernel);
    return good;
}

static bool bench_works(bench *b, bool tsv)
{
    const size_t count = sizeof works / sizeof *works;

    b->out = yoke_alloc(b->pool, MOST_ITEMS * sizeof *b->out);
    b->in = yoke_alloc(b->pool, (size_t)2 * MOST_ITEMS * sizeof *b->in);
    if (b->out == NULL || b->in == NULL) {
        return false;
    }
    print_head(tsv);
    for (size_t i = 0; i < count; i++) {
        b->work = &works[i];
        if (!bench_work(b, tsv)) {
            return false;
        }
    }
    return true;
}

static int break_even(const char *devices, bool tsv, const char *title)
{
    const yoke_pool_options options = {.devices = devices, .wait_ready = true};
    bench b = {.pool = NULL};
    bool good;

    if (yoke_pool_create(&b.pool, &options) != YOKE_OK) {
        fprintf(stderr, "%s: %s\n", title, yoke_pool_error(NULL));
        return YK_CLI_FAILED;
    }
    good = bench_works(&b, tsv);
    if (!good) {
        fprintf(stderr, "%s: %s\n", title, yoke_pool_error(b.pool));
    }
    if (yoke_pool_close(b.pool) != YOKE_OK && good) {
        fprintf(stderr, "%s: %s\n", title, yoke_pool_error(NULL));
        good = false;
    }
    return good ? YK_CLI_OK : YK_CLI_FAILED;
}

int yk_bench_command(int argc, char **argv)
{
    const char *devices = NULL;
    bool wants_break_even = false;
    bool tsv = false;
    const yk_cli_option table[] = {
        {"break-even", &wants_break_even, NULL},
        {"devices", NULL, &devices},
        {"tsv", &tsv, NULL},
        {NULL, NULL, NULL},
    };
    int status;

    if (!yk_cli_options_read(table, help, argc, argv, &status)) {
        return status;
    }
    if (!wants_break_even) {
        fprintf(stderr, "%s: say what to measure: --break-even\n", argv[0]);
        return yk_cli_usage(argv[0]);
    }
    return break_even(devices, tsv, argv[0]);
}
