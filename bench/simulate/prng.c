/* SPDX-License-Identifier: MIT */
#include "prng.h"

#include <math.h>

static uint64_t next(sim_prng *prng)
{
    uint64_t bits = prng->state += UINT64_C(0x9e3779b97f4a7c15);

    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    return bits ^ bits >> 31;
}

double sim_prng_uniform(sim_prng *prng)
{
    return (double)(next(prng) >> 11) * 0x1p-53;
}

double sim_prng_factor(sim_prng *prng, double deviation)
{
    const double radius = sqrt(-2 * log(1 - sim_prng_uniform(prng)));
    const double angle = 6.283185307179586 * sim_prng_uniform(prng);

    return exp(deviation * radius * cos(angle));
}
