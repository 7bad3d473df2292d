/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "storage.h"

const char *const sim_kind_names[SIM_KINDS] = {"equal", "unlike", "gpu", "server",
                                               "tenth"};

/* ---- one worker ---- */

static double rate(const sim_worker *worker, double factor)
{
    return 1 / (1 / (worker->speed * factor) + worker->transfer);
}

double sim_worker_time(const sim_worker *worker, double start, double work,
                       uint64_t items)
{
    const double fixed = worker->overhead + worker->transfer * (double)items;
    const double time = work / worker->speed;
    const double before = fmax(worker->change_at - start - fixed, 0);

    if (worker->change <= 0 || time <= before) {
        return fixed + time;
    }
    return fixed + before + (time - before) / worker->change;
}

double sim_worker_noisy_time(const sim_worker *worker, double start, double work,
                             uint64_t items, sim_prng *prng)
{
    const double time = sim_worker_time(worker, start, work, items);
    const double slices = fmax(time / 1e6, 0.1);

    return time * sim_prng_factor(prng, worker->noise / sqrt(slices));
}

double sim_worker_death(const sim_worker *worker)
{
    return worker->change > 0 ? HUGE_VAL : worker->change_at;
}

double sim_worker_delay(const sim_worker *worker)
{
    return worker->wake + worker->input + worker->overhead;
}

/* Work that it can have done at a time, if all items cost the same. */
static double done_by(const sim_worker *worker, double time)
{
    const double start = sim_worker_delay(worker);
    const double change = fmax(worker->change_at, start);
    const double before = fmax(fmin(time, change) - start, 0);
    const double after = fmax(time - change, 0);

    return rate(worker, 1) * before +
           (worker->change > 0 ? rate(worker, worker->change) * after : 0);
}

/* ---- all of them ---- */

static sim_worker core(double speed)
{
    return (sim_worker){.speed = speed,
                        .wake = 4e3,
                        .overhead = 200,
                        .noise = 0.03,
                        .change_at = HUGE_VAL,
                        .change = 1};
}

static sim_worker gpu(double speed)
{
    return (sim_worker){.speed = speed,
                        .wake = 1e4,
                        .input = 5e5,
                        .overhead = 2e4,
                        .transfer = 0.3 / speed,
                        .noise = 0.01,
                        .change_at = HUGE_VAL,
                        .change = 1,
                        .remote = true};
}

/* A core at one end, a large GPU at the other. */
static sim_worker between(double decades)
{
    const double speed = pow(10, decades);
    sim_worker worker = decades < 1 ? core(speed) : gpu(speed);

    if (decades >= 1) {
        worker.input = 1e5 * (decades - 1);
        worker.overhead = 1e4 * decades;
    }
    return worker;
}

static sim_worker worker_of(sim_kind kind, size_t i, size_t n, sim_prng *prng)
{
    switch (kind) {
    case SIM_UNLIKE:
        return between(3 * sim_prng_uniform(prng));
    case SIM_GPU:
        return i + 1 == n ? gpu(1000) : core(1);
    case SIM_SERVER:
        return i % 9 == 8 ? gpu(50) : core(1);
    case SIM_TENTH:
        return core(i + 1 == n ? 0.1 : 1);
    default:
        return core(1);
    }
}

static sim_machine *machine_of(size_t n)
{
    sim_machine *machine = sim_array(1, sizeof *machine);

    machine->workers = sim_array(n, sizeof *machine->workers);
    machine->n = n;
    return machine;
}

sim_machine *sim_machine_create(sim_kind kind, size_t n, sim_prng *prng)
{
    const double ring = 100; /* the application rings one after the other */
    sim_machine *machine = machine_of(n);

    for (size_t i = 0; i < n; i++) {
        machine->workers[i] = worker_of(kind, i, n, prng);
        machine->workers[i].wake += ring * (double)i;
    }
    return machine;
}

void sim_machine_destroy(sim_machine *machine)
{
    if (machine != NULL) {
        free(machine->workers);
        free(machine);
    }
}

sim_machine *sim_machine_drifted(const sim_machine *machine, sim_prng *prng)
{
    const double drift = 0.01;
    sim_machine *drifted = machine_of(machine->n);

    memcpy(drifted->workers, machine->workers, machine->n * sizeof *machine->workers);
    for (size_t i = 0; i < machine->n; i++) {
        drifted->workers[i].speed *= sim_prng_factor(prng, drift);
    }
    return drifted;
}

void sim_machine_scale(sim_machine *machine, double work, double time)
{
    double sum = 0;

    for (size_t i = 0; i < machine->n; i++) {
        sum += rate(&machine->workers[i], 1);
    }
    for (size_t i = 0; i < machine->n; i++) {
        machine->workers[i].speed *= work / time / sum;
        machine->workers[i].transfer /= work / time / sum;
    }
}

/* ---- bounds ---- */

/* Work done at a time, in pieces of a size; 0: in any. */
static double done_by_all(const sim_machine *machine, double time, double piece)
{
    double done = 0;

    for (size_t i = 0; i < machine->n; i++) {
        const double mine = done_by(&machine->workers[i], time);

        done += piece > 0 ? floor(mine / piece * (1 + 1e-9)) * piece : mine;
    }
    return done;
}

static double time_of_work(const sim_machine *machine, double work, double piece)
{
    double early = 0;
    double late = 1;

    while (done_by_all(machine, late, piece) < work && late < 1e18) {
        late *= 2;
    }
    for (int i = 0; i < 60; i++) {
        const double middle = (early + late) / 2;

        *(done_by_all(machine, middle, piece) < work ? &early : &late) = middle;
    }
    return late;
}

/* The time of one piece on whoever has it done first. */
static double time_of_piece(const sim_machine *machine, double work, uint64_t items)
{
    double least = HUGE_VAL;

    for (size_t i = 0; i < machine->n; i++) {
        const sim_worker *worker = &machine->workers[i];
        const double start = worker->wake + worker->input;
        const double end = start + sim_worker_time(worker, start, work, items);

        least = end < sim_worker_death(worker) ? fmin(least, end) : least;
    }
    return least;
}

double sim_machine_bound(const sim_machine *machine, const sim_load *load)
{
    return fmax(time_of_work(machine, load->before[load->items] * (1 - 1e-9), 0),
                time_of_piece(machine, load->longest, 1));
}

double sim_machine_tile_bound(const sim_machine *machine, const sim_load *load,
                              uint64_t tile_items)
{
    const double work = load->before[load->items];
    const double mean = work / (double)load->items * (double)tile_items;
    double longest = 0;

    for (uint64_t i = 0; i < load->items; i += tile_items) {
        const uint64_t end =
            i + tile_items < load->items ? i + tile_items : load->items;

        longest = fmax(longest, sim_load_work(load, i, end));
    }
    return fmax(time_of_work(machine, work * (1 - 1e-9), mean),
                time_of_piece(machine, longest, tile_items));
}

double sim_machine_best_alone(const sim_machine *machine, const sim_load *load)
{
    return time_of_piece(machine, load->before[load->items], load->items);
}
