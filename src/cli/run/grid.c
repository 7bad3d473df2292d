/* SPDX-License-Identifier: MIT */
#include "cli/run/grid.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

unsigned yk_range_split(const yoke_range *range)
{
    return range->split != YOKE_SPLIT_SLOWEST ? (unsigned)range->split - 1
                                              : range->dimensions - 1;
}

size_t yk_range_items(const yoke_range *range)
{
    return range->size[yk_range_split(range)];
}

/* Work-items of an item; what overflows fits no array. */
static size_t grid_within(const yk_grid *grid)
{
    size_t product = 1;

    for (unsigned i = 0; i < 3; i++) {
        if (i != grid->split &&
            __builtin_mul_overflow(product, grid->size[i], &product)) {
            return SIZE_MAX;
        }
    }
    return product;
}

void yk_grid_init(yk_grid *grid, const yoke_range *range, const size_t *group)
{
    *grid = (yk_grid){.owner = group != NULL ? "work-group" : "item",
                      .within = group != NULL ? "work-group" : "work-item",
                      .dimensions = range->dimensions,
                      .split = yk_range_split(range),
                      .begin = group != NULL ? 0 : range->begin[yk_range_split(range)]};
    for (unsigned i = 0; i < 3; i++) {
        const size_t size = range->size[i];
        const size_t one = group != NULL ? group[i] : 1;

        grid->size[i] = size / one + (size % one != 0);
    }
    if (group != NULL && grid_within(grid) > 1) {
        grid->owner = "work-group row";
    }
}

size_t yk_grid_parts(const yk_grid *grid)
{
    return grid->size[grid->split];
}

/* Whether axes from the second on, some or all of them, are the work-items of an item. */
static bool axes_are_within(const yk_shape *array, size_t within)
{
    size_t product = 1;

    for (unsigned i = 1; i < array->axes && product < within; i++) {
        product *= array->shape[i]; /* not more than elements of the array */
    }
    return product == within;
}

static bool shape_fits(const yk_grid *grid, const yk_shape *array)
{
    const size_t parts = yk_grid_parts(grid);
    const size_t within = grid_within(grid);
    size_t all;

    if (array->axes > 0 && array->shape[0] == parts) {
        return array->axes == 1 || axes_are_within(array, within);
    }
    if (__builtin_mul_overflow(parts, within, &all) || all != array->count) {
        return false;
    }
    /* In one dimension there is no other way to number the elements. */
    return array->axes <= 1 || all == parts || all == within;
}

/* ---- what would fit ---- */

enum { HINT_BYTES = 192 };

static const char *grid_plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* "48x36", as numpy writes a shape: the split dimension first, then the others, x last. */
static void describe_shape(char *text, size_t size, const yk_grid *grid)
{
    size_t used = (size_t)snprintf(text, size, "%zu", yk_grid_parts(grid));

    for (unsigned i = grid->dimensions; i-- > 0 && used < size;) {
        if (i != grid->split) {
            used += (size_t)snprintf(text + used, size - used, "x%zu", grid->size[i]);
        }
    }
}

static bool is_transposed(const yk_grid *grid, const yk_shape *array)
{
    return grid->dimensions == 2 && array->axes >= 2 &&
           grid->size[0] != grid->size[1] &&
           array->shape[grid->split == 1 ? 0 : 1] == grid->size[0] &&
           array->shape[grid->split == 1 ? 1 : 0] == grid->size[1];
}

/* What the user may have meant. */
static void describe_hint(char *text, size_t size, const yk_grid *grid,
                          const yk_shape *array)
{
    const size_t parts = yk_grid_parts(grid);

    text[0] = '\0';
    if (is_transposed(grid, array)) {
        (void)snprintf(text, size, " (a shape ends with x, --range begins with it)");
    } else if (array->count % parts == 0) {
        (void)snprintf(
            text, size, "; if %zu element%s belong%s to each %s, say so: /each=%zu",
            array->count / parts, grid_plural(array->count / parts),
            array->count / parts == 1 ? "s" : "", grid->owner, array->count / parts);
    } else if (array->axes > 0 && array->shape[0] > parts) {
        (void)snprintf(
            text, size,
            "; if only %zu of the %zu along the first axis are meant, say which: "
            "FILE@0 begins with the first",
            parts, array->shape[0]);
    }
}

bool yk_grid_fits(const yk_grid *grid, const yk_shape *array, yk_complaint *complaint)
{
    const size_t parts = yk_grid_parts(grid);
    const size_t within = grid_within(grid);
    char shape[96];
    char what[256];
    char hint[HINT_BYTES];

    if (shape_fits(grid, array)) {
        return true;
    }
    yk_shape_describe(what, sizeof what, array);
    describe_shape(shape, sizeof shape, grid);
    describe_hint(hint, sizeof hint, grid, array);
    if (within == 1) {
        return yk_complain(
            complaint,
            "%zu element%s (%s) do not fit %zu %s%s; an array of %zu would, or "
            "one whose first axis is %zu%s",
            array->count, grid_plural(array->count), what, parts, grid->owner,
            grid_plural(parts), parts, parts, hint);
    }
    return yk_complain(
        complaint,
        "%zu element%s (%s) do not fit %zu %s%s of %zu %ss; the shape %s would, "
        "one for each %s, or %zu, one for each %s%s",
        array->count, grid_plural(array->count), what, parts, grid->owner,
        grid_plural(parts), within, grid->within, shape, grid->within, parts,
        grid->owner, hint);
}
