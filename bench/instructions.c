/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "child.h"
#include "instructions.h"

/* A count as callgrind prints it, with commas. */
static double grouped_number(const char *text)
{
    double value = 0;

    for (; *text != '\0'; text++) {
        if (isdigit((unsigned char)*text)) {
            value = value * 10 + (*text - '0');
        }
    }
    return value;
}

/* Each process ends with a line "==PID== I refs: COUNT". */
static double total_of(FILE *output)
{
    static const char mark[] = "refs:";
    char line[256];
    double total = 0;

    while (fgets(line, sizeof line, output) != NULL) {
        const char *found = strstr(line, mark);
        if (found != NULL) {
            total += grouped_number(found + sizeof mark - 1);
        }
    }
    return total;
}

double instructions_count(const char *program, const char *arguments,
                          const char *workload)
{
    char path[512], command[1024];

    if (child_program_path(path, sizeof path, program) < 0) {
        return NAN;
    }
    snprintf(command, sizeof command,
             "valgrind --tool=callgrind --callgrind-out-file=/dev/null '%s' %s %s "
             "</dev/null 2>&1",
             path, arguments, workload);
    FILE *output = popen(command, "r");
    if (output == NULL) {
        return NAN;
    }
    const double total = total_of(output);
    return pclose(output) == 0 && total > 0 ? total : NAN;
}
