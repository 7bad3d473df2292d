/* SPDX-License-Identifier: MIT */
/* What the items of a range cost: 1 unit of work each on average. */
#ifndef SIM_LOAD_H
#define SIM_LOAD_H

#include <stdint.h>

#include "prng.h"

typedef enum sim_shape {
    SIM_EVEN, /* all the same */
    SIM_RAMP, /* from nothing to twice the mean */
    SIM_ROWS, /* rows of a Mandelbrot set */
    SIM_TAIL, /* independent, few that cost hundreds */
    SIM_HOT,  /* a twentieth of the range costs twenty times as much as the rest */
    SIM_SHAPES
} sim_shape;

typedef struct sim_load {
    uint64_t items;
    double *before; /* work of all items before the one with this index; items + 1 */
    double longest; /* work of one item */
} sim_load;

extern const char *const sim_shape_names[SIM_SHAPES];

/* Ends the program if there is no memory. */
sim_load *sim_load_create(uint64_t items, sim_shape shape, sim_prng *prng);
void sim_load_destroy(sim_load *load);

/* Work of the items [begin, end). */
double sim_load_work(const sim_load *load, uint64_t begin, uint64_t end);

#endif
