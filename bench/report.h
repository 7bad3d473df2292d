/* SPDX-License-Identifier: MIT */
/* What came out, as text: a table to read, a file of tab-separated values, a chart. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "measure.h"

/* The table's head; then a metric's lines, as they come. */
void report_head(void);
void report_metric(const measurement *result);

/* Both return whether the file could be written. */
bool report_values(const char *path, const row *rows, size_t count);
bool report_chart(const char *path, const row *rows, size_t count);

#endif
