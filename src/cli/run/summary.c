/* SPDX-License-Identifier: MIT */
#include "cli/run/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "yoke/kernel.h"
#include "yoke/pool.h"
#include "yoke/stats.h"

static int compare_times(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;

    return (left > right) - (left < right);
}

double yk_median(double *times, size_t count)
{
    qsort(times, count, sizeof *times, compare_times);
    return (times[(count - 1) / 2] + times[count / 2]) / 2;
}

static void print_range(const yk_run_options *options)
{
    const yoke_range *range = &options->range;

    printf("%s: ", options->kernel);
    for (unsigned i = 0; i < range->dimensions; i++) {
        printf("%s%zu", i > 0 ? " x " : "", range->size[i]);
    }
    printf(" work-items, split in %c into %zu item%s\n", "xyz"[yk_range_split(range)],
           yk_range_items(range), yk_range_items(range) == 1 ? "" : "s");
}

/* A device with an unknown speed has not run this kernel. */
static size_t summary_print_workers(const yoke_worker_info *workers, size_t count,
                                    bool all)
{
    size_t printed = 0;

    for (size_t i = 0; i < count; i++) {
        const yoke_worker_info *worker = &workers[i];

        if (worker->state != YOKE_WORKER_READY || (!all && worker->speed <= 0)) {
            continue;
        }
        printf("%s%s", printed++ > 0 ? ", " : "  devices  ", worker->name);
        if (worker->kind != YOKE_WORKER_CPU) {
            printf(" (%s)", worker->device);
        }
    }
    return printed;
}

static void print_devices(yoke_pool *pool)
{
    size_t count = 0;
    yoke_worker_info *workers;

    if (yoke_pool_workers(pool, NULL, 0, &count) != YOKE_OK || count == 0) {
        return;
    }
    workers = calloc(count, sizeof *workers);
    if (workers == NULL) {
        return;
    }
    if (yoke_pool_workers(pool, workers, count, NULL) == YOKE_OK) {
        if (summary_print_workers(workers, count, false) == 0) {
            (void)summary_print_workers(workers, count, true);
        }
        printf("\n");
    }
    free(workers);
}

static bool is_said_before(const yoke_kernel_worker_info *workers, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (strcmp(workers[j].reason, workers[i].reason) == 0) {
            return true;
        }
    }
    return false;
}

/* One line for all that have the same reason; of a compiler's log the first line. */
static void print_aside(const yoke_kernel_worker_info *workers, size_t count, size_t i)
{
    const char *reason = workers[i].reason;
    size_t printed = 0;

    for (size_t j = i; j < count; j++) {
        if (strcmp(workers[j].reason, reason) == 0) {
            printf("%s%s", printed++ > 0 ? ", " : "  aside    ", workers[j].name);
        }
    }
    printf(": %.*s\n", (int)strcspn(reason, "\n"), reason);
}

/* Which workers did not take part, and why. */
static void print_reasons(const yoke_kernel *kernel)
{
    size_t count = 0;
    yoke_kernel_worker_info *workers;

    if (yoke_kernel_workers(kernel, NULL, 0, &count) != YOKE_OK) {
        return;
    }
    workers = calloc(count + 1, sizeof *workers);
    if (workers != NULL &&
        yoke_kernel_workers(kernel, workers, count, NULL) == YOKE_OK) {
        for (size_t i = 0; i < count; i++) {
            if (workers[i].reason[0] != '\0' && !is_said_before(workers, i)) {
                print_aside(workers, count, i);
            }
        }
    }
    free(workers);
}

/* Bytes that have to be read and written at least. */
static double summary_traffic(const yk_array *arrays, size_t count)
{
    double bytes = 0;

    for (size_t i = 0; i < count; i++) {
        if (arrays[i].argument != NULL) {
            const yoke_access access = arrays[i].argument->use->access;

            bytes += (double)arrays[i].shape.bytes *
                     (access == YOKE_ACCESS_READ_WRITE ? 2 : 1);
        }
    }
    return bytes;
}

static void print_times(const yk_run_options *options, double bytes, double *times)
{
    const size_t *size = options->range.size;
    const double items = (double)size[0] * (double)size[1] * (double)size[2];
    const double median = yk_median(times, options->repeat);

    printf("  time     %.6g s", median);
    if (options->repeat > 1) {
        printf(" (median of %zu, %.6g to %.6g s)", options->repeat, times[0],
               times[options->repeat - 1]);
    }
    if (median > 0) {
        printf("\n  rate     %.3g work-items/s", items / median);
        if (bytes > 0) {
            printf(", %.3g GB/s of arrays", bytes / median / 1e9);
        }
    }
    printf("\n");
}

/* The processor time of all workers, from the start of the pool on. */
static void print_processor_time(const yoke_worker_stats *stats, size_t count)
{
    double user = 0;
    double system = 0;

    for (size_t i = 0; i < count; i++) {
        user += stats[i].user_seconds;
        system += stats[i].system_seconds;
    }
    printf("  cpu      %.2f s user, %.2f s system, of all workers, with their start\n", user,
           system);
}

/* What each worker has computed, of all repetitions together. */
static void print_worker_stats(const yoke_worker_stats *stats, size_t count)
{
    printf("  %-12s %12s %6s %9s %7s %11s\n", "WORKER", "ITEMS", "SHARE", "CHUNKS", "STEALS",
           "BUSY");
    for (size_t i = 0; i < count; i++) {
        uint64_t all = 0;

        for (size_t j = 0; j < count; j++) {
            all += stats[j].items;
        }
        printf("  %-12s %12llu %4.0f %% %9llu %7llu %9.6f s\n", stats[i].name,
               (unsigned long long)stats[i].items,
               all > 0 ? 100 * (double)stats[i].items / (double)all : 0.0,
               (unsigned long long)stats[i].chunks, (unsigned long long)stats[i].steals,
               stats[i].busy_seconds);
    }
}

static void print_stats(yoke_pool *pool, bool of_each)
{
    size_t count = 0;
    yoke_worker_stats *stats;

    if (yoke_pool_stats(pool, NULL, 0, &count) != YOKE_OK) {
        return;
    }
    stats = calloc(count + 1, sizeof *stats);
    if (stats != NULL && yoke_pool_stats(pool, stats, count, NULL) == YOKE_OK) {
        /* The last row is for threads of the program, which do not compute here. */
        while (count > 0 && stats[count - 1].items == 0 &&
               strcmp(stats[count - 1].name, "caller") == 0) {
            count--;
        }
        print_processor_time(stats, count);
        if (of_each) {
            print_worker_stats(stats, count);
        }
    }
    free(stats);
}

void yk_summary_print(const yk_run_options *options, const yk_array *arrays,
                      yoke_pool *pool, const yoke_kernel *kernel, double *times)
{
    print_range(options);
    print_devices(pool);
    print_reasons(kernel);
    print_times(options, summary_traffic(arrays, options->argument_count), times);
    print_stats(pool, options->stats);
    for (size_t i = 0; i < options->argument_count; i++) {
        if (arrays[i].argument != NULL && arrays[i].argument->result != NULL) {
            char what[256];

            yk_shape_describe(what, sizeof what, &arrays[i].shape);
            printf("  wrote    %s (%s)\n", arrays[i].argument->result, what);
        }
    }
}
