/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/settings_table.h"
#include "cli/command.h"
#include "cli/output.h"
#include "yoke/status.h"

typedef struct command {
    const char *name;
    char *title;
    int (*run)(int argc, char **argv);
    const char *summary;
} command;

static char bench_title[] = "yoke bench";
static char devices_title[] = "yoke devices";
static char run_title[] = "yoke run";

static const command commands[] = {
    {"bench", bench_title, yk_bench_command,
     "measure on this machine how large a job must be for the pool to pay"},
    {"devices", devices_title, yk_devices_command,
     "list the devices of this machine and say whether they are used"},
    {"run", run_title, yk_run_command,
     "run an OpenCL kernel over .npy arrays, on all devices at once"},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* The environment variables, from the library's own table. */
static void print_settings(FILE *stream)
{
    static const struct {
        const char *name, *type, *standard, *help;
    } settings[] = {
#define SETTING(identifier, name, type, standard, help) {name, #type, standard, help},
        YK_SETTING_TABLE(SETTING)
#undef SETTING
    };

    fprintf(stream, "\nenvironment:\n");
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        const bool has_default = settings[i].standard[0] != '\0';

        fprintf(stream, "  %s (%s%s%s)\n      %s\n", settings[i].name, settings[i].type,
                has_default ? ", default " : "", settings[i].standard,
                settings[i].help);
    }
}

static void print_usage(FILE *stream)
{
    fprintf(stream, "usage: yoke COMMAND [OPTIONS] ...\n\ncommands:\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(stream, "  %-9s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(stream,
            "\noptions:\n"
            "  -h, --help     show this help; 'yoke COMMAND --help' for a command\n"
            "  -V, --version  show the version\n");
    print_settings(stream);
    fprintf(stream, "\nexit status: 0 success, 1 failure, 2 wrong usage, "
                    "128+N ended by signal N\n");
}

static bool is_any(const char *word, const char *const *known)
{
    while (*known != NULL && strcmp(word, *known) != 0) {
        known++;
    }
    return *known != NULL;
}

/* What is not about a command. */
static int run_without_command(const char *word)
{
    static const char *const help[] = {"--help", "-h", "help", NULL};
    static const char *const version[] = {"--version", "-V", NULL};

    if (is_any(word, help)) {
        print_usage(stdout);
        return YK_CLI_OK;
    }
    if (is_any(word, version)) {
        printf("yoke %s\n", yoke_version());
        return YK_CLI_OK;
    }
    fprintf(stderr, "yoke: there is no command '%s'; see 'yoke --help'\n", word);
    return YK_CLI_USAGE;
}

int main(int argc, char **argv)
{
    yk_output_prepare();
    if (argc < 2) {
        print_usage(stderr);
        return YK_CLI_USAGE;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            argv[1] = commands[i].title;
            return yk_output_finish(argv[1], commands[i].run(argc - 1, argv + 1));
        }
    }
    return yk_output_finish("yoke", run_without_command(argv[1]));
}
