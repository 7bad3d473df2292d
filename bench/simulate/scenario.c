/* SPDX-License-Identifier: MIT */
#include "scenario.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol.h"
#include "storage.h"

const char *const sim_fate_names[SIM_FATES] = {"", "slowdown", "deaths"};

enum { ITEMS = 1 << 20, LEARNING_JOBS = 6, JUDGED_JOBS = 4 };

const sim_scenario sim_scenarios[] = {
    /* machine, workers, ms, cost of items, number, fate, run */
    {SIM_EQUAL, 2, 0.1, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_EQUAL, 2, 10, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_EQUAL, 2, 10, SIM_ROWS, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_EQUAL, 2, 1000, SIM_EVEN, 0, SIM_NOTHING, SIM_LONG},
    {SIM_EQUAL, 2, 10, SIM_EVEN, 0, SIM_SLOWDOWN, SIM_QUICK},
    {SIM_EQUAL, 2, 10, SIM_EVEN, 0, SIM_DEATHS, SIM_QUICK},
    {SIM_EQUAL, 2, 10, SIM_EVEN, 1000, SIM_NOTHING, SIM_QUICK},
    {SIM_TENTH, 2, 0.1, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_TENTH, 2, 10, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_TENTH, 2, 10, SIM_ROWS, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_GPU, 2, 0.1, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_GPU, 2, 1, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_GPU, 2, 10, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_GPU, 2, 100, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_GPU, 2, 100, SIM_EVEN, 0, SIM_DEATHS, SIM_QUICK},
    {SIM_GPU, 17, 0.1, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_GPU, 17, 10, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_GPU, 17, 100, SIM_ROWS, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_EQUAL, 64, 0.1, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_EQUAL, 64, 1, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_EQUAL, 64, 10, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_EQUAL, 64, 10, SIM_ROWS, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_EQUAL, 64, 10, SIM_TAIL, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_EQUAL, 64, 10, SIM_HOT, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_EQUAL, 64, 10000, SIM_RAMP, 0, SIM_NOTHING, SIM_LONG},
    {SIM_SERVER, 72, 1, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_SERVER, 72, 10, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_SERVER, 72, 100, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_SERVER, 72, 100, SIM_ROWS, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_SERVER, 72, 100, SIM_TAIL, 0, SIM_NOTHING, SIM_LONG},
    {SIM_SERVER, 72, 100, SIM_EVEN, 0, SIM_SLOWDOWN, SIM_QUICK},
    {SIM_SERVER, 72, 100, SIM_EVEN, 0, SIM_DEATHS, SIM_QUICK},
    {SIM_UNLIKE, 16, 10, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_UNLIKE, 16, 100, SIM_ROWS, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_UNLIKE, 128, 10, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_UNLIKE, 128, 100, SIM_ROWS, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_EQUAL, 1024, 10, SIM_EVEN, 0, SIM_NOTHING, SIM_LONG},
    {SIM_EQUAL, 1024, 100, SIM_ROWS, 0, SIM_NOTHING, SIM_LONG},
    {SIM_UNLIKE, 1024, 1, SIM_EVEN, 0, SIM_NOTHING, SIM_LONG},
    {SIM_UNLIKE, 1024, 10, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_UNLIKE, 1024, 100, SIM_EVEN, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_UNLIKE, 1024, 1000, SIM_EVEN, 0, SIM_NOTHING, SIM_LONG},
    {SIM_UNLIKE, 1024, 100, SIM_RAMP, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_UNLIKE, 1024, 100, SIM_ROWS, 0, SIM_NOTHING, SIM_QUICK},
    {SIM_UNLIKE, 1024, 1000, SIM_ROWS, 0, SIM_NOTHING, SIM_LONG},
    {SIM_UNLIKE, 1024, 100, SIM_TAIL, 0, SIM_NOTHING, SIM_LONG},
    {SIM_UNLIKE, 1024, 100, SIM_HOT, 0, SIM_NOTHING, SIM_LONG},
    {SIM_UNLIKE, 1024, 100, SIM_EVEN, 0, SIM_SLOWDOWN, SIM_LONG},
    {SIM_UNLIKE, 1024, 100, SIM_EVEN, 0, SIM_DEATHS, SIM_QUICK},
    {SIM_UNLIKE, 4096, 100, SIM_EVEN, 0, SIM_NOTHING, SIM_LONG},
    {SIM_UNLIKE, 4096, 100, SIM_ROWS, 0, SIM_NOTHING, SIM_LONG},
};

const size_t sim_scenario_count = sizeof sim_scenarios / sizeof *sim_scenarios;

void sim_scenario_name(const sim_scenario *scenario, char *text, size_t size)
{
    const char *fate = sim_fate_names[scenario->fate];
    const int used =
        snprintf(text, size, "%s %zu %s %g ms", sim_kind_names[scenario->kind],
                 scenario->workers, sim_shape_names[scenario->shape], scenario->ms);

    if (scenario->items != 0) {
        snprintf(text + used, size - (size_t)used, ", %llu items",
                 (unsigned long long)scenario->items);
    } else if (*fate != '\0') {
        snprintf(text + used, size - (size_t)used, ", %s", fate);
    }
}

