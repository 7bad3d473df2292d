/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "statistics.h"

void samples_init(samples *s)
{
    for (size_t i = 0; i < MOST_ROUNDS; i++) {
        s->value[i] = NAN;
    }
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Between the two samples nearest to that part of the way. */
static double quantile(const double *sorted, size_t count, double part)
{
    const double at = part * (double)(count - 1);
    const size_t below = (size_t)at;
    const size_t above = below + 1 < count ? below + 1 : below;

    return sorted[below] + (at - (double)below) * (sorted[above] - sorted[below]);
}

summary samples_summary(const samples *s, size_t rounds)
{
    double sorted[MOST_ROUNDS];
    size_t count = 0;

    for (size_t i = 0; i < rounds; i++) {
        if (!isnan(s->value[i])) {
            sorted[count++] = s->value[i];
        }
    }
    if (count == 0) {
        return (summary){NAN, NAN, NAN, 0};
    }
    qsort(sorted, count, sizeof *sorted, by_value);
    return (summary){quantile(sorted, count, 0.5), quantile(sorted, count, 0.1),
                     quantile(sorted, count, 0.9), count};
}

void samples_ratio(samples *ratio, const samples *a, const samples *b)
{
    for (size_t i = 0; i < MOST_ROUNDS; i++) {
        ratio->value[i] = a->value[i] / b->value[i];
    }
}
