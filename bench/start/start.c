/* SPDX-License-Identifier: MIT */
/* start [TIMES [BEFORE [AFTER]]]: how long it takes from yoke_process_start() to the first
 * instruction of the function, and to the return of yoke_process_wait(). Medians, in
 * microseconds. BEFORE, AFTER: MiB that the application touches before and after it creates
 * the pool. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <yoke/yoke.h>

static uint64_t now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int note_time(void *argument, size_t bytes)
{
    (void)bytes;
    *(uint64_t *)argument = now();
    return 0;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

static double us(uint64_t from, uint64_t to)
{
    return (double)(to - from) / 1e3;
}

static char *touched(const char *mib)
{
    const size_t bytes = (strtoul(mib, NULL, 10) << 20) + 1;
    char *memory = malloc(bytes);

    return memory != NULL ? memset(memory, 1, bytes) : NULL;
}

int main(int argc, char **argv)
{
    const size_t times = argc > 1 ? strtoul(argv[1], NULL, 10) : 500;
    char *before = touched(argc > 2 ? argv[2] : "0");
    char *after = NULL;
    double *first = calloc(times + 1, sizeof *first);
    double *start = calloc(times + 1, sizeof *start);
    double *join = calloc(times + 1, sizeof *join);
    yoke_pool *pool = NULL;

    if (before == NULL || first == NULL || start == NULL || join == NULL) {
        return 1;
    }
    if (yoke_pool_create(&pool, &(yoke_pool_options){.devices = "cpu:1"}) != YOKE_OK) {
        fprintf(stderr, "%s\n", yoke_pool_error(NULL));
        return 1;
    }
    uint64_t *moment = yoke_alloc(pool, sizeof *moment);

    after = touched(argc > 3 ? argv[3] : "0");
    for (size_t i = 0; i < times; i++) {
        yoke_process *process = NULL;
        const uint64_t begin = now();
        const yoke_status status =
            yoke_process_start(&process, pool, note_time, moment, 0, NULL);
        const uint64_t started = now();

        if (status != YOKE_OK ||
            yoke_process_wait(process, NULL, YOKE_FOREVER) != YOKE_OK) {
            fprintf(stderr, "%s\n", yoke_pool_error(pool));
            return 1;
        }
        first[i] = us(begin, *moment);
        start[i] = us(begin, started);
        join[i] = us(begin, now());
        yoke_process_destroy(process);
    }
    printf("yoke    start returns %6.0f  first instruction %6.0f  joined %6.0f us\n",
           median(start, times), median(first, times), median(join, times));
    (void)yoke_pool_close(pool);
    free(before);
    free(after);
    free(first);
    free(start);
    free(join);
    return 0;
}
