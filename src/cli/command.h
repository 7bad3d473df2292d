/* SPDX-License-Identifier: MIT */
/* The commands of `yoke`; argv[0] is the command's full name, for messages. */
#ifndef YK_CLI_COMMAND_H
#define YK_CLI_COMMAND_H

enum { YK_CLI_OK = 0, YK_CLI_FAILED = 1, YK_CLI_USAGE = 2, YK_CLI_SIGNAL = 128 };

int yk_bench_command(int argc, char **argv);
int yk_devices_command(int argc, char **argv);
int yk_run_command(int argc, char **argv);

#endif
