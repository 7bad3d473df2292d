/* SPDX-License-Identifier: MIT */
/* Results as text: a table for the eye, and a file of tab-separated values. */
#ifndef SIM_SHEET_H
#define SIM_SHEET_H

#include <stdbool.h>
#include <stdio.h>

#include "scenario.h"

void sim_sheet_head(FILE *file);
void sim_sheet_line(FILE *file, const sim_result *result);

/* False if the file cannot be written. */
bool sim_sheet_write(const char *path, const sim_result *results, size_t count);

#endif
