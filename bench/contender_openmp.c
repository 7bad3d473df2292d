/* SPDX-License-Identifier: MIT */
/*
 * OpenMP: a parallel loop over pieces of the range; OMP_WAIT_POLICY is the driver's
 * choice. "static" gives each thread one piece, "dynamic" has them take pieces in turn.
 */
#include <omp.h>
#include <string.h>

#include "contender.h"

enum { MOST_PARTS = 256 };

static size_t parts;
static bool is_dynamic;

static void open_threads(const task *t)
{
    omp_set_num_threads((int)t->setting->workers);
    is_dynamic = strcmp(t->setting->schedule, "dynamic") == 0;
    parts = t->setting->workers;
    if (is_dynamic) {
        parts = t->w->items < MOST_PARTS ? t->w->items : MOST_PARTS;
    }
    if (t->w->chunk > 0) {
        parts = t->w->items / t->w->chunk;
    }
}

static void close_threads(void)
{
    omp_pause_resource_all(omp_pause_hard);
}

static void run_part(loop_body *body, const workload *w, const loop_data *data,
                     size_t p)
{
    body(contender_cut(w, p, parts), contender_cut(w, p + 1, parts), data);
}

static void loop(loop_body *body, const workload *w, const loop_data *data)
{
    if (is_dynamic) {
#pragma omp parallel for schedule(dynamic, 1)
        for (size_t p = 0; p < parts; p++) {
            run_part(body, w, data, p);
        }
    } else {
#pragma omp parallel for schedule(static)
        for (size_t p = 0; p < parts; p++) {
            run_part(body, w, data, p);
        }
    }
}

static void fill(const task *t)
{
    for (size_t k = 0; k < workload_arrays(t->w); k++) {
        const loop_data data = workload_filled(t->w, t->arrays, k);
        loop(workload_fill(t->w), t->w, &data);
    }
}

/* Each part's sum, added up. */
static void reduce(const workload *w, const loop_data *data)
{
    double sum = 0;

#pragma omp parallel for schedule(static) reduction(+ : sum)
    for (size_t p = 0; p < parts; p++) {
        float part = 0;
        loop_data own = *data;

        own.array[0] = &part;
        run_part(w->body, w, &own, p);
        sum += (double)part;
    }
    *(float *)data->array[0] = (float)sum;
}

static void run(const task *t)
{
    unsigned step = 0;

    if (t->w->call == CALL_SUM || t->w->call == CALL_DOT) {
        const loop_data data = workload_step(t->w, t->arrays, 0);
        reduce(t->w, &data);
        return;
    }
    do {
        const loop_data data = workload_step(t->w, t->arrays, step);
        loop(t->w->body, t->w, &data);
    } while (++step < t->w->steps);
}

const contender contender_ops = {
    .open = open_threads,
    .close = close_threads,
    .alloc = contender_pages,
    .fill = fill,
    .run = run,
};
