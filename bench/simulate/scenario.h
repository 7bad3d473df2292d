/* SPDX-License-Identifier: MIT */
/* The conditions that are simulated, and what came out. */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load.h"
#include "machine.h"
#include "rivals.h"

typedef enum sim_fate {
    SIM_NOTHING,
    SIM_SLOWDOWN, /* midway, every eighth worker gets four times slower */
    SIM_DEATHS,   /* midway, every sixteenth worker dies, at least one */
    SIM_FATES
} sim_fate;

extern const char *const sim_fate_names[SIM_FATES];

typedef enum sim_run {
    SIM_LONG,  /* belongs to the long run alone */
    SIM_QUICK, /* to the short one, too */
    SIM_KNOWN, /* speeds are known from the start: no first jobs */
} sim_run;

typedef struct sim_scenario {
    sim_kind kind;
    size_t workers;
    double ms; /* the job on all of them, if nothing is lost */
    sim_shape shape;
    uint64_t items; /* 0: a million */
    sim_fate fate;  /* of the jobs after the first ones */
    sim_run run;
} sim_scenario;

/* Times are ratios to the least that is possible. */
typedef struct sim_result {
    const sim_scenario *scenario;
    uint32_t tiles;
    double bound_ms;
    double grain;  /* least time for whole tiles */
    double first;  /* speeds unknown */
    double steady; /* speeds measured */
    double rivals[SIM_RIVALS];
    double alone;       /* the best worker alone, over the pool's steady time */
    double alone_first; /* over the pool's first time */
    double chunks;      /* per job and worker */
    double thefts;
    bool once; /* every tile of every job counted exactly once */
} sim_result;

extern const sim_scenario sim_scenarios[];
extern const size_t sim_scenario_count;

/* "unlike 1024 ramp 10 ms" */
void sim_scenario_name(const sim_scenario *scenario, char *text, size_t size);

sim_result sim_scenario_run(const sim_scenario *scenario, uint64_t seed);

#endif
