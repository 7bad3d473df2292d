/* SPDX-License-Identifier: MIT */
/* Measuring one metric: all its contenders side by side, round by round. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#include "metric.h"
#include "statistics.h"

enum { MOST_ROWS = 8 };

/* One comparison: a line of the table. */
typedef struct row {
    const metric *metric;
    const char *peer;
    char variant[64]; /* the peer's variant that was fastest */
    char why[128];    /* why there is no figure, "" if there is */
    summary yoke;
    summary other;
    summary ratio; /* the peer's figure over yoke's, of the same round */
    size_t rounds;
} row;

typedef struct measurement {
    row rows[MOST_ROWS];
    size_t count;
    bool failed; /* somebody gave a wrong result, or died */
} measurement;

typedef struct measure_limits {
    double seconds; /* for the rounds of one metric, more if a few of them take longer */
    size_t rounds;  /* at least */
    unsigned workers;
    double patience; /* seconds to wait for a quiet machine, in all; see quiet.h */
    bool first_variants; /* of each peer, instead of trying them all */
} measure_limits;

void measure(measurement *result, const metric *m, const measure_limits *limits);

#endif
