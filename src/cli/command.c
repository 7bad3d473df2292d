/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

#include <getopt.h>
#include <stdio.h>

int yk_cli_usage(const char *title)
{
    fprintf(stderr, "See '%s --help'.\n", title);
    return YK_CLI_USAGE;
}

/* An option is known to getopt_long() by its place in the table. */
static size_t command_fill_options(struct option *known, const yk_cli_option *table)
{
    size_t count = 0;

    for (; table[count].name != NULL && count < YK_CLI_MAX_OPTIONS; count++) {
        known[count] = (struct option){
            .name = table[count].name,
            .has_arg = table[count].flag != NULL ? no_argument : required_argument,
            .val = (int)count,
        };
    }
    known[count] = (struct option){.name = "help", .has_arg = no_argument, .val = 'h'};
    return count;
}

bool yk_cli_options_read(const yk_cli_option *table, const char *help, int argc,
                         char **argv, int *status)
{
    struct option known[YK_CLI_MAX_OPTIONS + 2] = {{.name = NULL}};
    const size_t count = command_fill_options(known, table);
    bool wants_help = false;
    bool good = true;
    int found;

    while (good && (found = getopt_long(argc, argv, "h", known, NULL)) != -1) {
        if (found == 'h') {
            wants_help = true;
        } else if ((size_t)found >= count) {
            good = false;
        } else if (table[found].flag != NULL) {
            *table[found].flag = true;
        } else {
            *table[found].value = optarg;
        }
    }
    if (good && optind < argc) {
        fprintf(stderr, "%s: unexpected argument '%s'\n", argv[0], argv[optind]);
        good = false;
    }
    if (!good) {
        *status = yk_cli_usage(argv[0]);
        return false;
    }
    if (wants_help) {
        fputs(help, stdout);
        *status = YK_CLI_OK;
    }
    return !wants_help;
}
