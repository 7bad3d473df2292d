/* SPDX-License-Identifier: MIT */
/* A plain call over the whole range. */
#include "contender.h"

static void nothing(void)
{
}

static void nothing_to_open(const task *t)
{
    (void)t;
}

static void fill(const task *t)
{
    for (size_t k = 0; k < workload_arrays(t->w); k++) {
        const loop_data data = workload_filled(t->w, t->arrays, k);
        workload_fill(t->w)(0, t->w->items, &data);
    }
}

static void run(const task *t)
{
    unsigned step = 0;

    do {
        const loop_data data = workload_step(t->w, t->arrays, step);
        t->w->body(0, t->w->items, &data);
    } while (++step < t->w->steps);
}

const contender contender_ops = {
    .open = nothing_to_open,
    .close = nothing,
    .alloc = contender_pages,
    .fill = fill,
    .run = run,
};
