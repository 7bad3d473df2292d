/* SPDX-License-Identifier: MIT */
/*
 * A batch of parameter sets of which some fail: the others are computed all the same, and a
 * report at the end says what became of each. A set may return an error, crash its process, or
 * never end.
 *
 * batch.py beside this file does the same in Python. multiprocessing.Pool waits for ever for a set
 * whose process has crashed, so each set has a process of its own there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char usage[] =
    "usage: batch [SETS] [SECONDS]\n"
    "Finds the lengths of cycles of x * x + c modulo m for so many sets of c and m\n"
    "(default 200). A set may take so many seconds (default 2).\n";

typedef struct set {
    uint64_t c;
    uint64_t m;
} set;

/* Some sets are not good. */
static set set_of(size_t i)
{
    const set good = {i + 1, 100003 + 2 * i};

    return i % 50 == 7 ? (set){i, 0} : i == 11 ? (set){i, 1} : i == 23 ? (set){i, 2} : good;
}

/* ---- in the pool's processes ---- */

static int find_cycle(yoke_task *task)
{
    const set *s = task->input;
    uint64_t *length = task->output;
    uint64_t power = 1, slow = 2, fast;

    if (s->m == 0) {
        return yoke_task_fail(task, 1, "the modulus is 0");
    }
    if (s->m == 1) {
        abort(); /* as an assertion of a library would */
    }
    fast = (slow * slow + s->c) % s->m;
    for (*length = 1; slow != fast || s->m == 2; ++*length) {
        if (power == *length) {
            slow = fast;
            power *= 2;
            *length = 0;
        }
        fast = (fast * fast + s->c) % s->m;
    }
    return 0;
}

/* ---- here ---- */

static const char *outcome(yoke_status status)
{
    switch (status) {
    case YOKE_OK:
        return "done";
    case YOKE_EKERNEL:
        return "an error";
    case YOKE_ECRASHED:
        return "crashed";
    case YOKE_EDEADLINE:
        return "did not end";
    default:
        return yoke_strerror(status);
    }
}

/* Prints what failed; returns whether this is what had to fail. */
static bool report(const yoke_status *statuses, const uint64_t *lengths, size_t n)
{
    size_t done = 0, longest = 0;
    bool right = true;

    for (size_t i = 0; i < n; i++) {
        const uint64_t m = set_of(i).m;

        right &= statuses[i] == (m == 0   ? YOKE_EKERNEL
                                 : m == 1 ? YOKE_ECRASHED
                                 : m == 2 ? YOKE_EDEADLINE
                                          : YOKE_OK);
        if (statuses[i] != YOKE_OK) {
            printf("set %zu: %s\n", i, outcome(statuses[i]));
            continue;
        }
        done++;
        longest = lengths[i] > lengths[longest] ? i : longest;
    }
    printf("%zu of %zu sets are done; the longest cycle has set %zu: %llu\n", done, n,
           longest, (unsigned long long)lengths[longest]);
    return right;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    const size_t n = argc > 1 ? example_number(argv[1], "SETS", 1, 100000) : 200;
    const unsigned long seconds =
        argc > 2 ? example_number(argv[2], "SECONDS", 1, 3600) : 2;
    yoke_pool *pool = example_pool();
    set *sets = example_alloc(pool, n * sizeof *sets);
    uint64_t *lengths = example_alloc(pool, n * sizeof *lengths);
    yoke_status *statuses = calloc(n, sizeof *statuses);

    if (statuses == NULL) {
        perror("batch");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < n; i++) {
        sets[i] = set_of(i);
    }
    const double start = example_seconds();
    const yoke_status status = yoke_apply_each(
        pool, find_cycle, n,
        &(yoke_task_options){.on_failure = YOKE_ON_FAILURE_KEEP,
                             .item_status = statuses,
                             .item_timeout = (double)seconds},
        YOKE_ARGS(yoke_in(sets, sizeof *sets), yoke_out(lengths, sizeof *lengths)));
    const double took = example_seconds() - start;

    if (status != YOKE_EPARTIAL) { /* whether some failed is in the statuses */
        example_check(pool, status, "computing the batch");
    } else {
        fprintf(stderr, "%s\n", yoke_pool_error(pool));
    }
    const bool right = report(statuses, lengths, n);
    char size[32];
    snprintf(size, sizeof size, "%zu sets", n);
    const int result = example_summary(pool, "batch", size, took, right);
    free(statuses);
    example_close(pool);
    return result;
}
