/* SPDX-License-Identifier: MIT */
/* Results as a picture: one row a scenario, one dot a scheduler, on a logarithmic axis. */
#ifndef SIM_PLOT_H
#define SIM_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "scenario.h"

/* Writes an SVG file; false if it cannot. */
bool sim_plot_write(const char *path, const sim_result *results, size_t count);

#endif