/* One scenario in the making. */
typedef struct sim_study {
    const sim_scenario *scenario;
    sim_machine *machine;
    sim_load *load;
    yk_tiling tiling;
    double *speeds;
    sim_prng prng;
    sim_result result;
} sim_study;

static void doom(const sim_scenario *scenario, sim_machine *machine)
{
    const size_t step = scenario->fate == SIM_DEATHS ? 16 : 8;
    const double when = scenario->ms * 1e6 / 2;

    for (size_t i = machine->n - 1; i < machine->n; i -= step) {
        machine->workers[i].change_at = when;
        machine->workers[i].change = scenario->fate == SIM_DEATHS ? 0 : 0.25;
        if (i < step) {
            break;
        }
    }
}

/* The same machine as it is on another day. */
static sim_machine *machine_today(sim_study *study, bool with_fate)
{
    sim_machine *machine = sim_machine_drifted(study->machine, &study->prng);

    if (with_fate && study->scenario->fate != SIM_NOTHING) {
        doom(study->scenario, machine);
    }
    return machine;
}

static sim_outcome run_once(sim_study *study, const sim_machine *machine)
{
    const sim_outcome outcome =
        sim_protocol_run(machine, study->load, study->speeds, &study->prng);

    study->result.once &= outcome.once;
    return outcome;
}

static void learn(sim_study *study)
{
    for (int i = 0; i < LEARNING_JOBS; i++) {
        sim_machine *machine = machine_today(study, false);
        const sim_outcome outcome = run_once(study, machine);

        if (i == 0) {
            study->result.first =
                outcome.time / sim_machine_bound(machine, study->load);
            study->result.alone_first =
                sim_machine_best_alone(machine, study->load) / outcome.time;
        }
        sim_machine_destroy(machine);
    }
}

static void know(sim_study *study)
{
    for (size_t i = 0; i < study->machine->n; i++) {
        const sim_worker *worker = &study->machine->workers[i];

        study->speeds[i] = 1 / (1 / worker->speed + worker->transfer);
    }
}

static void judge_rivals(sim_study *study, const sim_machine *machine, double bound)
{
    for (int rival = 0; rival < SIM_RIVALS; rival++) {
        study->result.rivals[rival] +=
            sim_rival_run((sim_rival)rival, machine, study->machine, study->load,
                          study->tiling.tile_items, &study->prng) /
            bound / JUDGED_JOBS;
    }
}

static void judge(sim_study *study)
{
    sim_machine *machine = machine_today(study, true);
    sim_result *result = &study->result;
    const double bound = sim_machine_bound(machine, study->load);
    const size_t bytes = machine->n * sizeof *study->speeds;
    double *speeds = sim_array(machine->n, sizeof *speeds);
    sim_outcome outcome;

    memcpy(speeds, study->speeds, bytes);
    outcome = run_once(study, machine);
    if (study->scenario->fate != SIM_NOTHING) {
        memcpy(study->speeds, speeds, bytes); /* the next one must be surprised, too */
    }
    free(speeds);
    result->bound_ms += bound / 1e6 / JUDGED_JOBS;
    result->grain +=
        sim_machine_tile_bound(machine, study->load, study->tiling.tile_items) / bound /
        JUDGED_JOBS;
    result->steady += outcome.time / bound / JUDGED_JOBS;
    result->alone +=
        sim_machine_best_alone(machine, study->load) / outcome.time / JUDGED_JOBS;
    result->chunks += (double)outcome.chunks / (double)machine->n / JUDGED_JOBS;
    result->thefts += (double)outcome.thefts / (double)machine->n / JUDGED_JOBS;
    judge_rivals(study, machine, bound);
    sim_machine_destroy(machine);
}

sim_result sim_scenario_run(const sim_scenario *scenario, uint64_t seed)
{
    const uint64_t items = scenario->items != 0 ? scenario->items : ITEMS;
    sim_study study = {.scenario = scenario, .prng = {seed}};

    study.result = (sim_result){.scenario = scenario, .once = true};
    study.machine = sim_machine_create(scenario->kind, scenario->workers, &study.prng);
    sim_machine_scale(study.machine, (double)items, scenario->ms * 1e6);
    study.load = sim_load_create(items, scenario->shape, &study.prng);
    study.tiling = sim_protocol_tiling(study.load, scenario->workers);
    study.speeds = sim_array(scenario->workers, sizeof *study.speeds);
    study.result.tiles = study.tiling.count;
    if (scenario->run == SIM_KNOWN) {
        know(&study);
    } else {
        learn(&study);
    }
    for (int i = 0; i < JUDGED_JOBS; i++) {
        judge(&study);
    }
    free(study.speeds);
    sim_load_destroy(study.load);
    sim_machine_destroy(study.machine);
    return study.result;
}
