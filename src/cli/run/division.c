/* SPDX-License-Identifier: MIT */
#include "cli/run/division.h"

static const char *division_plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static bool is_flat_division(const yk_argument *argument)
{
    return argument->each != 0 || argument->pitch != 0 || argument->blocks != 0;
}

static bool is_ragged_division(const yk_argument *argument)
{
    return argument->ragged_argument != 0 || argument->ragged_file != NULL;
}

/* The number of the first owner's part, counted from the array's first. */
static size_t division_begin(const yk_argument *argument, const yk_grid *grid)
{
    return argument->from_offset ? 0 : grid->begin;
}

/* Parts are indices of an axis, by default of the first. */
static bool is_by_axis(const yk_argument *argument, const yk_grid *grid)
{
    return argument->by_axis || argument->columns != 0 || argument->has_axis ||
           argument->edge == YOKE_EDGE_PRESENT || argument->is_scaled ||
           is_ragged_division(argument) || division_begin(argument, grid) != 0;
}

/* Whether there may be more parts than owners: where the user has said which of them are
 * meant. */
static bool may_be_more(const yk_argument *argument, const yk_grid *grid)
{
    return argument->by_axis || argument->edge == YOKE_EDGE_PRESENT ||
           division_begin(argument, grid) != 0;
}

/* ---- what a part is ---- */

static bool take_first(yk_division *division, const yk_argument *argument, size_t step,
                       yk_complaint *complaint)
{
    if (argument->first >= division->count || argument->at >= division->count) {
        return yk_complain(complaint, "the array has only %zu part%s", division->count,
                           division_plural(division->count));
    }
    division->start = argument->first * step;
    division->count -= argument->first;
    return true;
}

/* A number of elements, in bytes. */
static bool division_scale(size_t *bytes, size_t elements, const yk_shape *array,
                           yk_complaint *complaint)
{
    return !__builtin_mul_overflow(elements, (size_t)array->element->bytes, bytes) ||
           yk_complain(complaint, "%zu elements are too many for this machine's memory",
                       elements);
}

/* /each, /pitch, /strided: the array as a row of elements. */
static bool find_flat(yk_division *division, const yk_argument *argument,
                      const yk_shape *array, yk_complaint *complaint)
{
    const size_t each = argument->each != 0 ? argument->each : 1;
    size_t step;
    size_t reach = 0;

    if (!division_scale(&division->bytes, each, array, complaint) ||
        !division_scale(&division->pitch, argument->pitch, array, complaint) ||
        !division_scale(&division->stride, argument->stride, array, complaint)) {
        return false;
    }
    division->blocks = argument->blocks;
    if ((division->blocks > 1 &&
         __builtin_mul_overflow(division->blocks - 1, division->stride, &reach)) ||
        __builtin_add_overflow(reach, division->bytes, &reach) ||
        reach > array->bytes) {
        return yk_complain(complaint,
                           "a part would reach over more than the array's %zu "
                           "element%s",
                           array->count, division_plural(array->count));
    }
    step = division->pitch != 0 ? division->pitch : division->bytes;
    division->count = (array->bytes - reach) / step + 1;
    return take_first(division, argument, step, complaint);
}

/* Axes in front of the one that counts the parts make blocks of a part. */
static bool find_axis(yk_division *division, const yk_argument *argument,
                      const yk_shape *array, yk_complaint *complaint)
{
    if (array->axes == 0) {
        return yk_complain(complaint, "a 0-dimensional array has no parts to count");
    }
    if (argument->axis >= array->axes) {
        return yk_complain(complaint,
                           "the array has %u ax%s; axis %zu is not there (the first "
                           "is axis 0)",
                           array->axes, array->axes == 1 ? "is" : "es", argument->axis);
    }
    division->stride = array->bytes;
    division->blocks = 1;
    for (size_t i = 0; i < argument->axis; i++) {
        division->blocks *= array->shape[i];
        division->stride /= array->shape[i];
    }
    division->count = array->shape[argument->axis];
    division->bytes = division->stride / division->count;
    if (division->blocks == 1) {
        division->blocks = 0;
        division->stride = 0;
    }
    return take_first(division, argument, division->bytes, complaint);
}

/* Some columns of each index of the first axis. */
static bool find_columns(yk_division *division, const yk_argument *argument,
                         const yk_shape *array, yk_complaint *complaint)
{
    const size_t width = array->axes > 1 ? array->shape[1] : 0;
    const size_t column = width > 0 ? division->bytes / width : 0;

    if (argument->columns == 0) {
        return true;
    }
    if (argument->first_column >= width ||
        argument->columns > width - argument->first_column) {
        return yk_complain(complaint,
                           "its second axis has %zu column%s; %zu from column %zu on "
                           "are not there",
                           width, division_plural(width), argument->columns,
                           argument->first_column);
    }
    division->pitch = division->bytes;
    division->bytes = argument->columns * column;
    division->start += argument->first_column * column;
    return true;
}

