/* SPDX-License-Identifier: MIT */
/* Samples of one figure, and what is said of them. A NAN marks a round left out. */
#ifndef BENCH_STATISTICS_H
#define BENCH_STATISTICS_H

#include <stddef.h>

enum { MOST_ROUNDS = 256 };

typedef struct samples {
    double value[MOST_ROUNDS];
} samples;

typedef struct summary {
    double median;
    double low;   /* 10 % are below */
    double high;  /* 10 % are above */
    size_t count; /* samples that are no NAN */
} summary;

/* No samples yet. */
void samples_init(samples *s);

/* What there is to say of the first `rounds` samples; NANs if there are none. */
summary samples_summary(const samples *s, size_t rounds);

/* Round by round a / b. */
void samples_ratio(samples *ratio, const samples *a, const samples *b);

#endif
