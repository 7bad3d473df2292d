/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

void report_head(void)
{
    printf("%-23s %10s  %-18s %10s %-5s %7s  %s\n", "metric", "yoke", "peer", "peer's",
           "", "ratio", "10 % to 90 %");
}

static void figure(char *text, size_t size, double value)
{
    const int digits = value < 10 ? 2 : value < 100 ? 1 : 0;

    snprintf(text, size, "%.*f", digits, value);
}

static void print_row(const row *r, bool first)
{
    char yoke[32], other[32];

    figure(yoke, sizeof yoke, r->yoke.median);
    figure(other, sizeof other, r->other.median);
    printf("%-23s %10s  %-18s ", first ? r->metric->name : "", first ? yoke : "",
           r->peer);
    if (isnan(r->ratio.median)) {
        printf("%10s %s\n", "-", r->why);
    } else {
        printf("%10s %-5s %7.2f  %.2f to %.2f\n", other, r->metric->unit,
               r->other.median / r->yoke.median, r->ratio.low, r->ratio.high);
    }
    fflush(stdout);
}

void report_metric(const measurement *result)
{
    for (size_t i = 0; i < result->count; i++) {
        print_row(&result->rows[i], i == 0);
    }
}

/* A figure that is not there is an empty column. */
static void put(FILE *file, double value, char end)
{
    if (!isnan(value)) {
        fprintf(file, "%.6g", value);
    }
    fputc(end, file);
}

static void put_row(FILE *file, const row *r)
{
    fprintf(file, "%s\t", r->metric->name);
    put(file, r->yoke.median, '\t');
    fprintf(file, "%s\t", r->peer);
    put(file, r->other.median, '\t');
    fprintf(file, "%s\t", r->metric->unit);
    put(file, r->other.median / r->yoke.median, '\t');
    put(file, r->ratio.low, '\t');
    put(file, r->ratio.high, '\t');
    put(file, r->yoke.low, '\t');
    put(file, r->yoke.high, '\t');
    put(file, r->other.low, '\t');
    put(file, r->other.high, '\t');
    fprintf(file, "%zu\t%zu\t%s\t%s\n", r->yoke.count, r->other.count, r->variant,
            r->metric->title);
}

bool report_values(const char *path, const row *rows, size_t count)
{
    FILE *file = fopen(path, "w");

    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    fputs("metric\tyoke\tpeer\tpeer's value\tunit\tratio\tratio p10\tratio p90\t"
          "yoke p10\tyoke p90\tpeer p10\tpeer p90\tyoke rounds\tpeer rounds\t"
          "peer's variant\ttitle\n",
          file);
    for (size_t i = 0; i < count; i++) {
        put_row(file, &rows[i]);
    }
    return fclose(file) == 0;
}
