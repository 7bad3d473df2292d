/* SPDX-License-Identifier: MIT */
/* Other schedulers on the same workers, with the same costs. They know the speeds from the
 * start, and lose the job when a worker dies. */
#ifndef SIM_RIVALS_H
#define SIM_RIVALS_H

#include "load.h"
#include "machine.h"
#include "prng.h"

typedef enum sim_rival {
    SIM_HGUIDED, /* a share by speed of half of what is left, from one queue */
    SIM_STATIC,  /* one part each, by speed */
    SIM_COARSE,  /* 64ths, from one queue */
    SIM_FINE,    /* 1024ths, from one queue */
    SIM_RIVALS
} sim_rival;

extern const char *const sim_rival_names[SIM_RIVALS];

/* The time from submission to the last result, in pieces of whole `unit`s of items;
 * infinite if some are never done. `nominal`: the machine as the rival knows it. */
double sim_rival_run(sim_rival rival, const sim_machine *machine,
                     const sim_machine *nominal, const sim_load *load, uint64_t unit,
                     sim_prng *prng);

#endif
