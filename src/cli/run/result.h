/* SPDX-License-Identifier: MIT */
/* A result file: written beside its place, and moved there when all went well. */
#ifndef YK_CLI_RUN_RESULT_H
#define YK_CLI_RUN_RESULT_H

#include <stdbool.h>
#include <sys/types.h>

#include "cli/complaint.h"
#include "cli/formats/shape.h"

typedef struct yk_result {
    char *target;    /* absolute, links followed */
    char *temporary; /* NULL when there is none */
    mode_t mode;
    const struct yk_format *format; /* how it is written */
} yk_result;

/* Finds the file's place and checks that a file can be made there. Without a format it is that of
 * the name's ending. */
bool yk_result_prepare(yk_result *result, const char *path, const struct yk_format *format,
                       yk_complaint *complaint);

/* Writes the whole file beside its place, down to the disk. */
bool yk_result_write(yk_result *result, const yk_shape *array, const void *elements,
                     yk_complaint *complaint);

/* Moves the file to its place. */
bool yk_result_commit(yk_result *result, yk_complaint *complaint);

/* Removes what is not committed. */
void yk_result_fini(yk_result *result);

#endif
