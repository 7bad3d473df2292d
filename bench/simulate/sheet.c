/* SPDX-License-Identifier: MIT */
#include "sheet.h"

#include <math.h>

static void print_ratio(FILE *file, double ratio)
{
    if (ratio < 1000) {
        fprintf(file, " %8.3f", ratio);
    } else {
        fprintf(file, " %8s", ratio < HUGE_VAL ? ">1000" : "-");
    }
}

void sim_sheet_head(FILE *file)
{
    fprintf(file, "%-32s %6s %8s %8s %8s %8s", "workers, items, least time", "tiles",
            "grain", "yoke 1st", "yoke", "alone");
    for (int rival = 0; rival < SIM_RIVALS; rival++) {
        fprintf(file, " %8s", sim_rival_names[rival]);
    }
    fprintf(file, " %8s %8s\n", "chunks", "thefts");
}

void sim_sheet_line(FILE *file, const sim_result *result)
{
    char name[64];

    sim_scenario_name(result->scenario, name, sizeof name);
    fprintf(file, "%-32s %6u", name, result->tiles);
    print_ratio(file, result->grain);
    print_ratio(file, result->first);
    print_ratio(file, result->steady);
    print_ratio(file, result->alone * result->steady);
    for (int rival = 0; rival < SIM_RIVALS; rival++) {
        print_ratio(file, result->rivals[rival]);
    }
    fprintf(file, " %8.1f %8.2f%s\n", result->chunks, result->thefts,
            result->once ? "" : "  TILES LOST OR DONE TWICE");
}

static void write_line(FILE *file, const sim_result *result)
{
    const sim_scenario *scenario = result->scenario;
    char name[64];

    sim_scenario_name(scenario, name, sizeof name);
    fprintf(file, "%s\t%zu\t%s\t%s\t%s\t%u\t%g\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f", name,
            scenario->workers, sim_kind_names[scenario->kind],
            sim_shape_names[scenario->shape], sim_fate_names[scenario->fate],
            result->tiles, result->bound_ms, result->grain, result->first,
            result->steady, result->alone, result->alone_first);
    for (int rival = 0; rival < SIM_RIVALS; rival++) {
        fprintf(file, "\t%.4f", result->rivals[rival]);
    }
    fprintf(file, "\t%.2f\t%.3f\t%d\n", result->chunks, result->thefts, result->once);
}

bool sim_sheet_write(const char *path, const sim_result *results, size_t count)
{
    FILE *file = fopen(path, "w");

    if (file == NULL) {
        return false;
    }
    fprintf(file, "scenario\tworkers\tmachine\titems\tfate\ttiles\tbound_ms\tgrain\t"
                  "yoke_first\tyoke\talone_over_yoke\talone_over_yoke_first");
    for (int rival = 0; rival < SIM_RIVALS; rival++) {
        fprintf(file, "\t%s", sim_rival_names[rival]);
    }
    fprintf(file, "\tchunks\tthefts\tonce\n");
    for (size_t i = 0; i < count; i++) {
        write_line(file, &results[i]);
    }
    return fclose(file) == 0;
}
