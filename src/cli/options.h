/* SPDX-License-Identifier: MIT */
/* The options of a command, as a table: flags, and options with a value. */
#ifndef YK_CLI_OPTIONS_H
#define YK_CLI_OPTIONS_H

#include <stdbool.h>

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
