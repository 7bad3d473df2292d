/* SPDX-License-Identifier: MIT */
/* The commands of `yoke`; argv[0] is the command's full name, for messages. Then what they have
 * in common: options as a table of flags and of options with a value. */
#ifndef YK_CLI_COMMAND_H
#define YK_CLI_COMMAND_H

#include <stdbool.h>

enum { YK_CLI_OK = 0, YK_CLI_FAILED = 1, YK_CLI_USAGE = 2, YK_CLI_SIGNAL = 128 };

int yk_bench_command(int argc, char **argv);
int yk_devices_command(int argc, char **argv);
int yk_run_command(int argc, char **argv);

enum { YK_CLI_MAX_OPTIONS = 8 };

typedef struct yk_cli_option {
    const char *name; /* without "--"; NULL ends the table */
    bool *flag;       /* what "--NAME" sets; NULL: it has a value */
    const char **value;
} yk_cli_option;

/* Reads argv, and "--help" and "-h" beside the table. False: the command ends with *status,
 * and the help, or what is wrong, has been printed. */
bool yk_cli_options_read(const yk_cli_option *table, const char *help, int argc,
                         char **argv, int *status);

/* Ends the message about wrong usage: YK_CLI_USAGE. */
int yk_cli_usage(const char *title);

#endif
