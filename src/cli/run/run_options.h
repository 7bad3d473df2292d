/* SPDX-License-Identifier: MIT */
/* The command line of `yoke run`. */
#ifndef YK_CLI_RUN_RUN_OPTIONS_H
#define YK_CLI_RUN_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/complaint.h"
#include "yoke/range.h"

typedef struct yk_run_options {
    const char *file;
    const char *kernel;
    char **arguments; /* one ARG per kernel parameter */
    size_t argument_count;
    yoke_range range;
    const char *range_file; /* --range FILE; NULL: the range is known */
    size_t group[3]; /* zeros where none is given */
    unsigned group_count;  /* how many sizes --group had; 0: it was not given */
    unsigned offset_count; /* the same of --offset */
    const char *build;
    const char *devices;
    size_t repeat;
    double timeout;       /* of a run, in seconds; 0: no limit */
    double build_timeout; /* of the kernel's build; 0: no limit */
    bool round_up;
    size_t chunk;         /* items that a worker takes at once, at most; 0: no limit */
    bool quiet;
    bool stats; /* of each worker, in the summary */
    bool check; /* what the kernel does against what its arguments say */
    bool help; /* nothing else is set */
} yk_run_options;

/* On failure the complaint is empty if getopt has told already. */
bool yk_run_options_parse(yk_run_options *options, int argc, char **argv,
                          yk_complaint *complaint);

/* Sets a range that is the shape of a file. */
bool yk_run_options_find_range(yk_run_options *options, yk_complaint *complaint);

void yk_run_print_help(FILE *stream);

#endif
