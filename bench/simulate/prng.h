/* SPDX-License-Identifier: MIT */
/* Pseudo-random numbers that are the same everywhere. */
#ifndef SIM_PRNG_H
#define SIM_PRNG_H

#include <stdint.h>

typedef struct sim_prng {
    uint64_t state;
} sim_prng;

/* Uniform in [0, 1). */
double sim_prng_uniform(sim_prng *prng);

/* Log-normal around 1: the exponential of a normal variable with this deviation. */
double sim_prng_factor(sim_prng *prng, double deviation);

#endif