/* Elements that belong to no part are a mistake, unless there are gaps. */
static bool check_rest(const yk_argument *argument, const yk_shape *array,
                       yk_complaint *complaint)
{
    return argument->pitch != 0 || argument->blocks != 0 ||
           array->count % argument->each == 0 ||
           yk_complain(complaint, "%zu element%s are not a number of parts of %zu each",
                       array->count, division_plural(array->count), argument->each);
}

static bool find_parts(yk_division *division, const yk_argument *argument,
                       const yk_shape *array, const yk_grid *grid,
                       yk_complaint *complaint)
{
    if (is_flat_division(argument)) {
        return find_flat(division, argument, array, complaint) &&
               (may_be_more(argument, grid) || check_rest(argument, array, complaint));
    }
    if (is_by_axis(argument, grid)) {
        return find_axis(division, argument, array, complaint) &&
               find_columns(division, argument, array, complaint);
    }
    division->count = yk_grid_parts(grid);
    division->bytes = array->bytes / division->count;
    return yk_grid_fits(grid, array, complaint);
}

/* ---- whether each owner has its parts ---- */

static bool check_halo(const yk_argument *argument, size_t before, size_t after,
                       yk_complaint *complaint)
{
    if (argument->edge != YOKE_EDGE_PRESENT) {
        return argument->first == 0 ||
               (argument->halo_before == 0 && argument->halo_after == 0) ||
               yk_complain(complaint,
                           "the array has %zu part%s in front of the kernel's pointer: "
                           "/edge=present gives them to the halo; /at=N is for a halo "
                           "that ends where the array ends",
                           argument->first, division_plural(argument->first));
    }
    if (before < argument->halo_before || after < argument->halo_after) {
        return yk_complain(complaint,
                           "the halo needs %zu part%s in front of the first item's and "
                           "%zu behind the last's; the array has %zu and %zu there",
                           argument->halo_before,
                           division_plural(argument->halo_before), argument->halo_after,
                           before, after);
    }
    return true;
}

/* `wanted` parts from the first owner's on: as many as there are, or fewer if that may be. */
static bool check_part_count(const yk_division *division, const yk_argument *argument,
                             const yk_grid *grid, size_t wanted,
                             yk_complaint *complaint)
{
    const size_t there = division->count + argument->first;
    const size_t parts = yk_grid_parts(grid);
    size_t skipped = argument->first;
    size_t end;

    if (__builtin_add_overflow(skipped, argument->at, &skipped) ||
        (!argument->mirrored &&
         __builtin_add_overflow(skipped, division_begin(argument, grid), &skipped)) ||
        __builtin_add_overflow(skipped, wanted, &end)) {
        return yk_complain(complaint, "the number of its first part is too big");
    }
    if (end > there) {
        return yk_complain(
            complaint,
            "it has %zu part%s; %zu %s%s from part %zu on would need %zu more", there,
            division_plural(there), parts, grid->owner, division_plural(parts), skipped,
            end - there);
    }
    if (end < there && !may_be_more(argument, grid)) {
        return yk_complain(
            complaint,
            "it has %zu part%s, and %zu %s%s need%s %zu; if only these are "
            "meant, say which: FILE@0 begins with the first",
            there, division_plural(there), parts, grid->owner, division_plural(parts),
            parts == 1 ? "s" : "", wanted);
    }
    return check_halo(argument, skipped, there - end, complaint);
}

/* As many parts as items * up / down; by default all are spread over the items. */
static bool check_scaled(yk_division *division, const yk_argument *argument,
                         const yk_grid *grid, yk_complaint *complaint)
{
    static const size_t max_scale = (size_t)1 << 31;
    const size_t parts = yk_grid_parts(grid);
    const size_t first = division_begin(argument, grid);
    size_t end;
    size_t last;

    division->scale_up = argument->scale_up != 0 ? argument->scale_up : division->count;
    division->scale_down = argument->scale_up != 0 ? argument->scale_down : parts;
    if (division->scale_up > max_scale || division->scale_down > max_scale) {
        return yk_complain(complaint, "/scaled=%zu,%zu: both are numbers from 1 to %zu",
                           division->scale_up, division->scale_down, max_scale);
    }
    if (__builtin_add_overflow(first, parts, &end) ||
        __builtin_mul_overflow(end, division->scale_up, &end)) {
        return yk_complain(complaint, "the number of its last part is too big");
    }
    last = (end - division->scale_up) / division->scale_down + 1;
    end /= division->scale_down;
    end = end < last ? last : end;
    if (first != 0) { /* what is in front of the first item's need not be used */
        return end <= division->count ||
               yk_complain(complaint,
                           "it has %zu part%s; the last %s would need part %zu",
                           division->count, division_plural(division->count),
                           grid->owner, end - 1);
    }
    return check_part_count(division, argument, grid, end, complaint);
}

