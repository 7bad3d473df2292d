/* SPDX-License-Identifier: MIT */
/*
 * Functions of this program as tasks: a map over inputs, calls whose results have any length,
 * and an event loop that waits for them with poll(2).
 *
 * tasks.py beside this file does the same in Python. Its map() is yoke_apply_each() here, and its
 * apply_async() is yoke_apply_async(). Its callbacks run in a thread of the pool, independently
 * of any event loop.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char usage[] =
    "usage: tasks [N]\n"
    "Counts the primes below N (default 2000000), and lists the "
    "pairs of them that differ by 2.\n";

enum { PARTS = 256 };

typedef struct part {
    uint32_t begin;
    uint32_t end;
} part;

static bool is_prime(uint32_t n)
{
    if (n < 4) {
        return n > 1;
    }
    if (n % 2 == 0) {
        return false;
    }
    for (uint32_t d = 3; (uint64_t)d * d <= n; d += 2) {
        if (n % d == 0) {
            return false;
        }
    }
    return true;
}

/* ---- tasks: they run in the pool's processes ---- */

static int count_primes(yoke_task *task)
{
    const part *p = task->input;
    uint32_t *count = task->output;

    for (uint32_t n = p->begin; n < p->end; n++) {
        *count += is_prime(n);
    }
    return 0;
}

/* The length of the result is known only when it has been computed. */
static int find_twins(yoke_task *task)
{
    const part *p = task->input;
    size_t found = 0;

    for (uint32_t n = p->begin; n < p->end; n++) {
        if (is_prime(n) && is_prime(n + 2)) {
            uint32_t *twins = yoke_task_output(task, (found + 1) * sizeof *twins);

            if (twins == NULL) {
                return yoke_task_fail(task, 1, "no room for %zu twins", found + 1);
            }
            twins[found++] = n;
        }
    }
    return 0;
}

/* ---- callbacks: they run here, inside yoke_pool_poll() ---- */

typedef struct progress {
    yoke_pool *pool;
    size_t left; /* calls under way */
    size_t twins;
    bool failed;
} progress;

static void add_twins(yoke_future *future, yoke_status status, void *context)
{
    progress *all = context;
    void *twins = NULL;
    size_t bytes = 0;

    (void)status;
    all->left--;
    if (yoke_future_result(future, &twins, &bytes) == YOKE_OK) {
        all->twins += bytes / sizeof(uint32_t);
        yoke_free(twins);
    }
}

static void report(yoke_future *future, yoke_status status, void *context)
{
    progress *all = context;

    fprintf(stderr, "%s: %s\n", yoke_strerror(status), yoke_future_error(future));
    all->left--;
    all->failed = true;
}

/* The loop of a program that has other descriptors to look after, too. */
static void run_loop(progress *all)
{
    struct pollfd events[] = {{.fd = yoke_pool_fd(all->pool), .events = POLLIN}};

    while (all->left > 0) {
        if (poll(events, 1, 1000) > 0 && events[0].revents != 0) {
            yoke_pool_poll(all->pool);
        }
    }
}

static size_t sum_of(const uint32_t *counts)
{
    size_t sum = 0;

    for (size_t i = 0; i < PARTS; i++) {
        sum += counts[i];
    }
    return sum;
}

/* What this process finds without the pool. */
static bool is_right(const part *parts, size_t primes, size_t twins)
{
    for (uint32_t n = parts[0].begin; n < parts[PARTS - 1].end; n++) {
        const bool prime = is_prime(n);

        primes -= prime;
        twins -= prime && is_prime(n + 2);
    }
    return primes == 0 && twins == 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    const unsigned long n =
        argc > 1 ? example_number(argv[1], "N", PARTS, 1000000000) : 2000000;
    yoke_pool *pool = example_pool();
    progress all = {.pool = pool, .left = PARTS};
    const yoke_task_options options = {
        .on_success = add_twins, .on_error = report, .on_context = &all};
    uint32_t counts[PARTS];
    part parts[PARTS];

    for (uint32_t i = 0; i < PARTS; i++) {
        parts[i] = (part){(uint32_t)(n * i / PARTS), (uint32_t)(n * (i + 1) / PARTS)};
    }
    const double start = example_seconds();
    example_check(pool,
                  yoke_apply_each(pool, count_primes, PARTS, NULL,
                                  YOKE_ARGS(yoke_in(parts, sizeof *parts),
                                            yoke_out(counts, sizeof *counts))),
                  "counting primes");
    for (size_t i = 0; i < PARTS; i++) {
        example_check(pool,
                      yoke_apply_async(NULL, pool, find_twins, &parts[i],
                                       sizeof parts[i], &options),
                      "looking for twins");
    }
    run_loop(&all);
    const double seconds = example_seconds() - start;

    printf("%zu primes below %lu, %zu pairs\n", sum_of(counts), n, all.twins);
    char size[32];
    snprintf(size, sizeof size, "below %lu", n);
    const int result =
        example_summary(pool, "tasks", size, seconds,
                        !all.failed && is_right(parts, sum_of(counts), all.twins));
    example_close(pool);
    return result;
}
