/* SPDX-License-Identifier: MIT */
/* A job under the library's policy: its workers' protocol, event by event. */
#ifndef SIM_PROTOCOL_H
#define SIM_PROTOCOL_H

#include "load.h"
#include "machine.h"
#include "prng.h"
#include "sched/tiling.h"

typedef struct sim_outcome {
    double time; /* from submission to the last result */
    bool once;   /* every tile counted exactly once */
    uint64_t chunks;
    uint64_t looks; /* at all work ranges */
    uint64_t thefts;
} sim_outcome;

/* Tiles for a load on so many workers. */
yk_tiling sim_protocol_tiling(const sim_load *load, size_t workers);

/* Runs a job; `speeds`, in items per nanosecond and 0 if unknown, is what the workers have
 * measured before, and is updated. */
sim_outcome sim_protocol_run(const sim_machine *machine, const sim_load *load,
                             double *speeds, sim_prng *prng);

#endif
