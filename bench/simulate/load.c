/* SPDX-License-Identifier: MIT */
#include "load.h"

#include <math.h>
#include <stdlib.h>

#include "storage.h"

const char *const sim_shape_names[SIM_SHAPES] = {"even", "ramp", "rows", "tail", "hot"};

enum { ROWS = 2048, COLUMNS = 96, STEPS = 256 };

static int steps_at(double x, double y)
{
    double re = 0;
    double im = 0;
    int steps = 1;

    while (steps < STEPS && re * re + im * im < 4) {
        const double next = re * re - im * im + x;

        im = 2 * re * im + y;
        re = next;
        steps++;
    }
    return steps;
}

static double row_of_steps(int row)
{
    double sum = 0;

    for (int column = 0; column < COLUMNS; column++) {
        sum += steps_at(-2.2 + 3.2 * column / COLUMNS, -1.3 + 2.6 * row / ROWS);
    }
    return sum;
}

static void fill_rows(double *costs, uint64_t items)
{
    double rows[ROWS];

    for (int row = 0; row < ROWS; row++) {
        rows[row] = row_of_steps(row);
    }
    for (uint64_t i = 0; i < items; i++) {
        costs[i] = rows[i * ROWS / items];
    }
}

/* Pareto with an exponent of two, cut at a thousand times the least. */
static double tail_cost(sim_prng *prng)
{
    return fmin(1 / sqrt(1 - sim_prng_uniform(prng)), 1000);
}

static void fill(double *costs, uint64_t items, sim_shape shape, sim_prng *prng)
{
    if (shape == SIM_ROWS) {
        fill_rows(costs, items);
        return;
    }
    for (uint64_t i = 0; i < items; i++) {
        const double at = ((double)i + 0.5) / (double)items;

        costs[i] = shape == SIM_RAMP   ? 0.5 + at
                   : shape == SIM_TAIL ? tail_cost(prng)
                   : shape == SIM_HOT  ? (at > 0.6 && at < 0.65 ? 20 : 1)
                                       : 1;
    }
}

sim_load *sim_load_create(uint64_t items, sim_shape shape, sim_prng *prng)
{
    sim_load *load = sim_array(1, sizeof *load);
    double *costs = sim_array(items, sizeof *costs);
    double sum = 0;

    load->items = items;
    load->before = sim_array(items + 1, sizeof *load->before);
    fill(costs, items, shape, prng);
    for (uint64_t i = 0; i < items; i++) {
        sum += costs[i];
    }
    for (uint64_t i = 0; i < items; i++) {
        const double cost = costs[i] * (double)items / sum;

        load->before[i + 1] = load->before[i] + cost;
        load->longest = fmax(load->longest, cost);
    }
    free(costs);
    return load;
}

void sim_load_destroy(sim_load *load)
{
    if (load != NULL) {
        free(load->before);
        free(load);
    }
}

double sim_load_work(const sim_load *load, uint64_t begin, uint64_t end)
{
    return load->before[end] - load->before[begin];
}
