/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "quiet.h"

enum { LOOK_US = 50000, FIELDS = 8, IDLE = 3, IO_WAIT = 4 };

/* Busy above this part of all cores' time is not quiet. */
static const double busy_limit = 0.06;

typedef struct usage {
    double busy;
    double all;
} usage;

/* The machine's time so far, in ticks; zeros if the system does not tell. */
static usage read_usage(void)
{
    double ticks[FIELDS] = {0};
    usage u = {0, 0};
    FILE *file = fopen("/proc/stat", "r");

    if (file == NULL) {
        return u;
    }
    if (fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &ticks[0], &ticks[1],
               &ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6],
               &ticks[7]) == FIELDS) {
        for (int i = 0; i < FIELDS; i++) {
            u.all += ticks[i];
            u.busy += i == IDLE || i == IO_WAIT ? 0 : ticks[i];
        }
    }
    fclose(file);
    return u;
}

static bool is_quiet(void)
{
    const usage before = read_usage();

    usleep(LOOK_US);
    const usage after = read_usage();
    return after.busy - before.busy <= busy_limit * (after.all - before.all);
}

void quiet_await(double *patience)
{
    while (*patience > 0 && !is_quiet()) {
        *patience -= LOOK_US * 1e-6;
    }
}