static bool check_parts(yk_division *division, const yk_argument *argument,
                        const yk_grid *grid, yk_complaint *complaint)
{
    if (is_ragged_division(argument)) {
        /* The library compares the offsets with the number of parts. */
        return (!__builtin_add_overflow(division_begin(argument, grid),
                                        yk_grid_parts(grid), &division->offsets) &&
                ++division->offsets != 0) ||
               yk_complain(complaint, "the number of its last offset is too big");
    }
    if (argument->is_scaled) {
        return check_scaled(division, argument, grid, complaint);
    }
    return check_part_count(division, argument, grid, yk_grid_parts(grid), complaint);
}

/* ---- all of it ---- */

static bool divide_whole(yk_division *division, const yk_argument *argument,
                         const yk_shape *array, yk_complaint *complaint)
{
    if ((argument->first != 0 || argument->by_axis || argument->columns != 0) &&
        (!find_axis(division, argument, array, complaint) ||
         !find_columns(division, argument, array, complaint))) {
        return false;
    }
    if (argument->columns == 0) {
        division->bytes = array->bytes - division->start;
        return true;
    }
    division->blocks = division->count;
    division->stride = division->pitch;
    division->pitch = 0;
    return true;
}

bool yk_divide(yk_division *division, const yk_argument *argument,
               const yk_shape *array, const yoke_range *range, const size_t group[3],
               yk_complaint *complaint)
{
    yk_grid grid;

    *division = (yk_division){.bytes = 0};
    if (array->count == 0) {
        return yk_complain(complaint, "the array has no elements");
    }
    if (argument->use->parts == YOKE_PARTS_WHOLE) {
        return divide_whole(division, argument, array, complaint);
    }
    if (argument->per_group && group[yk_range_split(range)] == 0) {
        return yk_complain(complaint, "/group needs a work-group size: --group");
    }
    yk_grid_init(&grid, range, argument->per_group ? group : NULL);
    return find_parts(division, argument, array, &grid, complaint) &&
           check_parts(division, argument, &grid, complaint);
}

/* ---- as the library wants it ---- */

/* A created array is zero, and kernels count in it: what a worker that died had counted must
 * be undone before another one starts over. */
static yoke_access access_of(const yk_argument *argument)
{
    return argument->is_created && argument->use->parts == YOKE_PARTS_WHOLE
               ? YOKE_ACCESS_READ_WRITE
               : argument->use->access;
}

/* Which parts an item has, if not those of its own number. */
static yoke_arg division_map(const yk_division *division, const yk_argument *argument,
                             yoke_arg arg, yk_offsets offsets)
{
    if (division->scale_up != 0) {
        arg = yoke_arg_scaled(arg, division->scale_up, division->scale_down);
    }
    if (offsets.memory != NULL) {
        arg = yoke_arg_ragged_sized(arg, offsets.memory, offsets.bytes);
    }
    if (argument->mirrored) {
        arg = yoke_arg_mirrored(arg);
    }
    if (argument->from_offset) {
        arg = yoke_arg_from_begin(arg);
    }
    return yoke_arg_at(arg, argument->at);
}

static bool needs_count(const yoke_arg *arg)
{
    const bool has_halo = arg->halo_before != 0 || arg->halo_after != 0;

    return arg->reads_all || (has_halo && arg->edge != YOKE_EDGE_PRESENT) ||
           arg->scale_up != 0 || arg->offsets != NULL || arg->mirrored;
}

yoke_arg yk_division_arg(const yk_division *division, const yk_argument *argument,
                         void *memory, yk_offsets offsets)
{
    yoke_arg arg = yoke_arg_array((char *)memory + division->start, division->bytes,
                                  access_of(argument), argument->use->parts);

    if (division->blocks != 0) {
        arg = yoke_arg_strided(arg, division->blocks, division->stride);
    }
    if (argument->use->parts == YOKE_PARTS_WHOLE) {
        return arg;
    }
    if (argument->per_group) {
        arg = yoke_arg_per_group(arg);
    }
    arg.reads_all = argument->use->reads_all;
    arg.leaves_some = argument->use->leaves_some;
    arg.edge = argument->edge;
    arg.halo_before = argument->halo_before;
    arg.halo_after = argument->halo_after;
    if (division->pitch != 0) {
        arg = yoke_arg_pitch(arg, division->pitch);
    }
    arg = division_map(division, argument, arg, offsets);
    return needs_count(&arg) ? yoke_arg_of(arg, division->count) : arg;
}
