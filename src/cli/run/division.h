/* SPDX-License-Identifier: MIT */
/* How an array is divided among the items, or work-groups, of a range. */
#ifndef YK_CLI_RUN_DIVISION_H
#define YK_CLI_RUN_DIVISION_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/complaint.h"
#include "cli/formats/shape.h"
#include "cli/run/argument.h"
#include "cli/run/grid.h"
#include "yoke/range.h"

typedef struct yk_division {
    size_t start;  /* bytes from the array's start to the kernel's pointer */
    size_t bytes;  /* of a part, or of one block of it; of an array that is not divided, of all
                    * from the pointer on, or of one row of a tile */
    size_t pitch;  /* bytes from part to part; 0: there are no gaps */
    size_t blocks; /* of a part; 0: it is in one piece */
    size_t stride; /* bytes from block to block */
    size_t count;  /* parts, or rows, that there are from the pointer on */
    size_t scale_up; /* of a scaled array, else 0 */
    size_t scale_down;
    size_t offsets; /* that a ragged array needs, else 0 */
} yk_division;

/* The offsets of a ragged array, in the pool's memory. */
typedef struct yk_offsets {
    const void *memory; /* NULL: the array is not ragged */
    unsigned bytes;     /* of one of them */
} yk_offsets;

/* Divides an array; group has zeros where no work-group size is given. */
bool yk_divide(yk_division *division, const yk_argument *argument, const yk_shape *array,
               const yoke_range *range, const size_t group[3], yk_complaint *complaint);

/* The argument as the library wants it, for an array at memory. */
yoke_arg yk_division_arg(const yk_division *division, const yk_argument *argument,
                         void *memory, yk_offsets offsets);

#endif
