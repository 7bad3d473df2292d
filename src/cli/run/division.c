/* SPDX-License-Identifier: MIT */
#include "cli/run/division.h"

unsigned yk_range_split(const yoke_range *range)
{
    return range->split != YOKE_SPLIT_SLOWEST ? (unsigned)range->split - 1
                                              : range->dimensions - 1;
}

size_t yk_range_items(const yoke_range *range)
{
    return range->size[yk_range_split(range)];
}

size_t yk_range_groups(const yoke_range *range, const size_t group[3])
{
    const unsigned split = yk_range_split(range);
    const size_t size = range->size[split];

    return size / group[split] + (size % group[split] != 0);
}

static const char *division_plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static bool divide_evenly(yk_division *division, const yk_npy *array, size_t parts,
                          const char *owner, yk_complaint *complaint)
{
    if (array->count % parts != 0) {
        char what[256];

        yk_npy_describe(what, sizeof what, array);
        return yk_complain(
            complaint,
            "%zu element%s (%s) cannot be divided evenly among %zu %s%s; "
            "a multiple of %zu would fit",
            array->count, division_plural(array->count), what, parts, owner,
            division_plural(parts), parts);
    }
    division->bytes = array->bytes / parts;
    division->count = parts;
    return true;
}

/* Parts are indices of the first axis. */
static bool is_by_axis(const yk_argument *argument, const yoke_range *range)
{
    return argument->by_axis || argument->columns != 0 ||
           argument->edge == YOKE_EDGE_PRESENT ||
           (argument->use->parts != YOKE_PARTS_WHOLE && !argument->per_group &&
            range->begin[yk_range_split(range)] != 0);
}

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
        return yk_complain(
            complaint,
            "the halo needs %zu part%s in front of the first item's and "
            "%zu behind the last's; the first axis has %zu and %zu there",
            argument->halo_before, division_plural(argument->halo_before),
            argument->halo_after, before, after);
    }
    return true;
}

/* Parts up to `skipped` are not those of items. */
static bool divide_axis(const yk_argument *argument, const yk_npy *array, size_t begin,
                        size_t parts, const char *owner, yk_complaint *complaint)
{
    const size_t skipped = argument->first + argument->at + begin;
    const size_t there = array->shape[0];

    if (skipped > there || there - skipped < parts) {
        return yk_complain(complaint,
                           "its first axis has %zu part%s; %zu %s%s from part %zu on "
                           "would need %zu more",
                           there, division_plural(there), parts, owner,
                           division_plural(parts), skipped,
                           skipped > there ? parts + (skipped - there)
                                           : parts - (there - skipped));
    }
    return check_halo(argument, skipped, there - skipped - parts, complaint);
}

/* The kernel's pointer, and what an index of the first axis is. */
static bool find_axis(yk_division *division, const yk_argument *argument,
                      const yk_npy *array, yk_complaint *complaint)
{
    if (array->axes == 0) {
        return yk_complain(complaint, "a 0-dimensional array has no parts to count");
    }
    if (argument->first >= array->shape[0] || argument->at >= array->shape[0]) {
        return yk_complain(complaint, "its first axis has only %zu part%s",
                           array->shape[0], division_plural(array->shape[0]));
    }
    division->bytes = array->bytes / array->shape[0];
    division->start = argument->first * division->bytes;
    division->count = array->shape[0] - argument->first;
    return true;
}

/* Some columns of each index of the first axis. */
static bool find_columns(yk_division *division, const yk_argument *argument,
                         const yk_npy *array, yk_complaint *complaint)
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

static bool divide_whole(yk_division *division, const yk_argument *argument,
                         const yk_npy *array)
{
    if (argument->columns == 0) {
        division->bytes = array->bytes - division->start;
    }
    return true;
}

bool yk_divide(yk_division *division, const yk_argument *argument, const yk_npy *array,
               const yoke_range *range, const size_t group[3], yk_complaint *complaint)
{
    const char *owner = argument->per_group ? "work-group" : "item";
    const unsigned split = yk_range_split(range);
    const bool by_axis = is_by_axis(argument, range);
    size_t parts;

    *division = (yk_division){.bytes = 0};
    if (array->count == 0) {
        return yk_complain(complaint, "the array has no elements");
    }
    if (by_axis && (!find_axis(division, argument, array, complaint) ||
                    !find_columns(division, argument, array, complaint))) {
        return false;
    }
    if (argument->use->parts == YOKE_PARTS_WHOLE) {
        return divide_whole(division, argument, array);
    }
    if (argument->per_group && group[split] == 0) {
        return yk_complain(complaint, "/group needs a work-group size: --group");
    }
    parts = argument->per_group ? yk_range_groups(range, group) : yk_range_items(range);
    return by_axis ? divide_axis(argument, array,
                                 argument->per_group ? 0 : range->begin[split], parts,
                                 owner, complaint)
                   : divide_evenly(division, array, parts, owner, complaint);
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

static yoke_arg whole_arg(const yk_division *division, yoke_arg arg)
{
    return division->pitch == 0
               ? arg
               : yoke_arg_strided(arg, division->count, division->pitch);
}

yoke_arg yk_division_arg(const yk_division *division, const yk_argument *argument,
                         void *memory)
{
    yoke_arg arg = yoke_arg_array((char *)memory + division->start, division->bytes,
                                  access_of(argument), argument->use->parts);
    const bool has_halo = argument->halo_before != 0 || argument->halo_after != 0;

    if (argument->use->parts == YOKE_PARTS_WHOLE) {
        return whole_arg(division, arg);
    }
    if (argument->per_group) {
        arg = yoke_arg_per_group(arg);
    }
    arg.reads_all = argument->use->reads_all;
    arg.leaves_some = argument->use->leaves_some;
    arg.edge = argument->edge;
    arg.halo_before = argument->halo_before;
    arg.halo_after = argument->halo_after;
    if (arg.reads_all || (has_halo && arg.edge != YOKE_EDGE_PRESENT)) {
        arg = yoke_arg_of(arg, division->count);
    }
    if (division->pitch != 0) {
        arg = yoke_arg_pitch(arg, division->pitch);
    }
    return yoke_arg_at(arg, argument->at);
}
