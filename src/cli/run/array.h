/* SPDX-License-Identifier: MIT */
/* An array argument: its file, its memory in the pool, and its result file. */
#ifndef YK_CLI_RUN_ARRAY_H
#define YK_CLI_RUN_ARRAY_H

#include <stdbool.h>

#include "cli/complaint.h"
#include "cli/formats/array_file.h"
#include "cli/formats/shape.h"
#include "cli/run/argument.h"
#include "cli/run/division.h"
#include "cli/run/result.h"
#include "yoke/pool.h"

typedef struct yk_array {
    const yk_argument *argument;
    yk_array_file file; /* closed if the array is created */
    yk_shape shape;
    yk_division division;
    void *memory;         /* belongs to the pool */
    yk_array_file offsets_file; /* of a ragged array whose offsets are in a file, else closed */
    yk_offsets offsets;   /* of a ragged array, once they are loaded */
    yk_result result;     /* empty if nothing is written */
} yk_array;

/* Opens the file, or gives a created array its shape: with TYPE alone the range's, without it that
 * of `like`, the first array that is read, or NULL. */
bool yk_array_open(yk_array *array, const yk_argument *argument, const yoke_range *range,
                   const yk_shape *like, yk_complaint *complaint);

/* Divides the array that was opened, and finds the result's place. */
bool yk_array_divide(yk_array *array, const yoke_range *range, const size_t group[3],
                     yk_complaint *complaint);

/* Puts the array into the pool's memory. */
bool yk_array_load(yk_array *array, yoke_pool *pool, yk_complaint *complaint);

/* Takes the offsets of a ragged array from another one, which must have been opened. Its memory
 * is that of the offsets after both were loaded. */
bool yk_array_check_offsets(const yk_array *array, const yk_shape *offsets,
                            yk_complaint *complaint);

/* Gives a written array its first content back. */
bool yk_array_reset(yk_array *array, yk_complaint *complaint);

/* Accepts an array that is all zero. The memory is left to the pool. */
void yk_array_fini(yk_array *array);

#endif
