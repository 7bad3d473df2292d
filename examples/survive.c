/* SPDX-License-Identifier: MIT */
/*
 * What a crash costs. The same simulation runs twice; the second time the program kills a
 * worker process every few milliseconds. The simulation changes its array in place, so a piece
 * that was half done when its worker died is restored before another worker computes it again.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { ITEMS = 1 << 20, ROUNDS = 30, MOST_STEPS = 48, MOST_WORKERS = 64 };

static const char usage[] =
    "usage: survive [--steps N] [--every MILLISECONDS]\n"
    "Runs N steps (default 40, at most 48) undisturbed, then again while a worker is\n"
    "killed every so often (default 20), and compares the results.\n";

typedef struct settings {
    size_t steps;
    double every; /* seconds */
} settings;

static settings parse(int argc, char **argv)
{
    static const struct option options[] = {{"steps", required_argument, NULL, 's'},
                                            {"every", required_argument, NULL, 'e'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    settings set = {40, 0.02};
    int option;

    while ((option = getopt_long(argc, argv, "s:e:h", options, NULL)) != -1) {
        if (option == 's') {
            set.steps = example_number(optarg, "steps", 1, MOST_STEPS);
        } else if (option == 'e') {
            set.every = (double)example_number(optarg, "every", 1, 10000) / 1000;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE);
        }
    }
    return set;
}

/* Each item is a population; computes some generations of it. */
static void grow(const yoke_span *span, void *const args[])
{
    float *x = args[0];

    for (size_t i = span->begin; i < span->end; i++) {
        const float rate = 3.5f + 0.5f * (float)i / (float)ITEMS;

        for (int round = 0; round < ROUNDS; round++) {
            x[i] = rate * x[i] * (1.0f - x[i]);
        }
    }
}

static unsigned restarts(yoke_pool *pool)
{
    yoke_worker_info workers[MOST_WORKERS];
    size_t count = 0;
    unsigned sum = 0;

    example_check(pool, yoke_pool_workers(pool, workers, MOST_WORKERS, &count),
                  "looking at the workers");
    for (size_t i = 0; i < count && i < MOST_WORKERS; i++) {
        sum += workers[i].restarts;
    }
    return sum;
}

static void kill_worker(yoke_pool *pool)
{
    yoke_worker_info workers[MOST_WORKERS];
    size_t count = 0;
    size_t cores = 0; /* CPU workers come first, devices after them */

    example_check(pool, yoke_pool_workers(pool, workers, MOST_WORKERS, &count),
                  "looking at the workers");
    while (cores < count && cores < MOST_WORKERS &&
           workers[cores].kind == YOKE_WORKER_CPU) {
        cores++;
    }
    if (cores > 0) {
        const pid_t victim = workers[(size_t)rand() % cores].pid;

        (void)(victim > 0 && kill(victim, SIGKILL));
    }
}

/* Waits for a step, and kills a worker whenever the time *next has come. */
static void wait_killing(yoke_pool *pool, yoke_future *future, double every, double *next)
{
    for (;;) {
        const double left = *next - example_seconds();

        if (yoke_future_wait(future, left > 0 ? left : 0) != YOKE_ETIMEDOUT) {
            return;
        }
        kill_worker(pool);
        *next = example_seconds() + every;
    }
}

/* Runs all steps, queued at once; each waits for the one before, since all change one array. If
 * `every` is above 0, kills a worker every `every` seconds. Returns the seconds it took. */
static double run(yoke_pool *pool, yoke_kernel *kernel, float *x, size_t steps,
                  double every)
{
    yoke_future *futures[MOST_STEPS];
    double start;
    double next;

    for (size_t i = 0; i < ITEMS; i++) {
        x[i] = 0.3f + 0.4f * (float)(i % 1000) / 1000;
    }
    start = example_seconds();
    next = start + every;
    for (size_t step = 0; step < steps; step++) {
        example_check(pool,
                      yoke_map_async(&futures[step], pool, kernel, yoke_range_1d(ITEMS),
                                     NULL, YOKE_ARGS(yoke_inout(x, sizeof *x))),
                      "grow");
    }
    for (size_t step = 0; step < steps; step++) {
        if (every > 0) {
            wait_killing(pool, futures[step], every, &next);
        }
        example_wait(futures[step], "grow");
    }
    return example_seconds() - start;
}

int main(int argc, char **argv)
{
    const settings set = parse(argc, argv);
    yoke_pool *pool = example_pool();
    yoke_kernel *kernel = NULL;
    float *x = example_alloc(pool, ITEMS * sizeof *x);
    float *undisturbed = malloc(ITEMS * sizeof *undisturbed);

    example_check(pool,
                  yoke_kernel_create(&kernel, pool,
                                     &(yoke_kernel_options){.name = "grow",
                                                            .native = grow}),
                  "grow");
    if (undisturbed == NULL) {
        fputs("no memory for the comparison\n", stderr);
        return EXIT_FAILURE;
    }
    (void)run(pool, kernel, x, 2, 0);
    const double quiet = run(pool, kernel, x, set.steps, 0);
    memcpy(undisturbed, x, ITEMS * sizeof *x);
    const double seconds = run(pool, kernel, x, set.steps, set.every);
    const bool same = memcmp(undisturbed, x, ITEMS * sizeof *x) == 0;
    const unsigned dead = restarts(pool);

    printf("%.3f s undisturbed; %.3f s while %u workers were killed; the results are %s\n",
           quiet, seconds, dead, same ? "the same" : "different");
    char size[32];
    snprintf(size, sizeof size, "%zu steps, %u killed", set.steps, dead);
    const int result = example_summary(pool, "survive", size, seconds, same);
    free(undisturbed);
    yoke_kernel_destroy(kernel);
    example_close(pool);
    return result;
}
