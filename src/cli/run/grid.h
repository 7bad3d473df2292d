/* SPDX-License-Identifier: MIT */
/* What the parts of an array belong to: the items of a range, or its work-groups. */
#ifndef YK_CLI_RUN_GRID_H
#define YK_CLI_RUN_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/complaint.h"
#include "cli/formats/shape.h"
#include "yoke/range.h"

typedef struct yk_grid {
    const char *owner;  /* "item", "work-group", or what is an item of them: "work-group row" */
    const char *within; /* what an owner consists of: "work-item" or "work-group" */
    unsigned dimensions;
    unsigned split;
    size_t size[3]; /* in each dimension; 1 in those not used */
    size_t begin;   /* number of the first owner */
} yk_grid;

/* The dimension a range is split along: 0, 1 or 2. */
unsigned yk_range_split(const yoke_range *range);

/* Items of the range, along the split dimension. */
size_t yk_range_items(const yoke_range *range);

/* The grid of a range's items; with a group (no zeros), that of its work-groups. */
void yk_grid_init(yk_grid *grid, const yoke_range *range, const size_t *group);

/* How many owners there are. */
size_t yk_grid_parts(const yk_grid *grid);

/* Whether an array of this shape obviously has a part for each owner: an index of its first axis,
 * or one element for each work-item. If not, the complaint says what would fit. */
bool yk_grid_fits(const yk_grid *grid, const yk_shape *array, yk_complaint *complaint);

#endif
