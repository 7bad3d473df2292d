/* SPDX-License-Identifier: MIT */
#include "rivals.h"

#include <math.h>
#include <stdlib.h>

#include "agenda.h"
#include "storage.h"

const char *const sim_rival_names[SIM_RIVALS] = {"hguided", "static", "64ths",
                                                 "1024ths"};

static const double claim_ns = 100; /* on a queue that all share */

typedef struct sim_contest {
    sim_rival rival;
    const sim_machine *machine;
    const sim_load *load;
    uint64_t unit;
    uint64_t next; /* first item that is still in the queue */
    double queue_free;
    const double *parts; /* of all speed, that each worker has */
    double sum;          /* of the parts that have been dealt out (static) */
} sim_contest;

/* Speeds as parts of their sum, whole items and no change midway. */
static double *parts_of(const sim_machine *nominal)
{
    double *parts = sim_array(nominal->n, sizeof *parts);
    double sum = 0;

    for (size_t i = 0; i < nominal->n; i++) {
        const sim_worker *worker = &nominal->workers[i];

        parts[i] = 1 / (1 / worker->speed + worker->transfer);
        sum += parts[i];
    }
    for (size_t i = 0; i < nominal->n; i++) {
        parts[i] /= sum;
    }
    return parts;
}

/* Items of the next chunk of a worker, before rounding up to units. */
static double wanted(sim_contest *contest, size_t i)
{
    const double items = (double)contest->load->items;
    const double left = items - (double)contest->next;
    const double divisor = 2;

    switch (contest->rival) {
    case SIM_HGUIDED:
        return ceil(left * contest->parts[i] / divisor);
    case SIM_STATIC:
        contest->sum += contest->parts[i];
        return round(items * contest->sum) - (double)contest->next;
    case SIM_COARSE:
        return ceil(items / 64);
    default:
        return ceil(items / 1024);
    }
}

static uint64_t take(sim_contest *contest, size_t i, uint64_t *begin)
{
    const uint64_t left = contest->load->items - contest->next;
    const double units = ceil(fmax(wanted(contest, i), 0) / (double)contest->unit);
    const double count = units * (double)contest->unit;

    *begin = contest->next;
    contest->next += count < (double)left ? (uint64_t)count : left;
    return contest->next;
}

/* Runs one chunk, if there is one; when it is through. */
static double run_chunk(sim_contest *contest, size_t i, double now, sim_prng *prng)
{
    const sim_worker *worker = &contest->machine->workers[i];
    uint64_t begin;
    const uint64_t end = take(contest, i, &begin);

    if (begin == end) {
        return 0;
    }
    if (contest->rival != SIM_STATIC) {
        contest->queue_free = fmax(contest->queue_free, now) + claim_ns;
        now = contest->queue_free;
    }
    now += sim_worker_noisy_time(worker, now, sim_load_work(contest->load, begin, end),
                                 end - begin, prng);
    return now < sim_worker_death(worker) ? now : HUGE_VAL;
}

double sim_rival_run(sim_rival rival, const sim_machine *machine,
                     const sim_machine *nominal, const sim_load *load, uint64_t unit,
                     sim_prng *prng)
{
    double *parts = parts_of(nominal);
    sim_contest contest = {
        .rival = rival, .machine = machine, .load = load, .unit = unit, .parts = parts};
    sim_agenda agenda = {0};
    sim_event event;
    double last = 0;

    for (size_t i = 0; i < machine->n; i++) {
        const double wake = machine->workers[i].wake + machine->workers[i].input;

        sim_agenda_put(&agenda, (sim_event){.time = rival == SIM_STATIC ? 0 : wake,
                                            .worker = (uint32_t)i});
    }
    while (sim_agenda_get(&agenda, &event)) {
        const sim_worker *worker = &machine->workers[event.worker];
        const double late = rival == SIM_STATIC ? worker->wake + worker->input : 0;
        const double end = run_chunk(&contest, event.worker, event.time + late, prng);

        last = fmax(last, end);
        if (end > 0 && end < HUGE_VAL && rival != SIM_STATIC) {
            sim_agenda_put(&agenda, (sim_event){.time = end, .worker = event.worker});
        }
    }
    sim_agenda_fini(&agenda);
    free(parts);
    return contest.next < load->items ? HUGE_VAL : last;
}
