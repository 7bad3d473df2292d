/* SPDX-License-Identifier: MIT */
/* How an array is divided among the items, or work-groups, of a range. */
#ifndef YK_CLI_RUN_DIVISION_H
#define YK_CLI_RUN_DIVISION_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/complaint.h"
#include "cli/formats/npy.h"
#include "cli/run/argument.h"
#include "yoke/range.h"

typedef struct yk_division {
    size_t start; /* bytes from the array's start to the kernel's pointer */
    size_t
        bytes; /* of one part, or of all from the pointer on; of a tile, of one row */
    size_t pitch; /* of a tile: bytes from row to row; else 0 */
    size_t count; /* parts, or rows, that there are from the pointer on */
} yk_division;

/* The dimension a range is split along: 0, 1 or 2. */
unsigned yk_range_split(const yoke_range *range);

/* Items of the range, or its work-groups, along the split dimension. */
size_t yk_range_items(const yoke_range *range);
size_t yk_range_groups(const yoke_range *range, const size_t group[3]);

/* Divides an array; group has zeros where no work-group size is given. */
bool yk_divide(yk_division *division, const yk_argument *argument, const yk_npy *array,
               const yoke_range *range, const size_t group[3], yk_complaint *complaint);

/* The argument as the library wants it, for an array at memory. */
yoke_arg yk_division_arg(const yk_division *division, const yk_argument *argument,
                         void *memory);

#endif
