/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "scenario.h"
#include "sheet.h"
#include "storage.h"

typedef struct sim_options {
    bool quick;
    uint64_t seed;
    const char *out;
    const char *only;
} sim_options;

static const char usage[] =
    "Usage: yoke_simulate [--quick] [--seed N] [--only TEXT] [--out DIR]\n"
    "Runs the scheduling policy in simulated pools of 2 to 4096 workers and prints, "
    "for\n"
    "each scenario, times over the least possible time.\n"
    "  --quick      fewer scenarios, half a minute\n"
    "  --seed N     of the pseudo-random numbers (default 1)\n"
    "  --only TEXT  scenarios whose name contains it\n"
    "  --out DIR    where simulate.tsv and simulate.svg are written (default: "
    "nowhere)\n";

static bool parse(int argc, char **argv, sim_options *options)
{
    static const struct option known[] = {{"quick", no_argument, NULL, 'q'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"only", required_argument, NULL, 'o'},
                                          {"out", required_argument, NULL, 'd'},
                                          {NULL, 0, NULL, 0}};
    int letter;

    *options = (sim_options){.seed = 1};
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'q':
            options->quick = true;
            break;
        case 's':
            options->seed = strtoull(optarg, NULL, 0);
            break;
        case 'o':
            options->only = optarg;
            break;
        case 'd':
            options->out = optarg;
            break;
        default:
            return false;
        }
    }
    return optind == argc;
}

static bool is_wanted(const sim_scenario *scenario, const sim_options *options)
{
    char name[64];

    sim_scenario_name(scenario, name, sizeof name);
    return (!options->quick || scenario->run == SIM_QUICK) &&
           (options->only == NULL || strstr(name, options->only) != NULL);
}

static bool write_files(const char *folder, const sim_result *results, size_t count)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/simulate.tsv", folder);
    if (sim_sheet_write(path, results, count)) {
        snprintf(path, sizeof path, "%s/simulate.svg", folder);
        if (sim_plot_write(path, results, count)) {
            return true;
        }
    }
    perror(path);
    return false;
}

int main(int argc, char **argv)
{
    sim_options options;
    sim_result *results;
    size_t count = 0;
    bool ok = true;

    if (!parse(argc, argv, &options)) {
        fputs(usage, stderr);
        return 2;
    }
    results = sim_array(sim_scenario_count, sizeof *results);
    sim_sheet_head(stdout);
    for (size_t i = 0; i < sim_scenario_count; i++) {
        if (is_wanted(&sim_scenarios[i], &options)) {
            results[count] = sim_scenario_run(&sim_scenarios[i], options.seed);
            sim_sheet_line(stdout, &results[count]);
            fflush(stdout);
            ok &= results[count++].once;
        }
    }
    if (options.out != NULL) {
        ok &= write_files(options.out, results, count);
    }
    free(results);
    return ok ? 0 : 1;
}
