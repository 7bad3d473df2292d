/* SPDX-License-Identifier: MIT */
/* Processes with shared memory: each counts the primes in its part of a range. One more would
 * never end, and is stopped. process.py beside this file does the same in Python. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

static const char usage[] =
    "usage: process [--processes N] [--limit L]\n"
    "Counts the primes below L (default 2000000) in N processes (default 4).\n";

/* In the pool's memory: every process sees what another one writes there. */
typedef struct board {
    uint64_t primes[64];
    volatile uint64_t beats;
} board;

/* What each process gets: a copy of its own. Pointers into shared memory are valid in every
 * process. */
typedef struct part {
    board *results;
    unsigned number;
    uint64_t begin, end;
} part;

static bool is_prime(uint64_t n)
{
    for (uint64_t d = 3; d * d <= n; d += 2) {
        if (n % d == 0) {
            return false;
        }
    }
    return n == 2 || (n > 2 && n % 2 == 1);
}

static int count_primes(void *argument, size_t bytes)
{
    const part *mine = argument;
    uint64_t count = 0;

    (void)bytes;
    for (uint64_t n = mine->begin; n < mine->end; n++) {
        count += is_prime(n);
    }
    mine->results->primes[mine->number] = count;
    return 0;
}

/* A daemon: it runs until it is stopped, or the pool is closed. */
static int beat(void *argument, size_t bytes)
{
    board *shared = argument;

    (void)bytes;
    while (usleep(10000) == 0) {
        shared->beats++;
    }
    return 1;
}

static uint64_t run(yoke_pool *pool, board *shared, unsigned count, uint64_t limit)
{
    yoke_process *processes[64];
    void *left[64]; /* those that have not ended */
    uint64_t total = 0;

    for (unsigned i = 0; i < count; i++) {
        const part piece = {shared, i, limit * i / count, limit * (i + 1) / count};

        example_check(pool,
                      yoke_process_start(&processes[i], pool, count_primes, &piece,
                                         sizeof piece, NULL),
                      "starting a process");
        left[i] = processes[i];
    }
    for (unsigned running = count; running > 0; running--) {
        size_t first = 0;
        int code = 0;

        example_check(pool, yoke_wait_any(left, running, &first, YOKE_FOREVER, NULL),
                      "waiting for the first process that ends");
        example_check(pool, yoke_process_wait(left[first], &code, 0), "its exit code");
        if (code != 0) {
            fprintf(stderr, "%s ended with %d\n", yoke_process_name(left[first]), code);
            exit(EXIT_FAILURE);
        }
        left[first] = left[running - 1];
    }
    for (unsigned i = 0; i < count; i++) {
        yoke_process_destroy(processes[i]);
        total += shared->primes[i];
    }
    return total;
}

/* Checks that the daemon has run, and that it ends when it is terminated. */
static bool stop(yoke_pool *pool, yoke_process *daemon, const board *shared)
{
    int code = 0;

    example_check(pool, yoke_process_terminate(daemon), "terminating the daemon");
    example_check(pool, yoke_process_wait(daemon, NULL, YOKE_FOREVER),
                  "waiting for the daemon");
    example_check(pool, yoke_process_wait(daemon, &code, 0), "its exit code");
    printf("the daemon beat %llu times and ended with %d\n",
           (unsigned long long)shared->beats, code);
    yoke_process_destroy(daemon);
    return code < 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"processes", required_argument, NULL, 'n'},
                                            {"limit", required_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    unsigned count = 4;
    uint64_t limit = 2000000;
    yoke_process *daemon = NULL;
    int option;

    while ((option = getopt_long(argc, argv, "n:l:h", options, NULL)) != -1) {
        switch (option) {
        case 'n':
            count = (unsigned)example_number(optarg, "processes", 1, 64);
            break;
        case 'l':
            limit = example_number(optarg, "limit", 1, 1ul << 40);
            break;
        default:
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    yoke_pool *pool = example_pool();
    board *shared = example_alloc(pool, sizeof *shared);
    example_check(
        pool,
        yoke_process_start(&daemon, pool, beat, shared, 0,
                           &(yoke_process_options){.name = "beat", .daemon = true}),
        "starting the daemon");
    const double start = example_seconds();
    const uint64_t primes = run(pool, shared, count, limit);
    const double seconds = example_seconds() - start;
    bool ok = limit != 2000000 || primes == 148933;

    printf("%llu primes below %llu\n", (unsigned long long)primes,
           (unsigned long long)limit);
    ok = stop(pool, daemon, shared) && ok;
    char size[32];
    snprintf(size, sizeof size, "%u processes", count);
    const int result = example_summary(pool, "process", size, seconds, ok);
    example_close(pool);
    return result;
}
